package remote_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A villain is what a hostile host does with a session, in which the client has asked for the
// program with the mark. It ends when the connection does.
type villain func(ch ssh.Channel, mark string)

// hostile starts a server that lets everybody in. Its address is known to the config.
func hostile(t *testing.T, key []byte, do villain, change func(*ssh.ServerConfig)) remote.Config {
	t.Helper()
	_, hostKey := newKey(t)
	server := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, nil
	}}
	server.AddHostKey(hostKey)
	if change != nil {
		change(server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go hostileConn(c, server, do)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return remote.Config{Name: "c1", Address: l.Addr().String(), User: "root",
		Keys:       []cephstack.Redacted{cephstack.Redact(key)},
		KnownHosts: []string{writeKnown(t, "[127.0.0.1]:"+port+" "+string(ssh.MarshalAuthorizedKey(hostKey.PublicKey())))},
		Timeouts: remote.Timeouts{
			Handshake: 2 * time.Second, Authenticate: 2 * time.Second,
			Start: time.Second, Idle: 1500 * time.Millisecond, Total: 2 * time.Second,
		}}
}

func hostileConn(c net.Conn, server *ssh.ServerConfig, do villain) {
	defer c.Close()
	_, channels, requests, err := ssh.NewServerConn(c, server)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		ch, requests, err := asked.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(true, nil)
				var exec struct{ Command string }
				if r.Type == "exec" && ssh.Unmarshal(r.Payload, &exec) == nil {
					inline, _ := wire.Commanded(exec.Command)
					request, _ := wire.Uninline(inline)
					line, _, _ := strings.Cut(string(request), "\n")
					go do(ch, strings.TrimPrefix(line, "cephstack 2 "))
				}
			}
		}()
	}
}

// again says the same without end, with a pause.
func again(w io.Writer, text string, pause time.Duration) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// villains are hostile hosts. Where the mark stands in a text, the client's is put in.
func villains() map[string]villain {
	const hello, op = "MARK hello 2\n", "MARK hello 2\nMARK op 0\n"
	all := map[string]villain{}
	end := strings.Repeat("e", 40)
	for name, c := range map[string]struct {
		head, text string
		pause      time.Duration
	}{
		"silence":                   {},
		"a byte now and then":       {"", "x", 20 * time.Millisecond},
		"lines now and then":        {"", "waiting\n", 20 * time.Millisecond},
		"endless lines":             {"", strings.Repeat("waiting\n", 4000), 0},
		"an endless line":           {"", strings.Repeat("x", 32<<10), 0},
		"a byte in an answer":       {hello, "x", 20 * time.Millisecond},
		"facts in an answer":        {op, "MARK stat x\n", 20 * time.Millisecond},
		"beats in an answer":        {op, "MARK beat\n", 20 * time.Millisecond},
		"endless beats":             {op, strings.Repeat("MARK beat\n", 500), 0},
		"endless facts":             {op, strings.Repeat("MARK stat x\n", 500), 0},
		"an endless fact":           {op + "MARK stat ", strings.Repeat("x", 32<<10), 0},
		"an endless raw":            {op + "MARK raw data " + end + "\n", strings.Repeat("x\n", 16<<10), 0},
		"a raw of a claimed size":   {op + "MARK raw data " + end + " 99999999999\n", "x", 20 * time.Millisecond},
		"endless raws":              {op, "MARK raw data " + end + "\n" + strings.Repeat("x", 30<<10) + "\n" + end + "\n", 0},
		"an empty answer":           {hello + "MARK bye\n", "", time.Second},
		"an answer to nobody":       {op + "MARK op 1\n", "", time.Second},
		"silence in an answer":      {op, "", time.Second},
		"numbers beyond all bounds": {hello + "MARK op 99999999999999999999\n", "", time.Second},
	} {
		all[name] = func(ch ssh.Channel, mark string) {
			marked := func(s string) string { return strings.ReplaceAll(s, "MARK", mark) }
			_, _ = io.WriteString(ch, marked(c.head))
			if c.text != "" {
				again(ch, marked(c.text), c.pause)
			}
		}
	}
	all["endless standard error"] = func(ch ssh.Channel, _ string) { again(ch.Stderr(), strings.Repeat("x\n", 16<<10), 0) }
	all["endless standard error in an answer"] = func(ch ssh.Channel, mark string) {
		_, _ = io.WriteString(ch, mark+" hello 2\n"+mark+" op 0\n")
		again(ch.Stderr(), strings.Repeat("x\n", 16<<10), 0)
	}
	all["endless requests"] = func(ch ssh.Channel, _ string) {
		for _, err := ch.SendRequest("x", false, nil); err == nil; _, err = ch.SendRequest("x", false, nil) {
			time.Sleep(time.Millisecond)
		}
	}
	return all
}

// inUse is what is live on the heap, and the stacks.
func inUse() int64 {
	var m runtime.MemStats
	for range 3 { // what has a finalizer needs more than one
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// peak watches the heap until it is told to end.
func peak(ctx context.Context) *atomic.Int64 {
	var most atomic.Int64
	go func() {
		for ctx.Err() == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), int64(m.HeapAlloc)))
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return &most
}

func TestAHostileHostCostsLittle(t *testing.T) {
	key, _ := newKey(t)
	for name, do := range villains() {
		t.Run(name, func(t *testing.T) {
			before, goroutines := inUse(), runtime.NumGoroutine()
			ctx, cancel := context.WithCancel(t.Context())
			most := peak(ctx)
			h := open(t, hostile(t, key, do, nil))
			begin := time.Now()
			results, err := h.Do(t.Context(), remote.Stat{Path: "/"}, remote.ReadFile{Path: "/etc/hosts"})
			took := time.Since(begin)
			cancel()
			var of *remote.HostError
			require.ErrorAs(t, err, &of)
			require.Len(t, results, 2)
			require.Less(t, took, 40*time.Second, "%v", err) // about 7 s on a machine that is idle; the host never ends
			require.Less(t, most.Load()-before, int64(100<<20))
			require.NoError(t, h.Close())
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+4 }, time.Minute,
				20*time.Millisecond, "goroutines are left")
			t.Logf("%v: %v, %d KiB", took.Round(time.Millisecond), err, (most.Load()-before)>>10)
		})
	}
}

// A host that answers and never reads what comes next.
func TestAHostThatReadsNothing(t *testing.T) {
	key, _ := newKey(t)
	goroutines := runtime.NumGoroutine()
	cfg := hostile(t, key, func(ch ssh.Channel, mark string) {
		_, _ = io.WriteString(ch, mark+" hello 2\n"+mark+" bye\n")
	}, nil)
	h := open(t, cfg)
	_, err := h.Do(t.Context(), remote.WriteFile{Path: "/x", Data: make([]byte, 16<<20)})
	require.ErrorIs(t, err, remote.ErrTimeout)
	require.NoError(t, h.Close())
	gone := func() bool { return runtime.NumGoroutine() <= goroutines+4 }
	require.Eventually(t, gone, time.Minute, 20*time.Millisecond)
}

// What comes before a session has limits of its own.
func TestAHostileServer(t *testing.T) {
	key, _ := newKey(t)
	good := hostile(t, key, nil, nil)
	for name, text := range map[string]string{"lines": "welcome\r\n", "a line": "welcome", "NUL": "\x00"} {
		t.Run("a greeting without end: "+name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			go func() {
				for c, err := l.Accept(); err == nil; c, err = l.Accept() {
					go again(c, strings.Repeat(text, 1000), time.Millisecond)
				}
			}()
			cfg := good
			cfg.Address, cfg.Timeouts.Retry = l.Addr().String(), time.Millisecond
			before := inUse()
			begin := time.Now()
			_, err = open(t, cfg).Do(t.Context())
			require.ErrorIs(t, err, remote.ErrUnreachable)
			require.Less(t, time.Since(begin), 20*time.Second) // about 2 s; the host never ends
			require.Less(t, inUse()-before, int64(10<<20))
		})
	}
	t.Run("a banner without end", func(t *testing.T) {
		cfg := hostile(t, key, nil, func(c *ssh.ServerConfig) {
			c.PreAuthConnCallback = func(conn ssh.ServerPreAuthConn) {
				for conn.SendAuthBanner(strings.Repeat("welcome\n", 1000)) == nil {
					time.Sleep(time.Millisecond)
				}
			}
		})
		begin := time.Now()
		_, err := open(t, cfg).Do(t.Context())
		require.ErrorIs(t, err, remote.ErrTimeout)
		require.Less(t, time.Since(begin), 20*time.Second)
	})
}

func TestOneBadHostDelaysNoOther(t *testing.T) {
	t.Parallel()
	const start = 15 * time.Second // what the bad host takes; a busy machine may need some of it for the others
	key, _ := newKey(t)
	bad := hostile(t, key, villains()["lines now and then"], nil)
	var known strings.Builder
	names, addresses := []string{"bad"}, map[string]string{"bad": bad.Address}
	for i := range 19 {
		server, err := remotetest.ServeKey(remotetest.NewHost("c"), key)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, server.Close()) })
		names = append(names, fmt.Sprint("c", i))
		addresses[names[i+1]] = server.Address
		known.WriteString(server.KnownHost)
	}
	bad.KnownHosts = append(bad.KnownHosts, writeKnown(t, known.String()))
	bad.Timeouts.Start, bad.Timeouts.Total = start, 2*start
	fleet, err := remote.NewFleet(bad)
	require.NoError(t, err)
	begin := time.Now()
	outcomes := remote.Each(t.Context(), names, 10, func(ctx context.Context, name string) (time.Duration, error) {
		_, err := mustHost(t, fleet, addresses[name]).Do(ctx, remote.Stat{Path: "/etc"})
		return time.Since(begin), err
	})
	require.ErrorIs(t, outcomes[0].Err, remote.ErrTimeout)
	for _, o := range outcomes[1:] {
		require.NoError(t, o.Err)
		require.Less(t, o.Value, start-time.Second)
	}
}
