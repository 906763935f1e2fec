//go:build !race

package remote_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// served is a server in another process, whose memory does not count.
type served struct {
	Address, KnownHost string
	Key                []byte
}

const serverRole = "CEPHSTACK_TEST_SERVER"

// TestServer is the other process of TestMemoryOfAConnection.
func TestServer(t *testing.T) {
	if os.Getenv(serverRole) == "" {
		return
	}
	s, err := remotetest.Serve(remotetest.NewHost("served"))
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, json.NewEncoder(os.Stdout).Encode(served{s.Address, s.KnownHost, s.Key}))
	_, err = io.Copy(io.Discard, os.Stdin)
	require.NoError(t, err)
}

func startServer(t *testing.T) served {
	cmd := exec.Command(os.Args[0], "-test.run=^TestServer$")
	cmd.Env = append(os.Environ(), serverRole+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		require.NoError(t, cmd.Wait())
	})
	var s served
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "{") {
			require.NoError(t, json.Unmarshal(lines.Bytes(), &s))
			break
		}
	}
	require.NotEmpty(t, s.Address)
	return s
}

// TestMemoryOfAConnection (the race detector has memory of its own) is about what a connection holds while it is open,
// with the host's program waiting on it. A third of it is a buffer of the cipher, which stays as large as the largest
// packet was: the command line with the program.
func TestMemoryOfAConnection(t *testing.T) {
	const n, most = 200, 72 << 10
	s := startServer(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(known, []byte(s.KnownHost), 0o600))
	fleet, err := remote.NewFleet(remote.Config{User: "root",
		Keys: []cephstack.Redacted{cephstack.Redact(s.Key)}, KnownHosts: []string{known}})
	require.NoError(t, err)
	connect := func() {
		h, err := fleet.Host("", s.Address)
		require.NoError(t, err)
		t.Cleanup(func() { h.Close() })
		results, err := h.Do(t.Context(), remote.Stat{Path: "/etc"})
		require.NoError(t, err)
		require.NoError(t, results[0].Err)
	}
	connect() // what all connections share is there
	before, goroutines := inUse(), runtime.NumGoroutine()
	for range n {
		connect()
	}
	each := (inUse() - before) / n
	t.Logf("%d bytes and %.1f goroutines a connection", each, float64(runtime.NumGoroutine()-goroutines)/n)
	require.Less(t, each, int64(most))
}
