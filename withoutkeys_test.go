package cephstack_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack"
)

func TestWithoutKeys(t *testing.T) {
	const key = "AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw=="
	for text, want := range map[string]string{
		"":                                  "",
		"key = " + key + " is not good":     "key = [redacted] is not good",
		"[client.x]\n\tkey = " + key + "\n": "[client.x]\n\tkey = [redacted]\n",
		`{"key":"` + key + `"}`:             `{"key":"[redacted]"}`,
		"bad " + base64.StdEncoding.EncodeToString([]byte(key)): "bad [redacted]",
		"no secret 457eb676-33da-42ec-9a8c-9293d545c337":        "no secret 457eb676-33da-42ec-9a8c-9293d545c337",
		"error opening /var/run/libvirt/libvirt-sock/of/daemon": "error opening /var/run/libvirt/libvirt-sock/of/daemon",
		"pool 'images' already exists":                          "pool 'images' already exists",
	} {
		assert.Equal(t, want, cephstack.WithoutKeys(text))
	}
}
