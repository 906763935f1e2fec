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
