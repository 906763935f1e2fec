package host

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

const secretID = "secret/compute1/ceph.client.cinder"

func TestASecret(t *testing.T) {
	value, err := libvirtsecret.ParseValue(oldTypeKey)
	require.NoError(t, err)
	other, err := libvirtsecret.ParseValue(otherKey)
	require.NoError(t, err)
	uuid, usage := uuidOf("client.cinder"), libvirtsecret.UsageID(testFSID, "client.cinder")
	has := func(s libvirtsecret.Secret) []libvirtsecret.Secret {
		s.UUID = uuid
		return []libvirtsecret.Secret{s}
	}
	right := step.FieldDiff{Field: "value", Desired: words.Digest(oldTypeKey)}
	wrong := step.FieldDiff{Field: "value", Observed: words.Digest(otherKey), Desired: words.Digest(oldTypeKey)}
	kept := step.FieldDiff{Field: "ephemeral", Observed: "yes", Desired: "no"}
	for name, c := range map[string]struct {
		have   []libvirtsecret.Secret
		action step.Action
		reason string
		diffs  []step.FieldDiff
	}{
		"none": {nil, step.Create, "the libvirt secret is not defined", []step.FieldDiff{{Field: "usage",
			Desired: usage}, right}},
		"well": {has(libvirtsecret.Secret{UsageID: "any", Value: value}), "", "", nil},
		"of another key": {has(libvirtsecret.Secret{UsageID: "any", Value: other}), step.Update,
			"its value is not the user's key", []step.FieldDiff{wrong}},
		"without a value": {has(libvirtsecret.Secret{UsageID: "any"}), step.Update, "its value is not the user's key",
			[]step.FieldDiff{right}},
		"ephemeral": {has(libvirtsecret.Secret{UsageID: "any", Value: value, Ephemeral: true}), step.Update,
			"it is lost when libvirt's daemon ends", []step.FieldDiff{kept}},
		"ephemeral, wrong": {has(libvirtsecret.Secret{UsageID: "any", Value: other, Ephemeral: true}), step.Update,
			"its value is not the user's key", []step.FieldDiff{kept, wrong}},
		"ephemeral, private": {has(libvirtsecret.Secret{UsageID: "any", Private: true, Ephemeral: true}), step.Update,
			"it is lost when libvirt's daemon ends", []step.FieldDiff{kept}},
	} {
		s := newScene(t, "compute1")
		s.v.Host.Secrets = append([]libvirtsecret.Secret{{UUID: uuidOf("x"), UsageID: "another", Value: other}}, c.have...)
		d := s.compare(secretID)
		assert.Equal(t, []any{c.action, c.reason, c.diffs}, []any{d.Action, d.Reason, d.Diffs}, name)
		assert.Equal(t, uuid, d.Name)
		if c.diffs == nil {
			assert.Equal(t, uuid+" holds the key of client.cinder", d.Have)
			assert.Nil(t, d.Do)
			continue
		}
		made, err := d.Do.(step.HostStep).Secret(s.late())
		require.NoError(t, err)
		assert.True(t, made.Value.Equal(value), name)
		assert.False(t, made.Ephemeral, name)
		require.NotNil(t, made.Was, name)
		if len(c.have) == 0 {
			assert.Zero(t, *made.Was, "there must be no such secret")
		} else {
			assert.Equal(t, c.have[0], *made.Was, "the secret must be as the plan saw it")
			assert.Equal(t, "any", made.UsageID, "the usage is adopted")
			assert.False(t, made.Conflicts(c.have[0]), name)
		}
	}
}

func TestAPrivateSecretCannotBeCompared(t *testing.T) {
	s := newScene(t, "compute1")
	s.v.Host.Secrets = []libvirtsecret.Secret{{UUID: uuidOf("client.cinder"), UsageID: "any", Private: true}}
	d := s.compare(secretID)
	assert.Nil(t, d.Do)
	assert.Empty(t, d.Findings)
	require.EqualError(t, d.Unable, uuidOf("client.cinder")+": private, so libvirt does not give its value out; "+
		"define it anew as not private, or prove it by the journey alone")
}

func TestASecretThatIsLeftAlone(t *testing.T) {
	s := newScene(t, "compute1")
	usage := libvirtsecret.UsageID(testFSID, "client.cinder")
	s.v.Host.Secrets = []libvirtsecret.Secret{{UUID: "u", UsageID: usage}}
	f := s.one(s.compare(secretID), "secret-usage-taken")
	assert.Equal(t, uuidOf("client.cinder"), s.compare(secretID).Name)
	require.ErrorIs(t, f.Err, libvirtsecret.ErrConflict)
	assert.Equal(t, "secret of client.cinder", f.Object)
	assert.Contains(t, f.Message, `secret u has the usage "`+usage+`" already; `+
		"set cinder.backends[0].secret_uuid: u in the Spec to adopt it")

	s = newScene(t, "compute1")
	s.v.Host.SecretErr = libvirtsecret.ErrUnreachable
	f = s.one(s.compare(secretID), "secrets-unreadable")
	assert.Contains(t, f.Message, "libvirt's secrets cannot be read: ")
	assert.Contains(t, f.Message, "; see that libvirtd runs on that host, and that virsh is installed, and run again")
	assert.Equal(t, []string{"secrets-unreadable secret of client.cinder", "settings-left-alone /etc/nova/nova.conf"},
		codes(s.all()))

	s.refuse(s.n.FileID("/etc/ceph/ceph.conf"))
	d := s.compare(secretID)
	assert.True(t, d.Refused)
	assert.Empty(t, d.Findings)
}

// TestAKeyThatLibvirtCannotKeep: libvirt gives out other text of the same bytes.
func TestAKeyThatLibvirtCannotKeep(t *testing.T) {
	s := newScene(t, "compute1")
	s.v.Clusters["ceph"].Users["client.cinder"] = ceph.User{Entity: "client.cinder", Key: s.key("AR==")}
	d := s.compare(secretID)
	f := s.one(d, "key-not-base64")
	assert.True(t, d.Refused && f.Problem)
	assert.NotContains(t, f.Message, "AR==")
}

// TestASecretWhoseKeyChangedSinceThePlan is not defined by the old key, nor by the new.
func TestASecretWhoseKeyChangedSinceThePlan(t *testing.T) {
	for _, id := range []string{secretID, "file/compute1/" + secretFolder + "ceph.client.cinder.base64"} {
		s := newScene(t, "compute1", func(s *spec.Spec) {
			if id != secretID {
				inKollaSpec(s)
			}
		})
		do := s.compare(id).Do.(step.HostStep)
		s.v.Clusters["ceph"].Users["client.cinder"] = ceph.User{Entity: "client.cinder", Key: s.key(otherKey)}
		var err error
		if do.Secret != nil {
			_, err = do.Secret(s.late())
		} else {
			_, err = do.Ops(s.late())
		}
		require.ErrorIs(t, err, step.ErrConflict, id)
		require.NotContains(t, err.Error(), otherKey)
	}
}

// TestSecretsOfClustersDoNotMix: a ceph.conf that is left alone keeps back the secrets
// of its own cluster, and only on behalf of nova-compute.
func TestSecretsOfClustersDoNotMix(t *testing.T) {
	const inB = "secret/compute1/b.client.cinder"
	s := newScene(t, "compute1", twoClusters)
	assert.Equal(t, []step.ID{cluster.UserID(spec.User{Cluster: "b", Entity: "client.cinder"})}, s.resource(inB).Needs())
	s.refuse(s.n.FileID("/etc/ceph/b.conf"))
	assert.Equal(t, s.n.FileID("/etc/ceph/b.conf"), s.compare(inB).Because)
	assert.NotNil(t, s.compare(secretID).Do)

	s = newScene(t, "compute1", inKollaSpec, func(s *spec.Spec) {
		s.Hosts[1].Services = append(s.Hosts[1].Services, "cinder-volume")
	})
	s.refuse(s.n.FileID("/etc/kolla/cinder-volume/ceph.conf"))
	assert.NotNil(t, s.compare(secretID).Do, "libvirt does not read the files of cinder-volume")
	s.refuse(s.n.FileID("/etc/kolla/nova-libvirt/ceph.conf"))
	assert.True(t, s.compare(secretID).Refused)
}

func TestASecretThatWaitsForItsUser(t *testing.T) {
	s := newScene(t, "compute1")
	delete(s.v.Clusters["ceph"].Users, "client.cinder")
	value, err := libvirtsecret.ParseValue(otherKey)
	require.NoError(t, err)
	s.v.Host.Secrets = []libvirtsecret.Secret{{UUID: uuidOf("client.cinder"), UsageID: "any", Value: value}}
	d := s.compare(secretID)
	assert.Equal(t, []step.FieldDiff{{Field: "value", Observed: words.Digest(otherKey), Desired: "of the new user"}},
		d.Diffs)
	s.v.Host.Secrets[0].Value = libvirtsecret.Value{}
	assert.NotNil(t, s.compare(secretID).Do, "a secret without a value does not hold a key that is not there yet")
}

const secretFolder = "/etc/kolla/nova-libvirt/secrets/"

// TestFormsOfASecretsFile: what describes the secret in another way stays, and its
// bytes stay where only its mode is wrong.
func TestFormsOfASecretsFile(t *testing.T) {
	const id = "file/compute1/" + secretFolder + "ceph.client.cinder.xml"
	uuid, usage := uuidOf("client.cinder"), libvirtsecret.UsageID(testFSID, "client.cinder")
	text := func(ephemeral, uuid, usage string) string {
		return "<secret ephemeral='" + ephemeral + "' private='no'>\n<uuid>" + uuid + "</uuid><usage type='ceph'><name>" +
			usage + "</name></usage></secret>"
	}
	for name, c := range map[string]struct {
		text string
		well bool
	}{
		"another form":     {text("no", uuid, usage), true},
		"ephemeral":        {text("yes", uuid, usage), false},
		"of another usage": {text("no", uuid, "x"), false},
		"another secret":   {text("no", uuidOf("x"), "x"), false},
		"no description":   {"<domain/>", false},
	} {
		s := newScene(t, "compute1", inKollaSpec)
		s.file(secretFolder+uuid+".xml", c.text, 0o646)
		d := s.compare(id)
		write := s.ops(d)[0].(remote.WriteFile)
		assert.Equal(t, "0640", words.Octal(write.Mode), name)
		assert.Equal(t, c.well, string(write.Data) == c.text, name)
		made, err := libvirtsecret.ParseXML(write.Data)
		require.NoError(t, err, name)
		assert.Equal(t, []any{uuid, usage, false}, []any{made.UUID, made.UsageID, made.Ephemeral}, name)
	}
}

// TestTheValueOfASecretsFile stays in its bytes where only its mode is wrong.
func TestTheValueOfASecretsFile(t *testing.T) {
	const id = "file/compute1/" + secretFolder + "ceph.client.cinder.base64"
	path := secretFolder + uuidOf("client.cinder") + ".base64"
	s := newScene(t, "compute1", inKollaSpec)
	s.file(path, oldTypeKey+"\n", 0o644)
	d := s.compare(id)
	write := s.ops(d)[0].(remote.WriteFile)
	assert.Equal(t, oldTypeKey+"\n", string(write.Data))
	assert.Equal(t, "0640", words.Octal(write.Mode), "others cannot read a key")
	assert.Equal(t, "its owner or mode is not as needed", d.Reason)
	s.v.Host.Files[path] = step.File{Err: remote.ErrTooLarge}
	assert.Equal(t, path, s.compare(id).Name)
	delete(s.v.Clusters["ceph"].Users, "client.cinder")
	s.v.Host.Files[path] = step.File{Missing: true}
	d = s.compare(id)
	require.NotNil(t, d.Do, "no file holds the key of a user that is not made")
	assert.Equal(t, []string{"value", "mode"}, []string{d.Diffs[0].Field, d.Diffs[1].Field})
}

func TestASecretOfANewUser(t *testing.T) {
	s := newScene(t, "compute1")
	delete(s.v.Clusters["ceph"].Users, "client.cinder")
	d := s.compare(secretID)
	assert.Equal(t, "of the new user", d.Diffs[1].Desired)
	s.v.Clusters["ceph"].Users["client.cinder"] = ceph.User{Entity: "client.cinder", Key: s.key(otherKey)}
	made, err := d.Do.(step.HostStep).Secret(s.late())
	require.NoError(t, err)
	assert.Equal(t, otherKey, made.Value.Reveal())
	assert.Equal(t, "CephX key of client.cinder, cluster ceph", made.Description)
}

func TestTheFilesOfASecret(t *testing.T) {
	const folder = secretFolder
	const xmlID, valueID = "file/compute1/" + folder + "ceph.client.cinder.xml", "file/compute1/" + folder +
		"ceph.client.cinder.base64"
	s := newScene(t, "compute1", inKollaSpec)
	uuid := uuidOf("client.cinder")
	assert.Equal(t, []step.ID{cluster.UserID(s.n.Site.Secrets[0]), s.n.DirectoryID("/etc/kolla/nova-libvirt/secrets")},
		s.resource(xmlID).Needs())
	d := s.compare(valueID)
	assert.Equal(t, folder+uuid+".base64", d.Name)
	write := s.ops(d)[0].(remote.WriteFile)
	assert.Equal(t, oldTypeKey, string(write.Data))
	assert.Equal(t, remote.Absent, write.Was)
	assert.Equal(t, []any{"42401", "42402", "0600"}, []any{write.Owner, write.Group, words.Octal(write.Mode)})
	d = s.compare(xmlID)
	made, err := libvirtsecret.ParseXML(s.ops(d)[0].(remote.WriteFile).Data)
	require.NoError(t, err)
	assert.Equal(t, uuid, made.UUID)

	s.file(folder+uuid+".xml", "<secret ephemeral='no' private='no'>\n<uuid>"+uuid+"</uuid><usage type='ceph'><name>"+
		libvirtsecret.UsageID(testFSID, "client.cinder")+"</name></usage></secret>", 0o640)
	assert.Equal(t, folder+uuid+".xml root:root 0640", s.compare(xmlID).Have, "another form is as good")
	s.file(folder+uuid+".xml", "<secret/>")
	assert.Equal(t, "other content", s.compare(xmlID).Diffs[0].Observed)
	s.file(folder+uuid+".base64", otherKey+"\n", 0o600)
	assert.Equal(t, step.FieldDiff{Field: "value", Observed: words.Digest(otherKey), Desired: words.Digest(oldTypeKey)},
		s.compare(valueID).Diffs[0])
	write = s.ops(s.compare(valueID))[0].(remote.WriteFile)
	assert.Equal(t, s.v.Host.Files[folder+uuid+".base64"].SHA256, write.Was, "only over what the plan saw")
	s.file(folder+uuid+".base64", oldTypeKey, 0o600)
	assert.True(t, strings.HasPrefix(s.compare(valueID).Have, folder))
	delete(s.v.Clusters["ceph"].Users, "client.cinder")
	assert.Equal(t, "of the new user", s.compare(valueID).Diffs[0].Desired)

	s.v.Host.Files[folder+uuid+".base64"] = step.File{Err: remote.ErrTooLarge}
	assert.Equal(t, folder+uuid+".base64", s.one(s.compare(valueID), "secret-file-unreadable").Object)
	s.refuse(s.n.SecretID(s.n.Site.Secrets[0]))
	d = s.compare(valueID)
	assert.True(t, d.Refused)
	assert.Empty(t, d.Findings, "the secret says it")
}

func TestSecretsAreOnComputes(t *testing.T) {
	s := newScene(t, "controller")
	assert.Empty(t, newSecrets(s.n))
	assert.Empty(t, newSecretFiles(s.n))
	assert.Empty(t, newSecretFiles(newScene(t, "compute1").n), "libvirt keeps its own")
	assert.True(t, newScene(t, "compute1").resource(secretID).Asks().Secrets)
}
