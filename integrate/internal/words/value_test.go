package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// TestValueHidesSecrets: by the name of the field, and by what the value looks like.
func TestValueHidesSecrets(t *testing.T) {
	const key = "AQAIiglrODh5NxAAtOONtdH9jlKuA+thbpOxZQ=="
	for _, field := range []string{"[ceph] san_password", "[DEFAULT] transport_url", "[database] connection",
		"[ceph] replication_device", "[keystone_authtoken] admin_token", "[x] s3_store_secret_key", "[x] swift_store_key",
		"[client.rgw] key", "[client] rgw keystone admin password", "[client] rgw-keystone-admin-token",
		"[libvirt] rbd_secret_uuid", "[x] synology_one_time_pass", "[x] apikey", "[x] password2", "hmac_keys"} {
		assert.Equal(t, words.Hidden("hunter2"), words.Value(field, "hunter2"), field)
		assert.NotContains(t, words.Shown(words.Value(field, "hunter2")), "sha256:", field)
		if field != "[libvirt] rbd_secret_uuid" {
			assert.Equal(t, words.Digest(key), words.Value(field, key), field)
		}
	}
	for field, value := range map[string]string{"[libvirt] rbd_user": key, "[global] mon_host": "10.0.0.1," + key,
		"allows": "write /x " + key, "hw:any": key, "application": key} {
		assert.Equal(t, words.Digest(value), words.Value(field, value), field)
	}
	const extra = "a:b,password=hunter2"
	assert.Equal(t, words.Hidden(extra), words.Value("[a] extra", extra))
	text := "[a]\npassword = x\nkeyring = /etc/ceph/k\n# " + key + "\n"
	assert.Equal(t, "[a]\n"+words.Hidden("password = x")+"\nkeyring = /etc/ceph/k\n"+words.Digest("# "+key)+"\n",
		words.Value("content", text))
	assert.NotEqual(t, words.Value("[a] b", key), words.Value("[a] b", key[:30]+"B"+key[31:]))
}

// FuzzValue: what WithoutSecrets would take out is never shown.
func FuzzValue(f *testing.F) {
	for _, text := range []string{"a b", "password = x", "AQAIiglrODh5NxAAtOONtdH9jlKuA+thbpOxZQ==",
		"//a:b@c", "decode key 'x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !strings.Contains(text, "NOPASSWD:") && cephstack.WithoutSecrets(text) != text {
			assert.NotEqual(t, text, words.Value("[a] b", text))
		}
	})
}

// TestValueShowsTheRest: what an operator has to see to approve a plan.
func TestValueShowsTheRest(t *testing.T) {
	for field, value := range map[string]string{"[ceph] rbd_secret_uuid": "a1ba7a86-dbfd-599c-813e-3d576fb2d011",
		"[DEFAULT] libvirt_inject_password": "False", "[client.x] keyring": "/etc/ceph/ceph.client.x.keyring",
		"[libvirt] inject_key": "true", "[x] ssl_key_file": "/etc/ssl/key.pem", "[x] password_length": "12",
		"mode": "root:root", "key": "sha256:0badcafe", "value": "of the new user", "[ceph] san_password": "",
		"content": "# Written by cephstack.\ndeploy ALL=(root) NOPASSWD: /usr/bin/python3\ngpgkey = https://x/release.asc\n",
		"osd":     "profile rbd pool=volumes, allow r pool=x object_prefix rbd_children",
		"[a] b":   "nfs,ceph", "[global] mon_host": "[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]",
		"[DEFAULT] volume_driver": "cinder.volume.drivers.rbd.RBDDriver"} {
		assert.Equal(t, value, words.Value(field, value), field)
	}
}
