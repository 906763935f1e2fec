package connect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

// podman has the container ceph-mon-ceph01. Only inside is there this ceph program.
const podman = `#!/bin/sh
case "$*" in
"inspect --type container --format {{.State.Running}} ceph-mon-ceph01") echo true;;
"exec --interactive --user root --env LC_ALL=C ceph-mon-ceph01 "*) shift 7; exec env PATH=INSIDE:/usr/bin:/bin "$@";;
*) echo "Error: no such container" >&2; exit 125;;
esac
`

// insideCeph is a ceph program that knows who the cluster is.
const insideCeph = `#!/bin/sh
[ "$*" = "--connect-timeout 10 --format json fsid" ] || { echo "unknown: $*" >&2; exit 64; }
echo '{"fsid":"a3d17d0c-3f1d-4a9c-9f5e-0d6f1c7f9b52"}'
`

// TestAClusterWhoseProgramIsInAContainer is reached over a real sshd.
func TestAClusterWhoseProgramIsInAContainer(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
		return path
	}
	inside := filepath.Dir(put("inside/ceph", insideCeph))
	port := startSSHD(t, dir, filepath.Dir(put("bin/podman", strings.ReplaceAll(podman, "INSIDE", inside))))
	put("authorized", keygen(t, filepath.Join(dir, "id")))
	public, err := os.ReadFile(filepath.Join(dir, "host"+port+".pub"))
	require.NoError(t, err)
	known := put("known", "[127.0.0.1]:"+port+" "+string(public))
	s := spec.Spec{Release: "2023.1", Layout: spec.LayoutKolla, Glance: &spec.Glance{},
		SSH: spec.SSH{User: "root", KeyFiles: []string{filepath.Join(dir, "id")}, KnownHosts: []string{known},
			Config: "none"},
		Hosts: []spec.Host{{Name: "ceph01", Address: "127.0.0.1:" + port},
			{Name: "controller", Services: []string{"glance-api"}}}}
	ask := func(access string) (ceph.Reply, error) {
		s.Clusters = []spec.Cluster{{Name: "ceph", Host: "ceph01", Access: access}}
		w := open(t, s, connect.Options{WithoutCloud: true})
		return w.Clusters["ceph"].Mon.Command(t.Context(), ceph.Command{JSON: []byte(`{"prefix":"fsid","format":"json"}`)})
	}
	reply, err := ask("container ceph-mon-ceph01")
	require.NoError(t, err)
	assert.Contains(t, reply.Data.Reveal(), "a3d17d0c-3f1d-4a9c-9f5e-0d6f1c7f9b52")
	_, err = ask("container ceph-mon-ceph02")
	require.ErrorContains(t, err, "no container ceph-mon-ceph02 runs; docker: ")
	require.ErrorContains(t, err, "podman: Error: no such container")
}
