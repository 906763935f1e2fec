package openstack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// TestVolumeClusters: the options are what Cinder reads, and an empty field leaves its option alone.
func TestVolumeClusters(t *testing.T) {
	const url = "redis://:p%40ss@192.0.2.5:6379?sentinel=a&x=$$1"
	all, err := openstack.VolumeCluster{Name: "ha", Coordinator: cephstack.Redact(url)}.Settings("rocky")
	require.NoError(t, err)
	require.Len(t, all, 2)
	f := &osloconf.File{}
	for _, s := range all {
		assert.NotEmpty(t, s.Reason)
		require.NoError(t, f.Set(s.Section, s.Option, s.Value))
	}
	assert.Equal(t, "[DEFAULT]\ncluster = ha\n\n[coordination]\nbackend_url = "+url+"\n", string(f.Bytes()))
	all, err = openstack.VolumeCluster{}.Settings("havana")
	require.NoError(t, err)
	assert.Empty(t, all)
}

// TestVolumeClustersThatCannotBe are refused with the reason, and without the URL.
func TestVolumeClustersThatCannotBe(t *testing.T) {
	for says, c := range map[string]struct {
		release openstack.Release
		name    string
		url     string
	}{
		"cannot be in a cluster in queens":                 {"queens", "ha", ""},
		"use letters, digits":                              {"zed", "h a", ""},
		"Cinder locks volumes by files alone in newton":    {"newton", "", "etcd3+http://secret-word"},
		"is not a URL in one word":                         {"zed", "", "secret-word"},
		"the locks of file:// hold on one host alone":      {"zed", "", "file:///secret-word"},
		"an etcd is etcd3+https://":                        {"zed", "", "https://secret-word"},
		"http:// is not the scheme of a coordinator":       {"zed", "", "http://secret-word"},
		"has 128 characters, 127 are possible":             {"zed", strings.Repeat("x", 128), ""},
		"has a dollar, which oslo.config takes for the na": {"zed", "", "redis://:a$b@secret-word"},
	} {
		_, err := openstack.VolumeCluster{Name: c.name, Coordinator: cephstack.Redact(c.url)}.Settings(c.release)
		require.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "secret-word")
	}
}
