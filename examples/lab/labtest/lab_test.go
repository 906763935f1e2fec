package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestState(t *testing.T) {
	for _, c := range []struct{ dir, suite, want string }{
		{"", "", "/var/lib/cephstack-lab"},
		{"", "bookworm", "/var/lib/cephstack-lab"},
		{"", "trixie", "/var/lib/cephstack-lab-trixie"},
		{"/srv/lab", "trixie", "/srv/lab"},
	} {
		env := map[string]string{"CEPHSTACK_LAB": c.dir, "SUITE": c.suite}
		assert.Equal(t, c.want, state(func(name string) string { return env[name] }))
	}
}
