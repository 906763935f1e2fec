package remotetest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote/remotetest"
)

// echo answers each line with two, after a while, and greets first.
func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			fmt.Fprintln(conn, "hello")
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				fmt.Fprintln(conn, lines.Text())
				time.Sleep(5 * time.Millisecond)
				fmt.Fprintln(conn, lines.Text())
			}
			fmt.Fprintln(conn, "bye")
		}()
	}
}

// TestTurnsCountRoundTrips counts on a network in memory, by a clock that stands still
// while anybody works: by a real one, a busy machine would pause an end for so long that
// the turn ends.
func TestTurnsCountRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, proxy := newMemory(), newMemory()
		defer server.Close()
		go echo(server)
		turns := remotetest.NewTurnsOn(proxy, 60*time.Millisecond, func(net.Addr) (net.Conn, error) { return server.dial() })
		defer func() { require.NoError(t, turns.Close()) }()
		takeTurns(t, turns, proxy.dial, func(want float64, what string) { assert.Equal(t, want, turns.RoundTrips(), what) })
	})
}

// TestTurnsOverTCP: there, a busy machine may make turns, but none is missing.
func TestTurnsOverTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go echo(l)
	connect := func(net.Addr) (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	turns, err := remotetest.NewTurns("127.0.0.1:0", 60*time.Millisecond, connect)
	require.NoError(t, err)
	defer func() { require.NoError(t, turns.Close()) }()
	dial := func() (net.Conn, error) { return net.Dial("tcp", turns.Addr().String()) }
	takeTurns(t, turns, dial, func(want float64, what string) {
		assert.GreaterOrEqual(t, turns.RoundTrips(), want, what)
	})
}

// takeTurns talks to echo through turns.
func takeTurns(t *testing.T, turns *remotetest.Turns, connect func() (net.Conn, error),
	counted func(want float64, what string)) {
	dial := func() (net.Conn, func(lines ...string)) {
		conn, err := connect()
		require.NoError(t, err)
		r := bufio.NewReader(conn)
		return conn, func(lines ...string) {
			for _, want := range lines {
				line, err := r.ReadString('\n')
				require.NoError(t, err)
				assert.Equal(t, want, strings.TrimSpace(line))
			}
		}
	}
	conn, expect := dial()
	expect("hello")
	counted(2, "TCP's, and the greeting")
	turns.Forget()
	for i := range 3 {
		fmt.Fprintln(conn, i)
		expect(fmt.Sprint(i), fmt.Sprint(i))
	}
	counted(3, "one after the other")
	turns.Forget()
	fmt.Fprint(conn, "a\nb\n")
	fmt.Fprint(conn, "c\n")
	expect("a", "a", "b", "b", "c", "c")
	counted(1, "all at once")
	require.NoError(t, conn.(interface{ CloseWrite() error }).CloseWrite())
	expect("bye")
	_, err := io.ReadAll(conn)
	require.NoError(t, err)

	turns.Forget()
	first, hear := dial()
	_, hearToo := dial()
	fmt.Fprintln(first, "early")
	hear("hello", "early", "early")
	hearToo("hello")
	counted(2, "two connections share the turns, and a client may speak first")
}

func TestTurnsWithoutAServer(t *testing.T) {
	nobody := func(net.Addr) (net.Conn, error) { return nil, io.ErrClosedPipe }
	turns, err := remotetest.NewTurns("127.0.0.1:0", 10*time.Millisecond, nobody)
	require.NoError(t, err)
	conn, err := net.Dial("tcp", turns.Addr().String())
	require.NoError(t, err)
	fmt.Fprintln(conn, "anybody?")
	_, _ = io.ReadAll(conn) // it ends, with an error or without
	require.NoError(t, turns.Close())
	_, err = net.Dial("tcp", turns.Addr().String())
	require.Error(t, err)
}
