package libvirtsecret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
)

func secret(t testing.TB) libvirtsecret.Secret {
	t.Helper()
	return libvirtsecret.Secret{
		UUID: libvirtsecret.DeriveUUID("f", "client.a"), UsageID: libvirtsecret.UsageID("f", "client.a"),
		Description: "d", Value: value(t, text),
	}
}

func TestValidate(t *testing.T) {
	good := secret(t)
	require.NoError(t, good.Validate())
	good.Description = "several\n\tlines"
	require.NoError(t, good.Validate())
	for name, spoil := range map[string]func(*libvirtsecret.Secret){
		"lower case":      func(s *libvirtsecret.Secret) { s.UUID = "457EB676-33DA-42EC-9A8C-9293D545C337" },
		"UUID":            func(s *libvirtsecret.Secret) { s.UUID = "" },
		"usage is empty":  func(s *libvirtsecret.Secret) { s.UsageID = "" },
		"usage has":       func(s *libvirtsecret.Secret) { s.UsageID = "a\nb" },
		"usage has c":     func(s *libvirtsecret.Secret) { s.UsageID = "a\xff" },
		"description has": func(s *libvirtsecret.Secret) { s.Description = "a\rb" },
		"value is empty":  func(s *libvirtsecret.Secret) { s.Value = libvirtsecret.Value{} },
	} {
		bad := secret(t)
		spoil(&bad)
		require.ErrorContains(t, bad.Validate(), name)
	}
	err := libvirtsecret.Secret{}.Validate()
	for _, fault := range []string{"UUID", "usage is empty", "value is empty"} {
		require.ErrorContains(t, err, fault, "faults are joined")
	}
}

func TestConflicts(t *testing.T) {
	s := secret(t)
	assert.False(t, s.Conflicts(s))
	other := s
	other.UUID = libvirtsecret.DeriveUUID("f", "client.b")
	assert.True(t, s.Conflicts(other), "same usage, other UUID")
	other.UsageID = "other"
	assert.False(t, s.Conflicts(other))
	other.UUID = s.UUID
	assert.True(t, s.Conflicts(other), "same UUID, other usage")
	private := s
	private.Private = true
	assert.True(t, s.Conflicts(private), "private becomes readable")
	assert.False(t, private.Conflicts(s))
}

func TestUUIDs(t *testing.T) {
	assert.Equal(t, "1b63f79f-dd5b-5d25-bd38-f038b744ec2f",
		libvirtsecret.DeriveUUID("4b5c8c0a-ff60-454b-a1b4-9747aa737d19", "client.cinder"),
		"the UUIDs that hosts have must not change")
	assert.NotEqual(t, libvirtsecret.DeriveUUID("a", "client.x"), libvirtsecret.DeriveUUID("b", "client.x"))
	assert.NotEqual(t, libvirtsecret.DeriveUUID("a", "client.x"), libvirtsecret.DeriveUUID("a", "client.y"))
	require.NoError(t, libvirtsecret.CheckUUID(libvirtsecret.DeriveUUID("", "")))
	for _, bad := range []string{"", "457eb67633da42ec9a8c9293d545c337", "457eb676-33da-42ec-9a8c-9293d545c33",
		"457eb676-33da-42ec-9a8c-9293d545c33g", "457eb676+33da-42ec-9a8c-9293d545c337",
		"-57eb676-33da-42ec-9a8c-9293d545c337"} {
		require.Error(t, libvirtsecret.CheckUUID(bad))
	}
}

func TestXML(t *testing.T) {
	s := secret(t)
	s.Description, s.UsageID, s.Private = "<a> & 'b'\n\"c\" ", "ü <x> &amp;", true
	data, err := s.XML()
	require.NoError(t, err)
	assert.NotContains(t, string(data), text)
	got, err := libvirtsecret.ParseXML(data)
	require.NoError(t, err)
	s.Value = libvirtsecret.Value{}
	assert.Equal(t, s, got)

	_, err = libvirtsecret.ParseXML([]byte("<secret ephemeral='no' private='no'><uuid>u</uuid>" +
		"<usage type='volume'><volume>/x</volume></usage></secret>"))
	require.ErrorIs(t, err, libvirtsecret.ErrUsageType)
	_, err = libvirtsecret.ParseXML([]byte("<domain/>"))
	require.Error(t, err)
	require.NotErrorIs(t, err, libvirtsecret.ErrUsageType)
}

// The words of a description that cannot be read are those of whoever wrote it.
func TestErrorsOfXMLAreShort(t *testing.T) {
	long := strings.Repeat("\u202ex", 1<<18)
	for _, text := range []string{"<" + strings.Repeat("x", 1<<20) + "/>",
		"<secret>&" + strings.Repeat("x", 1<<20) + ";</secret>",
		"<secret><uuid>" + long + "</uuid><usage type='tls'/></secret>"} {
		_, err := libvirtsecret.ParseXML([]byte(text))
		require.Error(t, err)
		require.Less(t, len(err.Error()), 600)
		require.NotContains(t, err.Error(), "\u202e")
	}
}

func TestError(t *testing.T) {
	e := &libvirtsecret.Error{Op: "define", UUID: "u", Detail: "words", Err: libvirtsecret.ErrConflict}
	assert.Equal(t, "define secret u: libvirtsecret: in conflict with what libvirt has: words", e.Error())
	require.ErrorIs(t, e, libvirtsecret.ErrConflict)
	assert.Equal(t, "list: x", (&libvirtsecret.Error{Op: "list", Err: errors.New("x")}).Error())
}

func FuzzXML(f *testing.F) {
	f.Add("u1", "d", true, false)
	f.Add("ü'\"<&>", " \n\t]]>", false, true)
	f.Fuzz(func(t *testing.T, usage, description string, ephemeral, private bool) {
		s := secret(t)
		s.UsageID, s.Description, s.Ephemeral, s.Private = usage, description, ephemeral, private
		if s.Validate() != nil {
			return
		}
		data, err := s.XML()
		require.NoError(t, err)
		got, err := libvirtsecret.ParseXML(data)
		require.NoError(t, err)
		s.Value = libvirtsecret.Value{}
		require.Equal(t, s, got)
	})
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte("<secret><uuid>u</uuid><usage type='ceph'><name>n</name></usage></secret>"))
	f.Add([]byte("<!DOCTYPE x [<!ENTITY e 'v'>]><secret>&e;</secret>"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = libvirtsecret.ParseXML(data) })
}
