package osloconf_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// An oracle is a process of oslo.config itself.
type oracle struct {
	dir string
	in  io.Writer
	out *bufio.Reader
}

type answer struct {
	Error  string
	Files  []map[string]map[string][]string
	Values map[string]map[string]string
	Got    map[string]map[string]*string
}

// python is Debian's, whatever else is in front of it on the path.
const python = "/usr/bin/python3"

func newOracle(t testing.TB) *oracle {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import oslo_config.cfg").CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("python3-oslo.config is not installed: %v: %s", err, out))
	}
	cmd := exec.Command(python, filepath.Join("testdata", "oracle.py"))
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		require.NoError(t, cmd.Wait())
	})
	return &oracle{dir: t.TempDir(), in: in, out: bufio.NewReader(out)}
}

// missing skips a test that lacks an oracle, and fails it where all oracles
// have to be there.
func missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CEPHSTACK_LIVE") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// load gives what oslo.config takes from files read in order.
func (o *oracle) load(t testing.TB, files ...[]byte) answer {
	t.Helper()
	return o.ask(t, map[string]any{}, files)
}

// get gives what a service gets that has options of its own, as section and name, beside those
// that the files set.
func (o *oracle) get(t testing.TB, own [][2]string, files ...[]byte) answer {
	t.Helper()
	return o.ask(t, map[string]any{"own": own}, files)
}

func (o *oracle) ask(t testing.TB, question map[string]any, files [][]byte) answer {
	t.Helper()
	var paths []string
	for i, data := range files {
		path := filepath.Join(o.dir, fmt.Sprintf("%d.conf", i))
		require.NoError(t, os.WriteFile(path, data, 0o600))
		paths = append(paths, path)
	}
	question["files"] = paths
	request, err := json.Marshal(question)
	require.NoError(t, err)
	_, err = o.in.Write(append(request, '\n'))
	require.NoError(t, err)
	line, err := o.out.ReadBytes('\n')
	require.NoError(t, err)
	var a answer
	require.NoError(t, json.Unmarshal(line, &a))
	return a
}

var samples = []string{"glance-api.conf", "cinder.conf", "nova.conf"}

// sample gives one of Debian's files.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	data, err := io.ReadAll(z)
	require.NoError(t, err)
	return data
}
