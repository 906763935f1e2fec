package integrate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

func preparing(p spec.Prepare) spec.Spec {
	s := exampleSpec()
	s.Prepare = &p
	return s
}

// settled requires that a plan finds nothing to do and writes nothing.
func settled(t *testing.T, in *integrate.Integration) {
	t.Helper()
	p := plan(t, in)
	require.True(t, p.Empty(), "%s", p)
	require.Empty(t, p.Problems())
}

func TestNothingIsPreparedUnlessAskedFor(t *testing.T) {
	_, in := open(t, exampleSpec())
	bare := plan(t, in).String()
	_, in = open(t, preparing(spec.Prepare{}))
	assert.Equal(t, bare, plan(t, in).String())
}

func TestGuestsGetFoldersAndTuning(t *testing.T) {
	w, in := open(t, preparing(spec.Prepare{Guests: &spec.Guests{Options: map[string]string{"rbd cache": "",
		"debug_rbd": "1"}}}))
	m := w.Machines["compute1"]
	_, err := m.Do(t.Context(), remote.Mkdir{Path: "/run/ceph", Owner: "ceph", Group: "ceph", Mode: 0o770})
	require.NoError(t, err)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	require.NotNil(t, change(p, "directory/compute1//run/ceph/guests"), "%s", p)
	require.Nil(t, change(p, "directory/controller//run/ceph/guests"))
	require.Equal(t, []integrate.FieldDiff{{Field: "mode", Observed: "0770", Desired: "0771"}},
		change(p, "directory/compute1//run/ceph").Diffs)
	apply(t, in)
	settled(t, in)

	data, ok := m.Contents("/etc/tmpfiles.d/cephstack-guests.conf")
	require.True(t, ok)
	assert.Equal(t, `# Written by cephstack: folders for the sockets and logs of guests' librbd.
z /run/ceph 0771 - - -
d /run/ceph/guests 0770 libvirt-qemu kvm -
d /var/log/qemu 0770 libvirt-qemu kvm -
`, string(data))
	r, err := m.Do(t.Context(), remote.Stat{Path: "/run/ceph/guests"}, remote.Stat{Path: "/run/ceph"},
		remote.Stat{Path: "/var/log/qemu"})
	require.NoError(t, err)
	assert.Equal(t, "libvirt-qemu:kvm 0770", r[0].File.Owner+":"+r[0].File.Group+" "+octalOf(r[0].File))
	assert.Equal(t, "ceph:ceph 0771", r[1].File.Owner+":"+r[1].File.Group+" "+octalOf(r[1].File))
	assert.Equal(t, "libvirt-qemu:kvm 0770", r[2].File.Owner+":"+r[2].File.Group+" "+octalOf(r[2].File))

	text, _ := m.Contents("/etc/ceph/ceph.conf")
	conf, err := ceph.ParseConf(text)
	require.NoError(t, err)
	for option, want := range map[string]string{
		"admin socket":                       "/run/ceph/guests/$cluster-$type.$id.$pid.$cctid.asok",
		"log file":                           "/var/log/qemu/qemu-guest-$pid.log",
		"rbd cache writethrough until flush": "true", "rbd concurrent management ops": "20", "debug rbd": "1",
	} {
		have, _ := conf.Lookup("client", option)
		assert.Equal(t, want, have, option)
	}
	_, ok = conf.Lookup("client", "rbd cache")
	assert.False(t, ok, "an empty value leaves an option alone")
	text, _ = w.Machines["controller"].Contents("/etc/ceph/ceph.conf")
	assert.NotContains(t, string(text), "[client]\n")
}

func octalOf(f remote.File) string { return fmt.Sprintf("%04o", uint32(f.Mode.Perm())) }

// A reboot empties /run; the tmpfiles.d file is what makes the folders again,
// and until then a plan would.
func TestGuestsAfterTheirFoldersWereLost(t *testing.T) {
	w, in := open(t, preparing(spec.Prepare{Guests: &spec.Guests{}}))
	apply(t, in)
	m := w.Machines["compute2"]
	_, err := m.Do(t.Context(), remote.SetAttr{Path: "/run/ceph", Mode: 0o750}, remote.SetAttr{Path: "/run/ceph/guests",
		Owner: "root"})
	require.NoError(t, err)
	m.AddFile("/etc/tmpfiles.d/cephstack-guests.conf", []byte("# edited\n"), 0o644)
	p := plan(t, in)
	require.Len(t, p.Changes, 3, "%s", p)
	apply(t, in)
	settled(t, in)
	r, err := m.Do(t.Context(), remote.Stat{Path: "/run/ceph"})
	require.NoError(t, err)
	assert.Equal(t, "0751", octalOf(r[0].File))
}

func TestGuestsOfAnotherDistributionAndUnderAppArmor(t *testing.T) {
	w, in := open(t, preparing(spec.Prepare{Guests: &spec.Guests{}}))
	m := w.Machines["compute1"]
	m.AddFile("/etc/os-release", []byte("ID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"9\"\n"), 0o644)
	m.AddUser("qemu", "qemu")
	m.AddFile("/etc/apparmor.d/abstractions/libvirt-qemu", []byte("/etc/ceph/*.conf r,\n"), 0o644)
	m.AddFile("/etc/apparmor.d/local/abstractions/libvirt-qemu", []byte("@{run}/ceph/guests/** rwk,\n"), 0o644)
	p := plan(t, in)
	require.Contains(t, change(p, "file/compute1//etc/tmpfiles.d/cephstack-guests.conf").Diffs[0].Desired,
		"d /var/log/qemu 0770 qemu qemu -")
	var said []string
	for _, f := range p.Findings {
		if f.Target == "compute1" {
			said = append(said, f.Object)
		}
	}
	assert.Equal(t, []string{"/var/log/qemu"}, said, "AppArmor lets it into /run/ceph/guests")
}
