package bundle

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestWhereLogsAre in each layout, and that a host is only asked, and never changed.
func TestWhereLogsAre(t *testing.T) {
	for layout, all := range map[string][]string{
		"debian": {"journalctl", "-u nova-compute.service", "/var/log/nova/nova-compute.log",
			"/var/log/cinder/cinder-volume.log"},
		"rdo": {"-u openstack-nova-compute.service", "/var/log/nova/nova-compute.log", "/var/log/glance/api.log",
			"/var/log/cinder/volume.log"},
		"kolla":   {"docker logs --tail 300 nova_compute", "podman logs", "/var/log/kolla/nova/nova-compute.log"},
		"upstart": {"/var/log/upstart/nova-compute.log", "/var/log/glance/glance-api.log"},
	} {
		release := map[string]string{"upstart": "icehouse"}[layout]
		if release == "" {
			release = "zed"
		}
		s, err := spec.Read(strings.NewReader("release: "+release+"\nlayout: "+layout+"\nclusters: [{name: ceph}]\n"+
			"glance: {}\nnova: {}\ncinder: {backends: [{name: ceph}]}\nhosts: [{name: all, services: [glance-api, "+
			"cinder-volume, nova-compute]}]\n"), ".")
		require.NoError(t, err, layout)
		site := want.Resolve(s)
		q := newQuestion(site, site.Host("all"), Options{}.filled())
		var asked []string
		for _, op := range q.ops {
			switch op := op.(type) {
			case remote.Run:
				asked = append(asked, strings.Join(op.Argv, " "))
				assert.Contains(t, []string{"journalctl", "tail", "docker", "podman"}, op.Argv[0], layout)
			case remote.ReadFile, remote.ReadDir, remote.Packages:
			default:
				assert.Fail(t, "an operation that may change something", "%s: %T", layout, op)
			}
			require.NoError(t, remote.Check(op), layout)
		}
		for _, want := range all {
			assert.Contains(t, strings.Join(asked, "\n"), want, layout)
		}
	}
}

// TestHalfALineIsNotTaken: it may be half a secret. Of a long standard output, a Run has the begin, and of a long
// standard error the end.
func TestHalfALineIsNotTaken(t *testing.T) {
	l := log{op: remote.Run{Argv: []string{"docker"}}}
	long := bytes.Repeat([]byte("a line of a log\n"), 10_000)
	cut := remote.Result{Data: append(bytes.Clone(long), "half of hunt"...), Err: remote.ErrTooLarge,
		Stderr: append([]byte("er2 is half\n"), long...)}
	cut.Stderr = cut.Stderr[:mostErrors]
	got := l.text(cut, 1<<20)
	assert.NotContains(t, got, "hunt")
	assert.NotContains(t, got, "er2")
	assert.Contains(t, got, "a line of a log\n")
	cut.Err = nil
	assert.Contains(t, l.text(cut, 1<<20), "hunt", "the last line of a whole output has no end")
}
