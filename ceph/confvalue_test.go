package ceph_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
)

// TestConfValuesReadBack sets values from a seed and has ceph-conf read them. What is
// taken reads back as it was asked for. What is refused would not read back, or holds a
// control character.
func TestConfValuesReadBack(t *testing.T) {
	cephlive.Need(t, "ceph-conf")
	random := rand.New(rand.NewPCG(8, 1))
	parts := []string{"a", "true", "/var/log/x", "20", "=", ",", "[v2:1.2.3.4:3300/0]", "#", ";", `"`, "'", `\`, "]", " ",
		"$cluster", "${cluster}", "$type.$id", "${name}", "$unknown", "${unknown}", "$", "${", "}", "%s", "-", "~", "include",
		" ", "\t", "\n", "\r", "\x00", "\x01", "\x1b", "\x7f", "é", "\u00a0", "\u2028", "\xff", "\x80"}
	accepted, refused := 0, 0
	for range 500 {
		value := ""
		for range 1 + random.IntN(4) {
			value += parts[random.IntN(len(parts))]
		}
		conf := new(ceph.Conf)
		err := conf.Set("client", "rbd_cache_policy", value)
		if err == nil {
			accepted++
			got, ok := readBack(t, conf.Render())
			assert.True(t, ok, "%q is taken, and no client of Ceph reads %q", value, conf.Render())
			assert.Equal(t, expanded(value), got, "%q is written as %q", value, conf.Render())
			continue
		}
		refused++
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			continue
		}
		got, ok := readBack(t, fmt.Appendf(nil, "[client]\nrbd_cache_policy = %s\n", escaped(value)))
		assert.False(t, ok && got == expanded(value), "%q is refused (%v), and reads back", value, err)
	}
	assert.Greater(t, accepted, 100)
	assert.Greater(t, refused, 100)
}

// TestConfOfLongValues: Ceph has no limit that a value of a Spec could reach.
func TestConfOfLongValues(t *testing.T) {
	cephlive.Need(t, "ceph-conf")
	value := strings.Repeat("x", 1<<20)
	conf := new(ceph.Conf)
	require.NoError(t, conf.Set("client", "rbd_cache_policy", value))
	got, ok := readBack(t, conf.Render())
	assert.True(t, ok)
	assert.True(t, got == value, "%d bytes", len(got))
}

var variables = regexp.MustCompile(`\$(\{[a-z_]+\}|[a-z_]+)`)

// expanded is a value with the variables that every client has.
func expanded(value string) string {
	known := map[string]string{"cluster": "ceph", "type": "client", "id": "admin", "name": "client.admin"}
	return variables.ReplaceAllStringFunc(value, func(v string) string {
		return cmp.Or(known[strings.Trim(v, "${}")], v)
	})
}

// escaped is a value as somebody who knows the format would write it.
func escaped(value string) string {
	for _, c := range []string{`\`, "#", ";"} {
		value = strings.ReplaceAll(value, c, `\`+c)
	}
	if value != "" && slices.Contains([]byte(`"'`), value[0]) {
		value = `\` + value
	}
	return value
}

// readBack is the option as ceph-conf reads it.
func readBack(t *testing.T, data []byte) (string, bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ceph.conf")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	out, err := exec.Command("ceph-conf", "-c", path, "--cluster", "ceph", "--lookup", "rbd_cache_policy").Output()
	return string(bytes.TrimSuffix(out, []byte("\n"))), err == nil
}
