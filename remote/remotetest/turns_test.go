package remotetest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote/remotetest"
)

// echoServer answers each line with two, after a while, and greets first.
func echoServer(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
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
	}()
	return l.Addr().String()
}

func TestTurnsCountRoundTrips(t *testing.T) {
	target := echoServer(t)
	connect := func(net.Addr) (net.Conn, error) { return net.Dial("tcp", target) }
	turns, err := remotetest.NewTurns("127.0.0.1:0", 60*time.Millisecond, connect)
	require.NoError(t, err)
	defer func() { require.NoError(t, turns.Close()) }()
	dial := func() (net.Conn, func(lines ...string)) {
		conn, err := net.Dial("tcp", turns.Addr().String())
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
	assert.Equal(t, 2.0, turns.RoundTrips(), "TCP's, and the greeting")
	turns.Forget()
	for i := range 3 {
		fmt.Fprintln(conn, i)
		expect(fmt.Sprint(i), fmt.Sprint(i))
	}
	assert.Equal(t, 3.0, turns.RoundTrips(), "one after the other")
	turns.Forget()
	fmt.Fprint(conn, "a\nb\n")
	fmt.Fprint(conn, "c\n")
	expect("a", "a", "b", "b", "c", "c")
	assert.Equal(t, 1.0, turns.RoundTrips(), "all at once")
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	expect("bye")
	_, err = io.ReadAll(conn)
	require.NoError(t, err)

	turns.Forget()
	first, hear := dial()
	_, hearToo := dial()
	fmt.Fprintln(first, "early")
	hear("hello", "early", "early")
	hearToo("hello")
	assert.Equal(t, 2.0, turns.RoundTrips(), "two connections share the turns, and a client may speak first")
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
