package rotate_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
)

// What the plan of a rotation may take, for 1,000 computes and 20,000 guests. The CPU has that of the hosts and of the
// cluster, which are fakes in this process; the APIs are another process.
const (
	mostCPU  = 60 * time.Second
	mostHeap = 300 << 20
)

// A scale is how large a cloud is.
type scale struct{ computes, guests int }

// serveScale is the environment variable that makes the test program the APIs of a large cloud.
const serveScale = "CEPHSTACK_TEST_SERVE_SCALE"

func TestMain(m *testing.M) {
	if text := os.Getenv(serveScale); text != "" {
		var s scale
		if err := json.Unmarshal([]byte(text), &[]*int{&s.computes, &s.guests}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		s.serve()
		return
	}
	if os.Getenv("GOGC") == "" { // worlds in memory are small and many
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}

func (s scale) names() []string {
	var all []string
	for i := range s.computes {
		all = append(all, fmt.Sprintf("compute%04d", i+1))
	}
	return all
}

// host is the compute of a guest.
func (s scale) host(i int) string { return fmt.Sprintf("compute%04d", i%s.computes+1) }

// The IDs of guests, of their volumes and of their attachments.
func (scale) guest(i int) string      { return fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i) }
func (scale) volume(i int) string     { return fmt.Sprintf("%08x-0001-4000-8000-%012x", i, i) }
func (scale) attachment(i int) string { return fmt.Sprintf("%08x-0002-4000-8000-%012x", i, i) }

// serve gives the lists of guests and attachments, and lets the fake cloud do all else, until standard input ends.
func (s scale) serve() {
	cloud := openstacktest.New(openstacktest.Config{Computes: s.names(), Backends: []string{"ceph"}, PageSize: 1000})
	cloud.AddVolumeType("ceph", "ceph")
	cloud.AddService(api.ServiceRecord{Binary: "cinder-backup", Host: "controller", Zone: "nova", Enabled: true, Up: true})
	cloud.Interrupt(func(r *http.Request) (int, string, bool) {
		switch q := r.URL.Query(); {
		case r.Method != http.MethodGet:
		case strings.HasSuffix(r.URL.Path, "/servers/detail") && q.Get("status") == "SOFT_DELETED":
			return http.StatusOK, `{"servers":[]}`, true
		case strings.HasSuffix(r.URL.Path, "/servers/detail"):
			return http.StatusOK, s.page(r, "servers", s.serverJSON), true
		case strings.HasSuffix(r.URL.Path, "/attachments/detail"):
			return http.StatusOK, s.page(r, "attachments", s.attachmentJSON), true
		}
		return 0, "", false
	})
	fmt.Println(cloud.URL)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	cloud.Close()
}

// page is a page of 1,000 objects.
func (s scale) page(r *http.Request, key string, object func(i int) string) string {
	from, only := 0, r.URL.Query().Get("host")
	if marker, _, given := strings.Cut(r.URL.Query().Get("marker"), "-"); given {
		last, _ := strconv.ParseInt(marker, 16, 64)
		from = int(last) + 1
	}
	var all []string
	end := min(from+1000, s.guests)
	for i := from; i < end; i++ {
		if only == "" || only == s.host(i) {
			all = append(all, object(i))
		}
	}
	text := fmt.Sprintf(`{%q:[%s]`, key, strings.Join(all, ","))
	if key == "servers" && end < s.guests && len(all) > 0 {
		text += fmt.Sprintf(`,"servers_links":[{"rel":"next","href":"http://x/?marker=%s"}]`, s.guest(end-1))
	}
	return text + "}"
}

// status is the state of a guest: of 100, one is in ERROR, one is stopped, and one is locked.
func (scale) status(i int) (status string, locked bool) {
	switch i % 100 {
	case 7:
		return "ERROR", false
	case 8:
		return "SHUTOFF", false
	case 9:
		return "ACTIVE", true
	}
	return "ACTIVE", false
}

func (s scale) serverJSON(i int) string {
	status, locked := s.status(i)
	return fmt.Sprintf(`{"id":%q,"name":"vm-%05d","status":%q,"tenant_id":"project%03d","OS-EXT-SRV-ATTR:host":"%s",`+
		`"OS-EXT-SRV-ATTR:instance_name":"instance-%08x","OS-EXT-AZ:availability_zone":"nova","locked":%t,`+
		`"OS-EXT-STS:task_state":null,"OS-EXT-STS:vm_state":"active","OS-EXT-STS:power_state":1,"image":{"id":%q},`+
		`"flavor":{"original_name":"small","vcpus":1,"ram":1,"disk":1},"config_drive":"","created":"2026-01-02T03:04:05Z",`+
		`"os-extended-volumes:volumes_attached":[{"id":%q}],"tags":["night"],"metadata":{},"security_groups":[{"name":"a"}],`+
		`"addresses":{"net":[{"addr":"10.0.0.1","version":4,"OS-EXT-IPS:type":"fixed"}]},"user_id":"u","key_name":null}`,
		s.guest(i), i, status, i%200, s.host(i), i, locked, s.guest(1), s.volume(i))
}

func (s scale) attachmentJSON(i int) string {
	return fmt.Sprintf(`{"id":%q,"status":"attached","instance":%q,"volume_id":%q,"attached_at":"","detached_at":"",`+
		`"attach_mode":"rw","connection_info":{"driver_volume_type":"rbd","name":"volumes/volume-%[3]s",`+
		`"hosts":["192.0.2.10","192.0.2.11","192.0.2.12"],"ports":["6789","6789","6789"],`+
		`"cluster_name":"ceph","auth_enabled":true,"auth_username":"cinder",`+
		`"secret_type":"ceph","secret_uuid":%[4]q,"volume_id":%[3]q,"discard":true,`+
		`"qos_specs":null,"access_mode":"rw","encrypted":false,"cacheable":false,"attachment_id":%[1]q}}`,
		s.attachment(i), s.guest(i), s.volume(i), s.guest(2))
}

// rest is the part of a domain that has nothing to do with disks, in the size that it has on a real compute.
var rest = strings.Repeat("    <controller type='pci' index='1' model='pcie-root-port'>\n"+
	"      <model name='pcie-root-port'/>\n"+
	"      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>\n    </controller>\n", 25)

func (s scale) domainXML(i int) string {
	disk := func(image, target, serial string) string {
		return fmt.Sprintf("    <disk type='network' device='disk'>\n"+
			"      <driver name='qemu' type='raw' discard='unmap'/>\n"+
			"      <auth username='cinder'>\n        <secret type='ceph' uuid='%s'/>\n      </auth>\n"+
			"      <source protocol='rbd' name='%s'>\n        <host name='192.0.2.10' port='6789'/>\n      </source>\n"+
			"      <target dev='%s' bus='virtio'/>\n%s    </disk>\n", s.guest(2), image, target, serial)
	}
	return fmt.Sprintf("<domain type='kvm' id='1'>\n  <name>instance-%08x</name>\n  <uuid>%s</uuid>\n  <devices>\n%s%s%s"+
		"  </devices>\n</domain>\n", i, s.guest(i), disk("vms/"+s.guest(i)+"_disk", "vda", ""),
		disk("volumes/volume-"+s.volume(i), "vdb", "      <serial>"+s.volume(i)+"</serial>\n"), rest)
}

// A largeHost is a compute with the guests of a scale.
type largeHost struct {
	remote.Host
	scale
	number int
}

func (h largeHost) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	ask := running.Options{Domains: true}
	if run, is := ops[0].(remote.Run); !is || len(ops) != 1 || !slices.Equal(run.Argv, running.Ask(ask).Argv) {
		return h.Host.Do(ctx, ops...)
	}
	library := running.Library{Path: "/usr/lib/ceph/libceph-common.so.2", Version: "16.2.15", AES256k: running.No}
	a := running.Answer{Installed: []running.Library{library}, Packages: map[string]string{"librados2": "16.2.15+ds-0"}}
	for i := h.number; i < h.guests; i += h.computes {
		d := running.RawDomain{UUID: h.guest(i), State: "running", Live: h.domainXML(i), Stored: h.domainXML(i), Active: true,
			Persistent: true}
		if status, _ := h.status(i); status == "SHUTOFF" {
			d.State, d.Active, d.Live = "shut off", false, strings.Replace(d.Live, " id='1'", "", 1)
		} else {
			a.Processes = append(a.Processes, running.Process{PID: 1000 + i, Name: "qemu-system-x86", Domain: d.UUID,
				Library: library})
		}
		a.Domains = append(a.Domains, d)
	}
	return []remote.Result{{Data: running.Render(ask, a)}}, nil
}

// A largeMon is a cluster that has two clients for each guest that runs.
type largeMon struct {
	*cephtest.Cluster
	sessions []byte
}

func (m largeMon) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	if strings.Contains(string(cmd.JSON), `"sessions"`) {
		return ceph.Reply{Data: cephstack.Redact(m.sessions)}, nil
	}
	return m.Cluster.Command(ctx, cmd)
}

func (m largeMon) Batch(ctx context.Context, requests ...ceph.Request) []ceph.Answer {
	return ceph.New(struct{ ceph.Commander }{m}).WithImages(m.Cluster).Batch(ctx, requests...)
}

func (s scale) sessions() []byte {
	var all []string
	for i := range s.guests {
		for n := range 2 {
			if status, _ := s.status(i); status == "SHUTOFF" {
				continue
			}
			all = append(all, fmt.Sprintf(`{"name":"client.%d","entity_name":"client.cinder","addrs":{"addrvec":[{"type":"v2",`+
				`"addr":"10.0.%d.%d:0","nonce":%[1]d}]},"socket_addr":{"type":"none","addr":"10.0.%[2]d.%[3]d:0","nonce":%[1]d},`+
				`"con_type":"client","con_features":4540138314316775423,"con_features_hex":"3f01cfbffffdffff",`+
				`"con_features_release":"luminous","open":true,"caps":{"text":"profile rbd"},"authenticated":true,`+
				`"global_id":%[1]d,"global_id_status":"reclaim_ok","osd_epoch":100,"remote_host":"%[4]s"}`, 100000+2*i+n,
				i%s.computes/250, i%250, s.host(i)))
		}
	}
	return []byte("[" + strings.Join(all, ",") + "]")
}

// spec is the Spec of a large cloud before or during its rotation.
func (s scale) spec(during spec.Spec) spec.Spec {
	during.Hosts = during.Hosts[:1]
	for _, name := range s.names() {
		during.Hosts = append(during.Hosts, spec.Host{Name: name, Services: []string{"nova-compute"}})
	}
	return during
}

// open gives the World of a large cloud that is integrated.
func (s scale) open(t *testing.T) integrate.Config {
	t.Helper()
	w := integratetest.Integrated(t, s.spec(before()))
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=[%d,%d]", serveScale, s.computes, s.guests))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	url, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "clouds:\n  large:\n    region_name: RegionOne\n    auth:\n"+
		"      auth_url: %s/v3\n      username: admin\n      password: fake-password\n      project_name: admin\n"+
		"      user_domain_name: Default\n      project_domain_name: Default\n", strings.TrimSpace(url)), 0o600))
	cloud, err := api.Dial(t.Context(), api.Config{Cloud: "large", CloudsFile: file})
	require.NoError(t, err)
	cfg := integrate.Config{World: w.World, Settle: time.Millisecond, Poll: time.Millisecond}
	cfg.World.Cloud, cfg.World.Hosts = cloud, map[string]remote.Host{}
	for name, h := range w.Hosts {
		cfg.World.Hosts[name] = h
	}
	for i, name := range s.names() {
		cfg.World.Hosts[name] = largeHost{w.Hosts[name], s, i}
	}
	mon := largeMon{w.Ceph["ceph"], s.sessions()}
	cfg.World.Clusters = map[string]world.Cluster{"ceph": {Mon: mon, Images: mon.Cluster}}
	return cfg
}

// measured runs fn, and gives its CPU and its peak of memory: twice what was in use at the most, as a program lets its
// memory grow to that before it collects. The fakes do not count.
func measured(t *testing.T, fn func()) (used time.Duration, peak uint64) {
	t.Helper()
	cpu := func() time.Duration {
		var u syscall.Rusage
		require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	runtime.GC()
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // more looks at what is in use
	live := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	var highest atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	base := live()
	go func() {
		defer close(stopped)
		for {
			highest.Store(max(highest.Load(), live()))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	began := cpu()
	fn()
	used = cpu() - began
	close(stop)
	<-stopped
	t.Logf("the fakes have %d MiB", base>>20)
	return used, 2 * (highest.Load() - min(base, highest.Load()))
}

// TestAPlanOfALargeRotation: the plan of a rotation of 1,000 computes and 20,000 guests, each with two disks, is
// cheap, and its text fits on a screen. With -short, a fiftieth of that.
func TestAPlanOfALargeRotation(t *testing.T) {
	s := scale{1000, 20_000}
	if testing.Short() {
		s = scale{20, 400}
	}
	cfg := s.open(t)
	cfg.Spec = s.spec(during())
	cfg.Spec.Rotate[0].Guests = []spec.GuestRule{
		{Projects: []string{"project001"}}, {Hosts: []string{"compute[0001-0010]"}, May: []string{"live-migration"}},
		{Servers: []string{"vm-00042"}, May: []string{"stop-start"}},
		{Tags: []string{"night"}, May: []string{"live-migration", "hard-reboot"}, AtOnce: 20},
	}
	var report *rotate.Report
	used, peak := measured(t, func() {
		var err error
		report, err = rotate.Plan(t.Context(), cfg, rotate.Options{})
		require.NoError(t, err)
	})
	t.Logf("%d computes, %d guests: %.1f s of CPU, %d MiB\n%s", s.computes, s.guests, used.Seconds(), peak>>20, report)
	assert.Less(t, used, mostCPU)
	assert.Less(t, peak, uint64(mostHeap))
	assert.Empty(t, report.Problems)
	st := report.Rotations[0]
	assert.Equal(t, s.guests, st.Guests)
	lines := strings.Split(strings.TrimSpace(report.String()), "\n")
	assert.LessOrEqual(t, len(lines), 40)
	for _, line := range lines {
		assert.LessOrEqual(t, len(line), 250, line)
	}
	full := report.Full()
	for _, i := range []int{0, 1, 7, 8, 9, 42, s.guests - 1} {
		assert.Contains(t, full, s.guest(i))
	}
}
