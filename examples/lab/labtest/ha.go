package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

const cinderCluster = "lab"

// controllers are those of brownfield ha.
func controllers() []string { return []string{"controller", "controller2", "controller3"} }

// threeControllers makes the lab's Spec one with two more controllers, whose cinder-volumes are
// a cluster.
func threeControllers(s *spec.Spec) error {
	i := slices.IndexFunc(s.Hosts, func(h spec.Host) bool { return h.Name == controllers()[0] })
	for j, name := range controllers()[1:] {
		h := s.Hosts[i]
		h.Name, h.Address = name, fmt.Sprintf("10.221.0.%d", 22+j)
		s.Hosts = append(s.Hosts, h)
	}
	s.Cinder.Cluster, s.Cinder.Coordination = cinderCluster, spec.NewSecret("redis://10.221.0.21:6379")
	return nil
}

// testHA does the main job on three controllers, while somebody reads from the APIs all the
// time, and then takes one cinder-volume away.
func (l *lab) testHA(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "ha"); err != nil {
		return err
	}
	defer func(hosts []string) { l.hosts = hosts }(l.hosts)
	l.hosts = slices.Concat(controllers(), []string{"compute1", "compute2"})
	in, world, err := l.open(ctx, threeControllers)
	if err != nil {
		return err
	}
	defer world.Close()
	reader, err := newReader(ctx, l.out("clouds.yaml"))
	if err != nil {
		return err
	}
	err = l.stages(ctx, r,
		stage{"a backend that cannot be in a cluster is kept out of it", func(ctx context.Context) (string, error) {
			return keptOut(ctx, in)
		}},
		stage{"operator gives the old backend a process of its own", l.ownProcess},
	)
	if err != nil {
		return err
	}
	probe := startProbe(ctx, time.Second, l.reads(reader))
	err = l.wholeJob(ctx, r, in, world.Cloud)
	err = errors.Join(err, l.stages(ctx, r, stage{"images and volumes could be read all the time",
		func(context.Context) (string, error) { return probe.end() }}))
	if err != nil {
		return err
	}
	return l.stages(ctx, r,
		stage{"three cinder-volumes are one cluster", func(ctx context.Context) (string, error) {
			return oneCluster(ctx, reader)
		}},
		stage{"a volume outlives the cinder-volume that made it", func(ctx context.Context) (string, error) {
			return l.withoutOne(ctx, world.Cloud)
		}},
		stage{"the killed cinder-volume is back, and nothing is left to do", func(ctx context.Context) (string, error) {
			return l.allBack(ctx, in, reader)
		}},
		stage{"no temporary file is left", l.noLeftovers},
	)
}

// keptOut wants the old backend to be a problem on each controller, and cinder.conf to be left alone.
func keptOut(ctx context.Context, in *integrate.Integration) (string, error) {
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return "", err
	}
	var said []string
	for _, f := range plan.Problems() {
		if f.Code == "backend-unfit-for-cluster" {
			said = append(said, f.Target)
		}
	}
	slices.Sort(said)
	changed := slices.ContainsFunc(plan.Changes, func(c integrate.Change) bool {
		return strings.Contains(c.ID, "/etc/cinder/cinder.conf") || strings.Contains(c.ID, "cinder-volume")
	})
	if changed || !slices.Equal(said, controllers()) {
		return "", fmt.Errorf("of %q it is said that a backend is unfit for a cluster:\n%s", said, plan)
	}
	return "on " + strings.Join(said, ", "), nil
}

// ownProcess is what an operator does before a cluster: Cinder's NFS driver cannot be in one, and
// cluster is an option of a whole cinder-volume. So the old backend gets another one, on the
// first controller, which reads a file more. Its locks are not in the folder of the packaged units,
// which goes away with one of them.
func (l *lab) ownProcess(ctx context.Context) (string, error) {
	const leave = `set -e; systemctl stop cinder-volume
sed -i 's/^enabled_backends *=.*/enabled_backends =/' /etc/cinder/cinder.conf`
	const own = `set -e
for host in controller2 controller3; do cinder-manage service remove cinder-volume $host@nfs; done
install -m 0640 -g cinder /dev/stdin /etc/cinder/volume-nfs.conf <<'CONF'
[DEFAULT]
enabled_backends = nfs
cluster =
[oslo_concurrency]
lock_path = /var/lib/cinder/tmp
CONF
cat >/etc/systemd/system/cinder-volume-nfs.service <<'UNIT'
[Unit]
Description=OpenStack Cinder Volume of the backend nfs
After=mariadb.service rabbitmq-server.service network-online.target

[Service]
User=cinder
Group=cinder
ExecStart=/usr/bin/cinder-volume --config-file /etc/cinder/cinder.conf --config-file /etc/cinder/volume-nfs.conf \
  --log-file /var/log/cinder/cinder-volume-nfs.log
Restart=on-failure

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now cinder-volume-nfs`
	for _, host := range controllers() {
		if _, err := l.sh(ctx, host, leave); err != nil {
			return "", err
		}
	}
	_, err := l.sh(ctx, controllers()[0], own)
	return "cinder-volume-nfs on " + controllers()[0], err
}

// A volumeService is what Cinder says of one of its services.
type volumeService struct {
	Binary, Host, Cluster, State string
}

// volumeServices are the cinder-volumes of the backend in Ceph.
func volumeServices(ctx context.Context, r *reader) ([]volumeService, error) {
	data, err := r.get(ctx, "volumev3", "/os-services", "OpenStack-API-Version", "volume 3.7")
	if err != nil {
		return nil, err
	}
	var answer struct{ Services []volumeService }
	err = json.Unmarshal(data, &answer)
	return slices.DeleteFunc(answer.Services, func(s volumeService) bool {
		return s.Binary != "cinder-volume" || !strings.HasSuffix(s.Host, "@ceph")
	}), err
}

// oneCluster wants each controller to be in the cluster, and up.
func oneCluster(ctx context.Context, r *reader) (string, error) {
	services, err := volumeServices(ctx, r)
	if err != nil {
		return "", err
	}
	var have, want []string
	for _, s := range services {
		have = append(have, s.Host+" in "+s.Cluster+" "+s.State)
	}
	for _, host := range controllers() {
		want = append(want, host+"@ceph in "+cinderCluster+"@ceph up")
	}
	slices.Sort(have)
	slices.Sort(want)
	text := strings.Join(have, ", ")
	if !slices.Equal(have, want) {
		return "", errors.New("there are " + text)
	}
	return text, nil
}

// withoutOne makes a volume, kills each process of the cinder-volume that made it, which does not
// come back, and has the others attach it, detach it and delete it.
func (l *lab) withoutOne(ctx context.Context, cloud *api.Cloud) (string, error) {
	vol, err := cloud.CreateVolume(ctx, api.VolumeRequest{Name: "outlives", SizeGiB: 1, Type: "ceph"})
	if err != nil {
		return "", err
	}
	host, _, _ := strings.Cut(vol.Host, "@")
	if !slices.Contains(controllers(), host) {
		return "", fmt.Errorf("volume %s is of %q", vol.ID, vol.Host)
	}
	const kill = `set -e; dir=/run/systemd/system/cinder-volume.service.d; mkdir -p $dir
printf '[Service]\nRestart=no\n' >$dir/labtest.conf
systemctl daemon-reload
systemctl kill -s KILL cinder-volume
for i in $(seq 20); do systemctl -q is-failed cinder-volume && exit; sleep 0.5; done; exit 1`
	if _, err := l.sh(ctx, host, kill); err != nil {
		return "", err
	}
	began := time.Now()
	if err := l.start(ctx, cloud); err != nil {
		return "", err
	}
	vm := l.before.Server.ID
	if err := cloud.Attach(ctx, vm, vol.ID); err != nil {
		return "", fmt.Errorf("%s is killed: %w", host, err)
	}
	attached := time.Since(began)
	err = errors.Join(cloud.Detach(ctx, vm, vol.ID), cloud.DeleteVolume(ctx, vol.ID), cloud.StopServer(ctx, vm))
	if err != nil {
		return "", fmt.Errorf("%s is killed: %w", host, err)
	}
	listed, err := l.sh(ctx, "ceph01", "rbd ls volumes")
	if err == nil && strings.Contains(listed, vol.ID) {
		err = fmt.Errorf("volume %s is still in pool volumes", vol.ID)
	}
	state, err2 := l.sh(ctx, host, "systemctl show -p ActiveState --value cinder-volume")
	if state = strings.TrimSpace(state); err2 == nil && state != "failed" {
		err2 = fmt.Errorf("cinder-volume on %s is %s", host, state)
	}
	return fmt.Sprintf("%s made it, was killed and stays %s; attached after %.1f s, detached and deleted after %.1f s",
		host, state, attached.Seconds(), time.Since(began).Seconds()), errors.Join(err, err2)
}

// allBack lets each unit start again. The plan says what is to be done of it.
func (l *lab) allBack(ctx context.Context, in *integrate.Integration, r *reader) (string, error) {
	const again = "rm -f /run/systemd/system/cinder-volume.service.d/labtest.conf && systemctl daemon-reload"
	for _, host := range controllers() {
		if _, err := l.sh(ctx, host, again); err != nil {
			return "", err
		}
	}
	applied, err := l.apply(ctx, in)
	if err != nil {
		return "", err
	}
	if _, err := emptyPlan(ctx, in); err != nil {
		return "", err
	}
	report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, report)
	}
	up, err := oneCluster(ctx, r)
	return applied + ", " + up, err
}
