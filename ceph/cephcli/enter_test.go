package cephcli_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/remote"
)

// fakeEngine has the container ceph-mon-a and the image quay.io/ceph/ceph:v18. What is inside is this machine itself,
// with the programs in INSIDE before others.
const fakeEngine = `#!/bin/sh
echo "${0##*/} $*" >>LOG
inside() { exec env PATH=INSIDE:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
case "$*" in
"inspect --type container --format {{.State.Running}} ceph-mon-a") echo 'WARN: old kernel' >&2; echo true;;
"inspect --type container --format {{.State.Running}} stopped") echo false;;
"inspect "*) echo 'Error: no such container' >&2; exit 1;;
"image inspect --format {{.Id}} quay.io/ceph/ceph:v18") echo sha256:0;;
"image inspect "*) echo 'Error: no such image' >&2; exit 1;;
"exec --interactive --user root --env LC_ALL=C ceph-mon-a "*) shift 7; inside "$@";;
"run --rm --interactive --pull never --network host --user root --env LC_ALL=C --security-opt label=disable ` +
	`--volume /etc/ceph:/etc/ceph:ro --entrypoint "*" quay.io/ceph/ceph:v18 "*)
	shift 16; program=$1; shift 2; inside "$program" "$@";;
*) echo "unknown: $*" >&2; exit 64;;
esac
`

// fakeCephadm says what the real one says before it runs a program.
const fakeCephadm = `#!/bin/sh
echo "${0##*/} $*" >>LOG
[ "$1 $2" = "shell --" ] || { echo "unknown: $*" >&2; exit 64; }
shift 2
echo 'Inferring fsid a3d17d0c-3f1d-4a9c-9f5e-0d6f1c7f9b52' >&2
echo 'Using ceph image with id 0 and tag v18' >&2
exec env PATH=INSIDE:/usr/sbin:/usr/bin:/sbin:/bin "$@"
`

// outer is this machine with further programs, and without the ceph program.
type outer struct {
	remote.Local
	dir string
}

// newOuter has the engines and cephadm, by name.
func newOuter(t *testing.T, names ...string) *outer {
	t.Helper()
	o := &outer{dir: t.TempDir()}
	require.NoError(t, os.Mkdir(filepath.Join(o.dir, "inside"), 0o755))
	for _, name := range names {
		text := fakeEngine
		if name == "cephadm" {
			text = fakeCephadm
		}
		o.put(t, name, strings.NewReplacer("LOG", o.dir+"/log", "INSIDE", o.dir+"/inside").Replace(text))
	}
	for _, name := range []string{"ceph", "rbd", "rados"} {
		o.put(t, name, "#!/bin/sh\necho 'the host has no such program' >&2\nexit 127\n")
	}
	return o
}

func (o *outer) put(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o755))
}

func (o *outer) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	ops = slices.Clone(ops)
	for i, op := range ops {
		if run, ok := op.(remote.Run); ok {
			run.Argv = append([]string{"env", "PATH=" + o.dir + ":/usr/sbin:/usr/bin:/sbin:/bin"}, run.Argv...)
			ops[i] = run
		}
	}
	return o.Local.Do(ctx, ops...)
}

func (o *outer) log(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(o.dir, "log"))
	require.NoError(t, err)
	return string(data)
}

// ways are all ways into where the programs are.
func ways() map[string]cephcli.Options {
	return map[string]cephcli.Options{
		"docker":  {Container: "ceph-mon-a"},
		"podman":  {Container: "ceph-mon-a"},
		"image":   {Image: "quay.io/ceph/ceph:v18"},
		"cephadm": {Cephadm: true},
	}
}

// program is what has to be on the host for a way.
func program(way string) string {
	if way == "image" {
		return "podman"
	}
	return way
}

// TestInsideLive goes to a real cluster, with programs that are not on the host.
func TestInsideLive(t *testing.T) {
	t.Parallel()
	live := cephlive.Start(t, 1)
	for name, options := range ways() {
		t.Run(name, func(t *testing.T) {
			host := newOuter(t, program(name))
			options.Conf = live.Conf
			cli := cephcli.New(host, options)
			if name != "docker" { // which is asked as podman is
				cephtest.TestBatcher(t, func(*testing.T) ceph.Batcher { return cli })
			}
			status, err := ceph.New(cli).Status(t.Context())
			require.NoError(t, err)
			assert.Equal(t, live.FSID, status.FSID)
			lock := ceph.Lock{Pool: "locks", Object: name, ID: "mine", Term: time.Minute}
			require.NoError(t, ceph.New(cli).TakeLock(t.Context(), lock))
			require.NoError(t, cli.Unlock(t.Context(), lock))
			user, err := ceph.New(cli).CreateUser(t.Context(), "client."+name, ceph.Caps{"mon": "allow r"})
			require.NoError(t, err)
			assert.NotContains(t, host.log(t), user.Key.Reveal())
			options.RBD = "rbd" // without the bindings of Python
			plain := ceph.New(cephcli.New(host, options))
			_, err = plain.User(t.Context(), "client.no-such")
			require.ErrorIs(t, err, ceph.ErrNotFound)
			again, err := plain.User(t.Context(), "client."+name)
			require.NoError(t, err)
			assert.Equal(t, user, again)
		})
	}
}

// TestNoWayInside says what is missing where, and what to do.
func TestNoWayInside(t *testing.T) {
	cephlive.Need(t, "sh", "timeout")
	for name, c := range map[string]struct {
		programs []string
		options  cephcli.Options
		says     []string
	}{
		"no such container": {[]string{"docker", "podman"}, cephcli.Options{Container: "other"}, []string{
			"no container other runs; docker: Error: no such container; podman: Error: no such container",
			"name a container that runs on the host and has the programs ceph, rbd and rados"}},
		"a stopped container": {[]string{"podman"}, cephcli.Options{Container: "stopped"}, []string{
			"no container stopped runs; docker: ", "not found; podman: false"}},
		"no engine": {nil, cephcli.Options{Container: "ceph-mon-a"}, []string{"no container ceph-mon-a runs; docker: ",
			"not found; podman: "}},
		"no such image": {[]string{"podman"}, cephcli.Options{Image: "other"}, []string{"no image other is there; docker: ",
			"podman: Error: no such image", "pull the image there"}},
		"no cephadm": {nil, cephcli.Options{Cephadm: true}, []string{"cephadm is not installed", "install cephadm there"}},
	} {
		t.Run(name, func(t *testing.T) {
			cli := cephcli.New(newOuter(t, c.programs...), c.options)
			_, status := ceph.New(cli).Status(t.Context())
			_, holder := cli.Holder(t.Context(), "locks", "o")
			for _, err := range []error{status, holder} {
				require.NotErrorIs(t, err, ceph.ErrNotFound)
				for _, text := range c.says {
					require.ErrorContains(t, err, text)
				}
			}
		})
	}
}

// TestAContainerWithoutThePrograms is told from a host without them.
func TestAContainerWithoutThePrograms(t *testing.T) {
	cephlive.Need(t, "sh", "timeout")
	for name, where := range map[string]string{"podman": "in container ceph-mon-a", "cephadm": "in cephadm shell",
		"image": "in image quay.io/ceph/ceph:v18"} {
		host := newOuter(t, program(name))
		for _, missing := range []string{"ceph", "rados"} {
			host.put(t, "inside/"+missing, "#!/bin/sh\necho "+missing+": not found >&2\nexit 127\n")
		}
		cli := cephcli.New(host, ways()[name])
		_, status := ceph.New(cli).Status(t.Context())
		require.ErrorContains(t, status, "a program of Ceph is not installed "+where)
		_, holder := cli.Holder(t.Context(), "locks", "o")
		require.ErrorContains(t, holder, "a program of Ceph is not installed "+where)
	}
}
