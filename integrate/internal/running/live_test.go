package running_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/remote"
)

const (
	nobody     = 65534
	secretUUID = "11111111-2222-4333-8444-555555555555"
	rooted     = "aaaaaaaa-0000-4000-8000-000000000001" // its root disk and a volume are in Ceph; an own librados
	plain      = "aaaaaaaa-0000-4000-8000-000000000002" // has a volume; the machine's librados
	stopped    = "aaaaaaaa-0000-4000-8000-000000000003" // does not run
	passing    = "aaaaaaaa-0000-4000-8000-000000000004" // runs, and is not persistent
)

// A daemon is a libvirtd of the test's own.
type daemon struct{ dir, uri string }

func startLibvirt(t *testing.T) daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "running")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chown(dir, nobody, nobody))
	socket := filepath.Join(dir, "libvirt", "libvirt-sock")
	cmd := exec.Command("/usr/sbin/libvirtd", "--timeout", "600")
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"XDG_CONFIG_HOME=" + dir + "/config", "XDG_CACHE_HOME=" + dir + "/cache", "XDG_DATA_HOME=" + dir + "/data"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		c, err := net.Dial("unix", socket)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	return daemon{dir, "qemu:///session?socket=" + socket}
}

func (d daemon) virsh(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("virsh", append([]string{"-q", "-c", d.uri}, args...)...).CombinedOutput()
	require.NoError(t, err, "virsh %v: %s", args, out)
}

func (d daemon) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(d.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// guest is the XML of a domain with two disks in Ceph, as Nova writes it.
func guest(uuid, name, libraries string, mon int) string {
	env := ""
	if libraries != "" {
		env = "<qemu:commandline><qemu:env name='LD_LIBRARY_PATH' value='" + libraries + "'/></qemu:commandline>"
	}
	source := fmt.Sprintf("<host name='127.0.0.1' port='%d'/>", mon)
	auth := "<auth username='cinder'><secret type='ceph' uuid='" + secretUUID + "'/></auth>"
	return "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>" + name + "</name>" +
		"<uuid>" + uuid + "</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>" +
		"<os><type arch='x86_64' machine='pc'>hvm</type></os>" +
		"<on_reboot>restart</on_reboot><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>" +
		"<disk type='network' device='disk'><driver name='qemu' type='raw'/>" + auth +
		"<source protocol='rbd' name='vms/" + uuid + "_disk'>" + source + "</source><target dev='vda' bus='virtio'/></disk>" +
		"<disk type='network' device='disk'><driver name='qemu' type='raw'/>" +
		"<source protocol='rbd' name='volumes/volume-1'>" + source + auth + "</source><target dev='vdb' bus='virtio'/>" +
		"<serial>0c0ffee0-0000-4000-8000-000000000000</serial><shareable/></disk>" +
		"<disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>" +
		"</devices>" + env + "</domain>\n"
}

// ask runs the operation here, as root.
func ask(t *testing.T, o running.Options) running.Host {
	t.Helper()
	op := running.Ask(o)
	cmd := exec.CommandContext(context.Background(), op.Argv[0], op.Argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	err := cmd.Run()
	t.Logf("%d bytes in %s; %s", out.Len(), time.Since(start).Round(time.Millisecond), errs.String())
	require.NoError(t, err)
	h, err := running.Parse(remote.Result{Data: out.Bytes(), Stderr: errs.Bytes()})
	require.NoError(t, err)
	return h
}

// libraries copies the libraries of Ceph into a folder.
func libraries(t *testing.T, dir string) (common string) {
	t.Helper()
	for _, name := range []string{"librados.so.2", "librbd.so.1", "ceph/libceph-common.so.2"} {
		data, err := os.ReadFile(filepath.Join("/usr/lib/x86_64-linux-gnu", name))
		if err != nil {
			t.Skipf("live test: not Debian's libraries: %v", err)
		}
		common = filepath.Join(dir, filepath.Base(name))
		require.NoError(t, os.WriteFile(common, data, 0o644))
	}
	return common
}

func guests() []string { return []string{rooted, plain, stopped, passing} }

// startGuests starts a cluster, a libvirt, and guests. The library of a guest was replaced since.
func startGuests(t *testing.T) (d daemon, mon int, common string) {
	t.Helper()
	cluster := cephlive.Start(t, 1)
	for _, pool := range []string{"vms", "volumes"} {
		require.NoError(t, cluster.AddPool(ceph.Pool{Name: pool, Application: "rbd"}))
	}
	for _, g := range guests() {
		require.NoError(t, cluster.AddImage(ceph.Image{Pool: "vms", Name: g + "_disk", Size: 1 << 20}))
	}
	require.NoError(t, cluster.AddImage(ceph.Image{Pool: "volumes", Name: "volume-1", Size: 1 << 20}))
	key := strings.TrimSpace(cluster.Ceph("auth", "get-or-create-key", "client.cinder", "mon", "profile rbd",
		"osd", "profile rbd"))
	addrs := cluster.Ceph("mon", "dump")
	_, err := fmt.Sscanf(addrs[strings.Index(addrs, "v1:127.0.0.1:"):], "v1:127.0.0.1:%d", &mon)
	require.NoError(t, err)

	d = startLibvirt(t)
	d.virsh(t, "secret-define", d.file(t, "secret.xml", "<secret ephemeral='no' private='no'><uuid>"+secretUUID+
		"</uuid><usage type='ceph'><name>client.cinder secret</name></usage></secret>"))
	d.virsh(t, "secret-set-value", secretUUID, "--file", d.file(t, "key", key))
	dir := filepath.Join(d.dir, "lib")
	require.NoError(t, os.Mkdir(dir, 0o755))
	common = libraries(t, dir)
	d.guests(t, dir, mon)

	// An upgrade replaces the library by a rename, and the next start has other credentials.
	require.NoError(t, os.WriteFile(common+".new", []byte("\x0020.2.4\x00 aes256k \x00"), 0o644))
	require.NoError(t, os.Rename(common+".new", common))
	d.virsh(t, "define", d.file(t, "later.xml", strings.ReplaceAll(guest(plain, "instance-00000002", "", mon),
		"username='cinder'", "username='cinder.1'")))
	return d, mon, common
}

// guests defines the guests, and starts all but one.
func (d daemon) guests(t *testing.T, libraries string, mon int) {
	t.Helper()
	for i, g := range guests() {
		own := ""
		if g == rooted {
			own = libraries
		}
		file := d.file(t, g+".xml", guest(g, fmt.Sprintf("instance-%08x", i+1), own, mon))
		if g == passing {
			d.virsh(t, "create", file)
		} else {
			d.virsh(t, "define", file)
		}
		if g == rooted || g == plain {
			d.virsh(t, "start", g)
		}
		if g != stopped {
			t.Cleanup(func() { _ = exec.Command("virsh", "-q", "-c", d.uri, "destroy", g).Run() })
		}
	}
}

// TestRealGuests reads a real libvirt with real QEMU on a real cluster. A guest keeps the librados that its
// file no longer has.
func TestRealGuests(t *testing.T) {
	cephlive.Need(t, "/usr/sbin/libvirtd", "qemu-system-x86_64", "virsh")
	if os.Geteuid() != 0 {
		t.Skip("live test: it needs root")
	}
	d, mon, common := startGuests(t)
	h := ask(t, running.Options{Domains: true, URI: d.uri})
	require.NoError(t, h.DomainsErr)
	require.NoError(t, h.ProcessesErr)
	var uuids []string
	for _, found := range h.Domains {
		uuids = append(uuids, found.UUID)
		require.NoError(t, found.Err)
		assert.Equal(t, found.UUID != stopped, found.Active)
		assert.Equal(t, found.UUID != passing, found.Persistent)
		assert.Equal(t, map[bool]string{true: "running", false: "shut off"}[found.Active], found.State)
	}
	assert.Equal(t, guests(), uuids)
	want := running.Disk{Target: "vda", Device: "disk", Protocol: "rbd", Pool: "vms", Image: rooted + "_disk",
		User: "cinder", SecretUUID: secretUUID, Monitors: []string{fmt.Sprintf("127.0.0.1:%d", mon)}}
	require.Len(t, h.Domains[0].Live, 3)
	assert.Equal(t, want, h.Domains[0].Live[0])
	want.Target, want.Pool, want.Image, want.Serial = "vdb", "volumes", "volume-1", "0c0ffee0-0000-4000-8000-000000000000"
	assert.Equal(t, want, h.Domains[0].Live[1])
	assert.Equal(t, running.Disk{Target: "hda", Device: "cdrom", ReadOnly: true}, h.Domains[0].Live[2])
	assert.Equal(t, []string{"cinder"}, h.Domains[0].Users())
	assert.Equal(t, []string{"cinder", "cinder.1"}, h.Domains[1].Users(), "the next start has another user")
	assert.Empty(t, h.Domains[2].Live)
	assert.Len(t, h.Domains[2].Stored, 3)

	checkLibraries(t, h, common)
}

// checkLibraries looks at what the QEMU of the guests have in memory.
func checkLibraries(t *testing.T, h running.Host, common string) {
	t.Helper()
	of := func(uuid string) running.Process {
		i := slices.IndexFunc(h.Processes, func(p running.Process) bool { return p.Domain == uuid })
		require.GreaterOrEqual(t, i, 0, "QEMU of %s", uuid)
		return h.Processes[i]
	}
	old := of(rooted)
	assert.True(t, old.Replaced)
	assert.True(t, old.Guest())
	assert.Equal(t, common, old.Path)
	assert.NoError(t, old.Err)
	assert.Equal(t, of(plain).Version, old.Version, "the version is that of the memory, and not that of the file")
	assert.Equal(t, running.No, old.AES256k)
	assert.False(t, of(plain).Replaced)
	assert.NotEmpty(t, h.Installed)
	assert.Contains(t, h.Packages, "librados2")
	assert.Equal(t, h.Installed[0].Version, of(plain).Version)
}

// TestNoLibvirt is what a host without a daemon, and a host without the container, say.
func TestNoLibvirt(t *testing.T) {
	cephlive.Need(t, "virsh")
	h := ask(t, running.Options{Domains: true, URI: "qemu:///session?socket=/nowhere"})
	assert.ErrorContains(t, h.DomainsErr, "libvirt's domains cannot be read: ")
	assert.ErrorContains(t, h.DomainsErr, "/nowhere")
	h = ask(t, running.Options{Domains: true, Container: "there-is-no-such"})
	assert.EqualError(t, h.DomainsErr, "libvirt's domains cannot be read: no container there-is-no-such runs")
	h = ask(t, running.Options{})
	assert.ErrorIs(t, h.DomainsErr, running.ErrNotAsked)
}
