package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const (
	appArmorID = "apparmor/compute1/libvirt-qemu"
	withLocal  = "  /dev/vfio/vfio rw,\n  # Site-specific additions.\n  #include <local/abstractions/libvirt-qemu>\n"
	withFolder = "  include if exists <local/abstractions/libvirt-qemu>\n" +
		"  include if exists <abstractions/libvirt-qemu.d>\n"
	ourRules = "/run/ceph/guests/** rwk,\n/var/log/qemu/** rwk,\n"
)

func guestScene(t *testing.T, profile, local string) *scene {
	t.Helper()
	s := newScene(t, "compute1", func(s *spec.Spec) { s.Prepare = &spec.Prepare{Guests: &spec.Guests{}} })
	if profile != "" {
		s.file(qemuProfile, profile)
	}
	if local != "" {
		s.file(qemuLocal, local)
	}
	return s
}

// TestTheRulesOfTheAdministratorStay whatever is written beside them.
func TestTheRulesOfTheAdministratorStay(t *testing.T) {
	block := rulesBegin + ourRules + rulesEnd
	for name, c := range map[string]struct{ have, want string }{
		"no file":         {"", block},
		"rules of others": {"/opt/x r,\n", "/opt/x r,\n" + block},
		"no end of line":  {"/opt/x r,", "/opt/x r,\n" + block},
		"rules before": {"/a r,\n" + rulesBegin + "/run/old/** rwk,\n" + rulesEnd + "/b r,\n", "/a r,\n" + block +
			"/b r,\n"},
		"all there": {"/a r,\n" + block + "/b r,\n", ""},
		"one by others": {"@{run}/ceph/guests/** rwk,\n", "@{run}/ceph/guests/** rwk,\n" + rulesBegin +
			"/var/log/qemu/** rwk,\n" + rulesEnd},
		"both by others": {"/run/ceph/guests/* rwk,\n/var/log/qemu/ r,\n", ""},
		"no longer of ours": {"/run/ceph/guests/* rwk,\n/var/log/qemu/ r,\n" + block,
			"/run/ceph/guests/* rwk,\n/var/log/qemu/ r,\n"},
		"only a comment": {"# /var/log/qemu\n", "# /var/log/qemu\n" + block},
	} {
		s := guestScene(t, withLocal, c.have)
		d := s.compare(appArmorID)
		if c.want == "" {
			assert.Equal(t, step.Delta{}, d, name)
			continue
		}
		write := s.ops(d)[0].(remote.WriteFile)
		assert.Equal(t, qemuLocal, write.Path)
		assert.Equal(t, c.want, string(write.Data), name)
		assert.Equal(t, s.v.Host.Files[qemuLocal].Was(), write.Was)
		assert.Equal(t, qemuLocal, d.Name)
		assert.Equal(t, "rules", d.Diffs[0].Field)
		f := s.one(d, "guests-keep-their-rules")
		assert.False(t, f.Problem)
		s.file(qemuLocal, c.want)
		assert.Equal(t, step.Delta{}, s.compare(appArmorID), name)
	}
}

func TestAFileOfOurOwnInAppArmorsRules(t *testing.T) {
	s := guestScene(t, withFolder, "/a r,\n")
	d := s.compare(appArmorID)
	ops := s.ops(d)
	require.Len(t, ops, 2)
	assert.Equal(t, remote.Mkdir{Path: qemuFolder, Owner: "root", Group: "root", Mode: 0o755}, ops[0])
	write := ops[1].(remote.If)
	assert.Equal(t, []int{0}, write.OK)
	text := string(write.Op.(remote.WriteFile).Data)
	assert.True(t, strings.HasSuffix(text, ourRules))
	assert.Equal(t, qemuOwn, d.Name)
	s.file(qemuOwn, text)
	assert.Equal(t, qemuOwn+" root:root 0644", s.compare(appArmorID).Have)
	s = guestScene(t, withFolder, ourRules)
	assert.Equal(t, step.Delta{}, s.compare(appArmorID), "others have made the rules")
}

func TestRulesThatCannotBeAdded(t *testing.T) {
	d := guestScene(t, "/dev/vfio/vfio rw,\n", "").compare(appArmorID)
	assert.Equal(t, []string{"apparmor-confines-qemu /run/ceph/guests", "apparmor-confines-qemu /var/log/qemu"},
		codes(d.Findings))
	assert.Equal(t, "AppArmor keeps QEMU from it, and guests run on without their sockets or logs; for them, add "+
		"\"/var/log/qemu/** rwk,\" to "+
		"/etc/apparmor.d/local/abstractions/libvirt-qemu and load the profiles of guests anew", d.Findings[1].Message)
	assert.Nil(t, d.Do)
	for _, marks := range []string{rulesBegin, rulesEnd, rulesEnd + rulesBegin, "  " + rulesBegin + rulesEnd} {
		s := guestScene(t, withLocal, "/a r,\n"+marks+"/b r,\n")
		d := s.compare(appArmorID)
		assert.True(t, d.Refused, "%q", marks)
		assert.Contains(t, s.one(d, "apparmor-marks-broken").Message, "so it is left alone; ")
	}
	assert.Equal(t, step.Delta{}, guestScene(t, "", "").compare(appArmorID), "there is no AppArmor")
	s := guestScene(t, withLocal, "")
	s.v.Host.Files[qemuLocal] = step.File{Err: errors.New("too large")}
	require.EqualError(t, s.compare(appArmorID).Unable, "the rules of AppArmor for QEMU cannot be read: too large")
	assert.Empty(t, newAppArmor(newScene(t, "compute1").n))
}

// TestOwnersOfAppArmorsFiles: the file of the administrator keeps its owner and mode.
func TestOwnersOfAppArmorsFiles(t *testing.T) {
	s := guestScene(t, withLocal, "")
	d := s.compare(appArmorID)
	assert.Equal(t, step.Create, d.Action)
	block := rulesBegin + ourRules + rulesEnd
	assert.Equal(t, []remote.Op{remote.WriteFile{Path: qemuLocal, Data: []byte(block), Owner: "root", Group: "root",
		Mode: 0o644, Was: remote.Absent}}, s.ops(d))
	assert.Equal(t, []step.FieldDiff{{Field: "rules", Desired: strings.TrimSpace(block)},
		{Field: "mode", Desired: "root:root 0644"}}, d.Diffs)

	old := rulesBegin + "/run/old/** rwk,\n" + rulesEnd
	s.file(qemuLocal, old, 0o640)
	f := s.v.Host.Files[qemuLocal]
	f.Owner, f.Group = "puppet", "adm"
	s.v.Host.Files[qemuLocal] = f
	d = s.compare(appArmorID)
	assert.Equal(t, step.Update, d.Action)
	assert.Equal(t, []remote.Op{remote.WriteFile{Path: qemuLocal, Data: []byte(block), Owner: "puppet", Group: "adm",
		Mode: 0o640, Was: f.SHA256}}, s.ops(d))
	assert.Equal(t, []step.FieldDiff{{Field: "rules", Observed: strings.TrimSpace(old),
		Desired: strings.TrimSpace(block)}}, d.Diffs)

	s = guestScene(t, withFolder, "")
	s.file(qemuOwn, "/run/old/** rwk,\n", 0o600)
	d = s.compare(appArmorID)
	assert.Equal(t, []string{"guests-keep-their-rules " + qemuOwn}, codes(d.Findings))
	write := s.ops(d)[1].(remote.If).Op.(remote.WriteFile)
	assert.Equal(t, remote.WriteFile{Path: qemuOwn, Data: write.Data, Owner: "root", Group: "root", Mode: 0o644,
		Was: s.v.Host.Files[qemuOwn].SHA256}, write)
	assert.Equal(t, "other content", d.Diffs[0].Observed)
	s.file(qemuOwn, string(write.Data))
	d = s.compare(appArmorID)
	assert.Nil(t, d.Do)
	assert.Empty(t, d.Findings, "nothing changes for guests")
	s.file(qemuLocal, ourRules)
	write = s.ops(s.compare(appArmorID))[1].(remote.If).Op.(remote.WriteFile)
	assert.NotContains(t, string(write.Data), "rwk", "rules that others have made are not made twice")
}

// TestRulesOfFoldersThatTheSpecNames: the options of guests may be elsewhere.
func TestRulesOfFoldersThatTheSpecNames(t *testing.T) {
	s := newScene(t, "compute1", func(s *spec.Spec) {
		s.Prepare = &spec.Prepare{Guests: &spec.Guests{Options: map[string]string{
			"admin_socket": "/srv/vms/$pid.asok", "log_file": "/srv/logs/$pid.log"}}}
	})
	s.file(qemuProfile, withLocal)
	s.file(qemuLocal, "  # /srv/vms is the administrator's\n")
	write := s.ops(s.compare(appArmorID))[0].(remote.WriteFile)
	assert.Contains(t, string(write.Data), rulesBegin+"/srv/logs/** rwk,\n/srv/vms/** rwk,\n"+rulesEnd,
		"a comment is not a rule")
	assert.Equal(t, []string{"/srv/logs", "/srv/vms"}, guestDirs(*s.n.Site.GuestsOn(s.n.Spec)))
	s.all()
	assert.Subset(t, s.names(), []string{"directory /srv/logs", "directory /srv/vms"})
	text := string(s.ops(s.compare("file/compute1/" + guestsFile))[0].(remote.WriteFile).Data)
	assert.Contains(t, text, "d /srv/logs 0770 libvirt-qemu kvm -\nd /srv/vms 0770 libvirt-qemu kvm -\n")

	same := spec.Guests{Options: map[string]string{"admin_socket": "/srv/vms/a", "log_file": "/srv/vms/b"}}
	assert.Equal(t, []string{"/srv/vms"}, guestDirs(same))
}

// TestRulesThatCannotBeRead: each of the files counts.
func TestRulesThatCannotBeRead(t *testing.T) {
	for _, path := range []string{qemuProfile, qemuLocal, qemuOwn} {
		s := guestScene(t, withLocal, "")
		s.v.Host.Files[path] = step.File{Err: errors.New("I/O error")}
		d := s.compare(appArmorID)
		require.EqualError(t, d.Unable, "the rules of AppArmor for QEMU cannot be read: I/O error", path)
		assert.Nil(t, d.Do, path)
	}
	s := guestScene(t, "/dev/vfio/vfio rw,\n", rulesBegin)
	assert.False(t, s.compare(appArmorID).Refused, "marks in a file that no profile reads are of no account")
}

func TestWhatAProfileIncludes(t *testing.T) {
	for text, want := range map[string]bool{
		"#include <local/abstractions/libvirt-qemu>": true, "  include if exists <local/abstractions/libvirt-qemu>": true,
		`include "/etc/apparmor.d/local/abstractions/libvirt-qemu"`: true,
		"# include <local/abstractions/libvirt-qemu>":               false,
		"## include <x>":              false,
		"include <abstractions/base>": false,
	} {
		assert.Equal(t, want, includes(step.File{Data: []byte("/a r,\n" + text + "\n")}, "local/abstractions/libvirt-qemu"),
			text)
	}
}
