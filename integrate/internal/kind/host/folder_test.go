package host

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

func TestTheFolderOfCeph(t *testing.T) {
	const id = "directory/controller//etc/ceph"
	for _, c := range []struct {
		mode   fs.FileMode
		reason string
		want   fs.FileMode
	}{
		{0o755, "", 0}, {0o705, "", 0}, {0o2755, "", 0},
		{0o750, "services cannot enter it", 0o755}, {0o700, "services cannot enter it", 0o755},
		{0o754, "services cannot enter it", 0o755},
		{0o777, "others may write there", 0o755}, {0o775, "others may write there", 0o755},
		{0o757, "others may write there", 0o755},
		{0o722, "others may write there", 0o755}, {0o3777, "others may write there", 0o3755},
	} {
		s := newScene(t, "controller")
		s.folder(spec.CephDir, c.mode)
		d := s.compare(id)
		assert.Equal(t, c.reason, d.Reason, "%o", c.mode)
		assert.Equal(t, []step.ID{s.n.PackagesID()}, d.Needs)
		if c.reason == "" {
			assert.Nil(t, d.Do)
			continue
		}
		assert.Equal(t, step.Update, d.Action)
		assert.Equal(t, []step.FieldDiff{{Field: "mode", Observed: words.Octal(c.mode), Desired: words.Octal(c.want)}},
			d.Diffs)
		assert.Equal(t, []remote.Op{remote.SetAttr{Path: spec.CephDir, Mode: c.want}}, s.ops(d))
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	s := newScene(t, "controller")
	s.v.Host.Files[spec.CephDir] = step.File{Missing: true}
	d := s.compare("directory/controller//etc/ceph")
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, "the folder does not exist", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "mode", Desired: "root:root 0755"}}, d.Diffs)
	assert.Equal(t, []remote.Op{remote.Mkdir{Path: spec.CephDir, Owner: "root", Group: "root", Mode: 0o755}}, s.ops(d))

	s = newScene(t, "controller", inKollaSpec)
	d = s.compare("directory/controller//etc/kolla/glance-api/ceph")
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, "a container's files are copied from there", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "mode", Desired: "42401:42402 0770"}}, d.Diffs)
	assert.Equal(t, []remote.Op{remote.Mkdir{Path: "/etc/kolla/glance-api/ceph", Owner: "42401", Group: "42402",
		Mode: 0o770}}, s.ops(d))
	s.folder("/etc/kolla/glance-api/ceph", 0o700)
	assert.Equal(t, step.Delta{}, s.compare("directory/controller//etc/kolla/glance-api/ceph"),
		"a folder that is there stays as kolla-ansible made it")
	s.v.Host.Files["/etc/kolla/glance-api/ceph"] = step.File{Missing: true}
	s.copies("/etc/kolla/glance-api", map[string]string{"ceph.conf": "/etc/ceph/",
		"ceph.client.glance.keyring": "/etc/ceph/"})
	s.again()
	assert.Nil(t, s.compare("directory/controller//etc/kolla/glance-api/ceph").Do, "nothing is copied from there")
}

func TestWhatIsNotAFolder(t *testing.T) {
	guests := func(s *spec.Spec) { s.Prepare = &spec.Prepare{Guests: &spec.Guests{}} }
	for _, c := range []struct {
		host, path, next string
		edit             func(*spec.Spec)
	}{
		{"controller", "/etc/ceph", "move it away", func(*spec.Spec) {}},
		{"controller", "/etc/kolla/glance-api/ceph", "move it away", inKollaSpec},
		{"compute1", "/etc/kolla/nova-libvirt/secrets", "move it away", inKollaSpec},
		{"compute1", "/var/log/qemu", "or name another place in prepare.guests.options", guests},
		{"compute1", cephRun, "or name another place in prepare.guests.options", guests},
	} {
		s := newScene(t, c.host, c.edit)
		s.v.Host.Files[c.path] = step.File{File: remote.File{Kind: "symlink"}}
		d := s.compare("directory/" + c.host + "/" + c.path)
		f := s.one(d, "not-a-folder")
		assert.True(t, d.Refused && f.Problem)
		assert.Contains(t, f.Message, "is a symlink, not a folder; ")
		assert.Contains(t, f.Message, c.next)
		s.v.Host.Files[c.path] = step.File{Err: errors.New("no answer")}
		d = s.compare("directory/" + c.host + "/" + c.path)
		assert.Equal(t, "cannot be read: no answer", s.one(d, "folder-unreadable").Message)
		require.True(t, d.Refused)
	}
}

// TestFoldersOfContainersComeInTheOrderOfTheirNames, whatever the order of services.
func TestFoldersOfContainersComeInTheOrderOfTheirNames(t *testing.T) {
	s := newScene(t, "controller", inKollaSpec)
	var names []string
	for _, r := range newFolders(s.n) {
		names = append(names, r.ID().Name)
	}
	assert.Equal(t, []string{"/etc/kolla/cinder-backup/ceph", "/etc/kolla/cinder-volume/ceph",
		"/etc/kolla/glance-api/ceph"}, names)
}

func TestTheFoldersOfGuests(t *testing.T) {
	with := func(g spec.Guests) func(*spec.Spec) {
		return func(s *spec.Spec) { s.Prepare = &spec.Prepare{Guests: &g} }
	}
	s := newScene(t, "controller", with(spec.Guests{}))
	assert.Empty(t, newGuestFolders(s.n), "guests are on computes")

	s = newScene(t, "compute1", with(spec.Guests{}))
	const sockets = "directory/compute1//run/ceph/guests"
	assert.Equal(t, []step.ID{s.n.PackagesID()}, s.resource(sockets).Needs(), "they make the account of QEMU")
	d := s.compare(sockets)
	assert.Equal(t, []remote.Op{remote.Mkdir{Path: "/run/ceph/guests", Owner: "libvirt-qemu", Group: "kvm", Mode: 0o770}},
		s.ops(d))
	assert.Equal(t, []any{step.Create, "guests write there"}, []any{d.Action, d.Reason})
	assert.Equal(t, []step.FieldDiff{{Field: "mode", Desired: "libvirt-qemu:kvm 0770"}}, d.Diffs)
	assert.Equal(t, []remote.Op{remote.Mkdir{Path: cephRun, Mode: 0o771}},
		s.ops(s.compare("directory/compute1//run/ceph")))
	s.folder(cephRun, 0o770)
	d = s.compare("directory/compute1//run/ceph")
	assert.Equal(t, []any{step.Update, "guests go through it"}, []any{d.Action, d.Reason})
	assert.Equal(t, []step.FieldDiff{{Field: "mode", Observed: "0770", Desired: "0771"}}, d.Diffs)
	s.folder(cephRun, 0o775)
	assert.Nil(t, s.compare("directory/compute1//run/ceph").Do)
	s.folder("/var/log/qemu", 0o755)
	d = s.compare("directory/compute1//var/log/qemu")
	assert.Equal(t, []step.FieldDiff{{Field: "mode", Observed: "root:root 0755", Desired: "libvirt-qemu:kvm 0770"}},
		d.Diffs)

	s = newScene(t, "compute1", with(spec.Guests{Account: "a:b",
		Options: map[string]string{"admin socket": "/var/run/vms/$pid.asok", "log-file": ""}}))
	assert.Equal(t, []string{"/run/vms"}, allGuestDirs(*s.n.Site.GuestsOn(s.n.Spec)),
		"/var/run is /run, and an empty option is left alone")
	assert.Equal(t, []remote.Op{remote.Mkdir{Path: "/run/vms", Owner: "a", Group: "b", Mode: 0o770}},
		s.ops(s.compare("directory/compute1//run/vms")))
	assert.Equal(t, "d /run/vms 0770 a b -\n", guestFile{s.n, *s.n.Site.GuestsOn(s.n.Spec)}.text(s.v.Host)[76:])

	s = newScene(t, "compute1", with(spec.Guests{}))
	s.file(place.OSRelease, "ID=\"rocky\"\nID_LIKE=\"rhel centos\"\n")
	assert.Equal(t, []remote.Op{remote.Mkdir{Path: "/var/log/qemu", Owner: "qemu", Group: "qemu", Mode: 0o770}},
		s.ops(s.compare("directory/compute1//var/log/qemu")))
}

func TestTheFileThatMakesTheFoldersOfGuests(t *testing.T) {
	const id = "file/compute1/" + guestsFile
	s := newScene(t, "compute1", func(s *spec.Spec) { s.Prepare = &spec.Prepare{Guests: &spec.Guests{}} })
	assert.Equal(t, []step.ID{s.n.DirectoryID("/run/ceph"), s.n.DirectoryID("/run/ceph/guests"),
		s.n.DirectoryID("/var/log/qemu"),
		s.n.PackagesID()}, s.resource(id).Needs())
	d := s.compare(id)
	const text = "# Written by cephstack: folders for the sockets and logs of guests' librbd.\n" +
		"z /run/ceph 0771 - - -\nd /run/ceph/guests 0770 libvirt-qemu kvm -\nd /var/log/qemu 0770 libvirt-qemu kvm -\n"
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, text, string(s.ops(d)[0].(remote.WriteFile).Data))
	s.file(guestsFile, text)
	assert.Equal(t, guestsFile+" root:root 0644", s.compare(id).Have)
	s.file(guestsFile, "d /elsewhere\n")
	assert.Equal(t, "other content", s.compare(id).Diffs[0].Observed)
	s.v.Host.Files[guestsFile] = step.File{Err: errors.New("too large")}
	assert.Equal(t, "cannot be read, so it is left alone: too large", s.one(s.compare(id),
		"guest-file-unreadable").Message)
}
