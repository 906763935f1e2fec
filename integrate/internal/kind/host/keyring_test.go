package host

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const (
	ringPath = "/etc/ceph/ceph.client.glance.keyring"
	ringID   = "file/controller/" + ringPath
)

func ringOf(entity, key string) string { return "[" + entity + "]\n\tkey = " + key + "\n" }

func TestKeyringOfTwoServicesIsReadByBoth(t *testing.T) {
	for _, c := range []struct {
		services []string
		want     []any
	}{
		{[]string{"cinder-volume", "nova-compute"}, []any{"cinder", "nova", "0440"}},
		{[]string{"nova-compute", "cinder-volume"}, []any{"cinder", "nova", "0440"}},
		{[]string{"nova-compute"}, []any{"root", "nova", "0640"}},
		{[]string{"cinder-volume", "cinder-backup"}, []any{"root", "cinder", "0640"}},
	} {
		s := newScene(t, "controller", func(s *spec.Spec) { s.Hosts[0].Services = c.services })
		r := keyring{s.n, s.n.Copies()[0], spec.User{Cluster: "ceph", Entity: "client.cinder"}}
		owner, group, mode := r.owner()
		assert.Equal(t, c.want, []any{owner, group, words.Octal(mode)})
	}
}

func TestAKeyring(t *testing.T) {
	s := newScene(t, "controller")
	glance := spec.User{Cluster: "ceph", Entity: "client.glance"}
	assert.Equal(t, []step.ID{cluster.UserID(glance), s.n.DirectoryID("/etc/ceph")}, s.resource(ringID).Needs())
	d := s.compare(ringID)
	assert.Equal(t, []step.FieldDiff{{Field: "key", Desired: words.Digest(oldTypeKey)}, {Field: "mode",
		Desired: "root:glance 0640"}}, d.Diffs)
	write := s.ops(d)[0].(remote.WriteFile)
	assert.Equal(t, ringOf("client.glance", oldTypeKey), string(write.Data))
	assert.Equal(t, remote.Absent, write.Was)
	assert.Empty(t, d.Findings)

	s.file(ringPath, "# mine\n"+ringOf("client.glance", oldTypeKey), 0o600)
	d = s.compare(ringID)
	assert.Equal(t, "its owner or mode is not as needed", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "mode", Observed: "root:root 0600", Desired: "root:glance 0640"}}, d.Diffs)
	assert.Contains(t, string(s.ops(d)[0].(remote.WriteFile).Data), "# mine\n",
		"the form of a file with the right key stays")

	s.file(ringPath, ringOf("client.glance", otherKey))
	d = s.compare(ringID)
	assert.Equal(t, "its content is not as needed", d.Reason)
	assert.Equal(t, step.FieldDiff{Field: "key", Observed: words.Digest(otherKey), Desired: words.Digest(oldTypeKey)},
		d.Diffs[0])

	// Two keys with one digest are not one key.
	s.file(ringPath, ringOf("client.glance", "AQAA8VNlAAAAABAAa4r2VEqfBiMAQn5wD4vdDg=="))
	s.v.Clusters["ceph"].Users["client.glance"] = ceph.User{Entity: "client.glance",
		Key: s.key("AQAA8VNlAAAAABAAG4HvO6tlZY8Xo2u/K4LPZA==")}
	d = s.compare(ringID)
	assert.Equal(t, "its content is not as needed", d.Reason)
	assert.Equal(t, d.Diffs[0].Desired, d.Diffs[0].Observed)

	delete(s.v.Clusters["ceph"].Users, "client.glance")
	assert.Equal(t, "of the new user", s.compare(ringID).Diffs[0].Desired)
}

func TestAKeyThatChangedSinceThePlan(t *testing.T) {
	s := newScene(t, "controller")
	d := s.compare(ringID)
	s.v.Clusters["ceph"].Users["client.glance"] = ceph.User{Entity: "client.glance", Key: s.key(otherKey)}
	_, err := d.Do.(step.HostStep).Ops(s.late())
	require.ErrorIs(t, err, step.ErrConflict)
	require.EqualError(t, err, "integrate: changed since the plan was made: "+
		"user client.glance in cluster ceph has another key now; plan again")
	_, err = d.Do.(step.HostStep).Ops(step.Late{Key: func(_, _ string) (ceph.Key, error) {
		return ceph.Key{}, ceph.ErrUnreachable
	}})
	require.ErrorIs(t, err, ceph.ErrUnreachable, "a key that is not known is not another key")
	require.NotErrorIs(t, err, step.ErrConflict)
}

func TestAKeyringThatIsLeftAlone(t *testing.T) {
	for _, c := range []struct{ text, code, message string }{
		{"key x\n", "not-a-keyring", "; to move it away, run `mv -- /etc/ceph/ceph.client.glance.keyring "},
		{ringOf("client.glance", oldTypeKey) + ringOf("client.admin", otherKey), "keyring-of-several-users",
			"holds the key of client.admin too, so it is left alone; give each user a file of its own"},
	} {
		s := newScene(t, "controller")
		s.file(ringPath, c.text)
		f := s.one(s.compare(ringID), c.code)
		assert.Contains(t, f.Message, c.message)
		assert.NotContains(t, f.Message, otherKey)
		assert.Equal(t, []string{ringPath, ringPath}, []string{f.Object, s.compare(ringID).Name})
	}
	s := newScene(t, "controller")
	s.v.Host.Files[ringPath] = step.File{Err: remote.ErrTooLarge}
	require.ErrorIs(t, s.one(s.compare(ringID), "keyring-unreadable").Err, remote.ErrTooLarge)
	s.refuse(s.n.ConfID(s.n.Copies()[0], "ceph"))
	d := s.compare(ringID)
	assert.True(t, d.Refused)
	assert.Equal(t, s.n.FileID("/etc/ceph/ceph.conf"), d.Because)
	assert.Empty(t, d.Findings)
}

// TestKeysThatAHostCannotRead: services are not sent to a cluster whose key their
// librados does not know.
func TestKeysThatAHostCannotRead(t *testing.T) {
	for version, reads := range map[string]bool{"16.2.15+ds-0+deb12u1": false, "18.2.7+ds-1": false, "19.2.3-1": false,
		"19.2.6-1": true,
		"20.2.1-1": false, "2:20.2.4-1": true, "21.2.0": true, "": true} {
		s := newScene(t, "controller", func(s *spec.Spec) { s.Clusters[0].MinClient = "20.2.4" })
		s.v.Host.Packages["ceph-common"] = version
		s.v.Clusters["ceph"].Users["client.glance"] = ceph.User{Entity: "client.glance", Key: s.key(newTypeKey)}
		findings := s.all()
		assert.Equal(t, reads, len(findings) == 0, "%s: %v", version, findings)
		assert.Equal(t, reads, s.v.Ledger.Planned(s.n.SettingsID("/etc/glance/glance-api.conf")), version)
		assert.True(t, s.v.Ledger.Planned(s.n.SettingsID("/etc/cinder/cinder.conf")), "has keys of its own")
		if !reads {
			assert.Equal(t, []string{"key-type-unreadable " + ringPath, "settings-left-alone /etc/glance/glance-api.conf"},
				codes(findings))
			assert.Contains(t, findings[0].Message, "the key of client.glance is of type aes256k, which Ceph ")
			assert.Equal(t, "left alone until the problem of glance-api on this host is solved", findings[1].Message)
			assert.NotContains(t, findings[0].Message, newTypeKey)
			assert.False(t, s.v.Ledger.Planned(s.n.UnitID("glance-api")))
			s.v.Ledger.Put(s.n.UpgradeID(), &step.Delta{Do: step.HostStep{}})
			assert.Empty(t, s.compare(ringID).Findings, "it is about to be upgraded")
		}
	}
}

// TestAnUpgradeThatIsNotEnough for a key: min_client is older than what reads it.
func TestAnUpgradeThatIsNotEnough(t *testing.T) {
	s := newScene(t, "controller", func(s *spec.Spec) { s.Clusters[0].MinClient = "18.2.4" })
	s.v.Clusters["ceph"].Users["client.glance"] = ceph.User{Entity: "client.glance", Key: s.key(newTypeKey)}
	s.v.Ledger.Put(s.n.UpgradeID(), &step.Delta{Do: step.HostStep{}})
	s.one(s.compare(ringID), "key-type-unreadable")
}

// TestAKeyringOfAContainer is owned as the files that kolla-ansible puts there.
func TestAKeyringOfAContainer(t *testing.T) {
	const id, path = "file/controller//etc/kolla/glance-api/ceph.client.glance.keyring",
		"/etc/kolla/glance-api/ceph/ceph.client.glance.keyring"
	s := newScene(t, "controller", inKollaSpec)
	write := s.ops(s.compare(id))[0].(remote.WriteFile)
	assert.Equal(t, remote.WriteFile{Path: path, Data: write.Data, Owner: "42401", Group: "42402", Mode: 0o660,
		Was: remote.Absent}, write)
	s.file(path, ringOf("client.glance", oldTypeKey), 0o600)
	assert.Equal(t, path+" root:root 0600", s.compare(id).Have, "an owner and a mode of its own stay")
	s.file(path, ringOf("client.glance", otherKey), 0o644)
	d := s.compare(id)
	write = s.ops(d)[0].(remote.WriteFile)
	assert.Equal(t, []any{"root", "root", "0640"}, []any{write.Owner, write.Group, words.Octal(write.Mode)},
		"others cannot read a key")
	assert.Empty(t, d.Findings, "every Ceph reads a key of type aes")
}

// TestAUserIsMadeWithAKeyThatAHostCannotRead: the type is known only then.
func TestAUserIsMadeWithAKeyThatAHostCannotRead(t *testing.T) {
	s := newScene(t, "controller")
	delete(s.v.Clusters["ceph"].Users, "client.glance")
	d := s.compare(ringID)
	require.NotNil(t, d.Do)
	s.v.Clusters["ceph"].Users["client.glance"] = ceph.User{Entity: "client.glance", Key: s.key(newTypeKey)}
	_, err := d.Do.(step.HostStep).Ops(s.late())
	require.ErrorContains(t, err, "of type aes256k")
	require.NotContains(t, err.Error(), newTypeKey)
}

// TestKeysThatAnImageMayNotRead: what an image can read is not known.
func TestKeysThatAnImageMayNotRead(t *testing.T) {
	s := newScene(t, "controller", inKollaSpec)
	s.v.Clusters["ceph"].Users["client.glance"] = ceph.User{Entity: "client.glance", Key: s.key(newTypeKey)}
	d := s.compare("file/controller//etc/kolla/glance-api/ceph.client.glance.keyring")
	f := s.one(d, "key-may-be-unreadable")
	assert.False(t, f.Problem)
	assert.Equal(t, "/etc/kolla/glance-api/ceph/ceph.client.glance.keyring", f.Object)
	assert.Contains(t, f.Message, "whether container glance_api has a newer one cannot be told")
	assert.NotNil(t, d.Do)
}

// TestAKeyringThatCephCannotRead is written anew, though its key is right.
func TestAKeyringThatCephCannotRead(t *testing.T) {
	s := newScene(t, "controller")
	fit := ringOf("client.glance", oldTypeKey)
	for text, fault := range map[string]string{
		fit[:len(fit)-1]:               "line 2: the last line has no line end",
		" " + fit:                      "line 1: a section line is indented",
		"\n \n" + fit:                  "line 2: white space in a blank line before the first section",
		fit + "\t":                     "line 3: white space behind the last line",
		fit + "[global]\nx = \u00e9\n": "line 4: a character beyond ASCII",
	} {
		s.file(ringPath, text)
		d := s.compare(ringID)
		assert.Equal(t, step.FieldDiff{Field: "form", Observed: fault, Desired: "a file that Ceph reads"}, d.Diffs[0])
		assert.Equal(t, "Ceph cannot read the file", d.Reason)
		assert.Equal(t, fit, string(s.ops(d)[0].(remote.WriteFile).Data))
	}
	s.file(ringPath, "[client.glance]\nkey = \""+oldTypeKey+"\" # mine\n\n\tcaps mon osd = x\n")
	for _, diff := range s.compare(ringID).Diffs {
		assert.Equal(t, "mode", diff.Field, "a file that Ceph reads stays")
	}
}
