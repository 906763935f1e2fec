package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// kollaContainers are those of each host, with libvirt's last.
func kollaContainers() map[string][]string {
	compute := []string{"nova_compute", "nova_libvirt"}
	return map[string][]string{"controller": {"glance_api", "cinder_volume", "cinder_backup", "nova_conductor"},
		"compute1": compute, "compute2": compute}
}

// inContainers makes the lab's Spec one for services in containers.
func inContainers(s *spec.Spec) error {
	s.Layout = "kolla"
	return nil
}

// testKolla does the main job on services in containers, first on those that
// kolla-ansible has not been told to give Ceph.
func (l *lab) testKolla(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "kolla"); err != nil {
		return err
	}
	in, world, err := l.open(ctx, inContainers)
	if err != nil {
		return err
	}
	defer world.Close()
	defer func(as string) { l.asNova = as }(l.asNova)
	l.asNova = "podman exec --user nova nova_compute"
	err = l.stages(ctx, r,
		stage{"containers without ceph are left alone", func(ctx context.Context) (string, error) {
			return l.withoutCeph(ctx, in)
		}},
		stage{"kolla-ansible is told of ceph", l.tellOfCeph},
	)
	began := time.Now()
	if err == nil {
		err = l.wholeJob(ctx, r, in, world.Cloud)
	}
	if err != nil {
		return err
	}
	if err := l.stages(ctx, r,
		stage{"the hosts themselves are as they were", func(ctx context.Context) (string, error) {
			return l.untouched(ctx, began)
		}},
		stage{"containers were restarted by their units", func(ctx context.Context) (string, error) {
			return l.restarts(ctx, began)
		}},
		stage{"secrets outlive the container of libvirt", l.libvirtAnew},
		stage{"nova is back on each compute", func(ctx context.Context) (string, error) {
			return l.computesBack(ctx, world.Cloud)
		}},
		stage{"old vm runs with the new container", func(ctx context.Context) (string, error) {
			return l.stillRuns(ctx, world.Cloud)
		}},
		stage{"nothing is left to do", func(ctx context.Context) (string, error) {
			report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
			return fmt.Sprintf("%d checks", len(report.Checks)), err
		}},
		stage{"the spec is found again from the cloud", func(ctx context.Context) (string, error) {
			return l.adoptedAsItIs(ctx, "ceph")
		}},
	); err != nil {
		return err
	}
	return l.rotateContainers(ctx, r, world.Cloud)
}

// rotateContainers gives services and guests other users. Guests are stopped, nova-manage renews their volumes from its
// container, and they are started again; one was stopped before, and stays so.
func (l *lab) rotateContainers(ctx context.Context, r *report, cloud *api.Cloud) error {
	t, end, err := l.newRotation(cloud, 3, 1)
	if err != nil {
		return err
	}
	defer end()
	t.more = "layout: kolla\n"
	t.inside = func(host string) string {
		if names := kollaContainers()[host]; names != nil {
			return "podman exec -i " + names[0] + " "
		}
		return ""
	}
	return l.stages(ctx, r,
		stage{"the program is built", t.build},
		stage{"guests write to their disks", t.begin},
		stage{"a guest is stopped", t.stopLast},
		stage{"kolla-ansible is told of the user that comes", l.tellOfUser},
		stage{"other users, by stopping and starting guests", func(ctx context.Context) (string, error) {
			return t.rotate(ctx, ".1", "stop-start", "glance", "cinder-backup", "cinder")
		}},
		stage{"the stopped guest stayed stopped, and starts", t.startLast},
		stage{"the guests have lost nothing", func(ctx context.Context) (string, error) {
			return t.guests.judge(ctx, longestPause, func(*witness) bool { return true })
		}},
		stage{"the old keys are refused on each host", t.refused},
		stage{"the plan is empty, and all static checks pass", t.quiet},
		stage{"no temporary file is left", l.noLeftovers},
	)
}

// withoutCeph wants a problem for each service, and no change on its host.
func (l *lab) withoutCeph(ctx context.Context, in *integrate.Integration) (string, error) {
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return "", err
	}
	var said []string
	for _, f := range plan.Problems() {
		switch service, ok := strings.CutPrefix(f.Object, "container of "); {
		case ok && strings.Contains(f.Message, "tell kolla-ansible that Ceph is used"):
			said = append(said, f.Target+" "+service)
		case !strings.HasPrefix(f.Message, "left alone until the problem of "):
			return "", fmt.Errorf("another problem:\n%s", plan)
		}
	}
	slices.Sort(said)
	if want := []string{"compute1 nova-compute", "compute2 nova-compute", "controller cinder-backup",
		"controller cinder-volume", "controller glance-api"}; !slices.Equal(said, want) {
		return "", fmt.Errorf("containers with a problem: %q:\n%s", said, plan)
	}
	for _, c := range plan.Changes {
		if kollaContainers()[c.Target] != nil {
			return "", fmt.Errorf("%s would be changed:\n%s", c.ID, plan)
		}
	}
	return strings.Join(said, ", "), nil
}

// tellOfCeph puts each config.json there that kolla-ansible makes once Ceph is
// used. The files of Ceph that it would bring are left to the integration.
func (l *lab) tellOfCeph(ctx context.Context) (string, error) {
	for host := range kollaContainers() {
		const script = `set -e; cd /srv/kolla/told
for f in *.json; do install -m 0660 $f /etc/kolla/${f%.json}/config.json; done`
		if _, err := l.sh(ctx, host, script); err != nil {
			return "", err
		}
	}
	return "config.json of each container copies ceph.conf and keyrings", nil
}

// tellOfUser lets config.json of nova-compute name the keyring of another user, as kolla-ansible does it for another
// ceph_nova_user.
func (l *lab) tellOfUser(ctx context.Context) (string, error) {
	const script = `cd /etc/kolla/nova-compute
sed -i 's/ceph\.client\.cinder\.keyring/ceph.client.cinder.1.keyring/g' config.json
grep -c ceph.client.cinder.1.keyring config.json`
	for _, host := range []string{"compute1", "compute2"} {
		if _, err := l.sh(ctx, host, script); err != nil {
			return "", err
		}
	}
	return "config.json of nova-compute names the keyring of client.cinder.1", nil
}

// untouched wants nothing below /etc to have changed but what is Kolla's.
func (l *lab) untouched(ctx context.Context, since time.Time) (string, error) {
	script := fmt.Sprintf("ls -d /etc/ceph 2>/dev/null; find /etc -xdev -path /etc/kolla -prune -o -newerct @%d -print",
		since.Unix())
	for host := range kollaContainers() {
		if out, err := l.sh(ctx, host, script); err != nil || out != "" {
			return "", fmt.Errorf("%s has %s: %v", host, out, err)
		}
	}
	return "no /etc/ceph, and nothing new in /etc but in /etc/kolla", nil
}

// restarts counts the starts of each unit and of each container's program. The
// old VM's compute has two: its disks were switched later.
func (l *lab) restarts(ctx context.Context, since time.Time) (string, error) {
	const script = `u=kolla-%[1]s-container; log() { journalctl -q -o cat -u $u --since @%[2]d "$@"; }
echo $(log MESSAGE_ID=39f53479d3a045ac8e11786248231fbf | wc -l) $(log | grep -c '^kolla_start: has taken its files in')`
	var all []string
	for host, names := range kollaContainers() {
		for _, name := range names {
			want := "1 1"
			switch {
			case name == "nova_libvirt", name == "nova_conductor": // which Ceph does not concern
				want = "0 0"
			case host == l.before.Server.Host:
				want = "2 2"
			}
			out, err := l.sh(ctx, host, fmt.Sprintf(script, name, since.Unix()))
			if out = strings.TrimSpace(out); err != nil || out != want {
				return "", fmt.Errorf("%s on %s: %q starts of the unit and of the container, not %q: %v", name, host,
					out, want, err)
			}
			all = append(all, host+" "+name+" "+out[:1])
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", "), nil
}

// libvirtAnew removes libvirt's container on each compute and makes it anew, as
// kolla-ansible does it, and wants the same secrets with the same values.
func (l *lab) libvirtAnew(ctx context.Context) (string, error) {
	const script = `set -e
inside() { podman exec nova_libvirt "$@"; }
secrets() {
	for u in $(inside virsh -q secret-list | awk '{print $1}'); do
		echo $u $(inside virsh secret-get-value $u | sha256sum)
	done
}
before=$(secrets) id=$(podman inspect --format '{{.Id}}' nova_libvirt)
systemctl stop kolla-nova_libvirt-container
kolla-container nova_libvirt >/dev/null
systemctl start kolla-nova_libvirt-container
for i in $(seq 60); do inside virsh -q uri >/dev/null 2>&1 && break; sleep 1; done
[ "$id" != "$(podman inspect --format '{{.Id}}' nova_libvirt)" ] || { echo the container is the old one >&2; exit 1; }
[ "$before" = "$(secrets)" ] || { echo the secrets are not those of before >&2; exit 1; }
echo "$before" | wc -w`
	for _, host := range []string{"compute1", "compute2"} {
		if out, err := l.sh(ctx, host, script); err != nil || out != "3\n" { // UUID, digest and the file's name
			return "", fmt.Errorf("%s: %q: %v", host, out, err)
		}
	}
	return "one secret on each compute, the same in the new container", nil
}

// computesBack waits for the computes: Nova disables one whose libvirt goes away, and
// looks whether it is back once a minute.
func (l *lab) computesBack(ctx context.Context, cloud *api.Cloud) (string, error) {
	return l.servicesBack(ctx, cloud, "nova-compute")
}

// servicesBack waits until all records of a service are enabled and up.
func (l *lab) servicesBack(ctx context.Context, cloud *api.Cloud, binary string) (string, error) {
	began := time.Now()
	for {
		records, err := cloud.Services(ctx)
		away := slices.DeleteFunc(records, func(r api.ServiceRecord) bool {
			return r.Binary != binary || r.Up && r.Enabled
		})
		switch {
		case err != nil:
			return "", err
		case len(away) == 0:
			return fmt.Sprintf("enabled and up after %.0f s", time.Since(began).Seconds()), nil
		case time.Since(began) > 5*time.Minute:
			return "", fmt.Errorf("%s is not enabled and up", away[0].Host)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(3 * time.Second):
		}
	}
}
