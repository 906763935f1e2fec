package guide_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/examples/internal/cli"
)

const socketVariable = "CEPHSTACK_GUIDE_SOCKET"

// A frame goes between the cephstack that bash starts and the one in the process of the test.
type frame struct {
	Args []string `json:",omitempty"` // the first frame
	Dir  string   `json:",omitempty"`
	Env  []string `json:",omitempty"`

	FD     int    // 0, 1 or 2
	Data   []byte // of the FD
	End    bool   // of standard input
	Signal bool   // the program is interrupted
	Exit   *int   // the last frame
}

// client is the program cephstack of a page: it hands all over to the process of the test, where the cloud is.
func client() {
	os.Exit(func() int {
		conn, err := net.Dial("unix", os.Getenv(socketVariable))
		if err != nil {
			return 99
		}
		dir, err := os.Getwd()
		if err != nil {
			return 99
		}
		var mu sync.Mutex
		out := json.NewEncoder(conn)
		send := func(f frame) {
			mu.Lock()
			defer mu.Unlock()
			_ = out.Encode(f) // whoever does not hear any more has ended
		}
		send(frame{Args: os.Args[1:], Dir: dir, Env: os.Environ()})
		interrupts := make(chan os.Signal, 1)
		signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
		go func() {
			for range interrupts {
				send(frame{Signal: true})
			}
		}()
		go func() {
			_, _ = io.Copy(writer(func(data []byte) { send(frame{Data: data}) }), os.Stdin)
			send(frame{End: true})
		}()
		in := json.NewDecoder(conn)
		for {
			var f frame
			if err := in.Decode(&f); err != nil {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // the page's program was killed
				select {}
			}
			if f.Exit != nil {
				return *f.Exit
			}
			file := os.Stdout
			if f.FD == 2 {
				file = os.Stderr
			}
			if _, err := file.Write(f.Data); err != nil {
				return 1
			}
		}
	}())
}

type writer func([]byte)

func (w writer) Write(data []byte) (int, error) {
	w(data)
	return len(data), nil
}

// serve answers the cephstacks of a page. It gives the path of its socket.
func (s *session) serve(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "guide") // the path of a socket is short
	require.NoError(t, err)
	listen, err := net.Listen("unix", dir+"/s")
	require.NoError(t, err)
	var all sync.WaitGroup
	t.Cleanup(func() {
		listen.Close()
		all.Wait()
		require.NoError(t, os.RemoveAll(dir))
	})
	all.Go(func() {
		for {
			conn, err := listen.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				s.answer(conn)
			})
		}
	})
	return dir + "/s"
}

// answer runs one cephstack.
func (s *session) answer(conn net.Conn) {
	in := json.NewDecoder(conn)
	var first frame
	if in.Decode(&first) != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stdin, typed := io.Pipe()
	defer stdin.Close()
	go func() {
		for {
			var f frame
			err := in.Decode(&f)
			switch {
			case err != nil:
				cancel(errors.New("the program was killed"))
				typed.Close()
				return
			case f.Signal:
				cancel(errors.New("interrupted"))
			case f.End:
				typed.Close()
			default:
				_, _ = typed.Write(f.Data)
			}
		}
	}()
	var mu sync.Mutex
	out := json.NewEncoder(conn)
	send := func(f frame) {
		mu.Lock()
		defer mu.Unlock()
		_ = out.Encode(f)
	}
	stream := func(fd int) io.Writer {
		return writer(func(data []byte) { send(frame{FD: fd, Data: []byte(s.names.told(string(data)))}) })
	}
	restore := environment(first)
	defer restore()
	program := cli.Program{Stdin: stdin, Stdout: stream(1), Stderr: stream(2), Open: s.open, Poll: 1}
	if c := s.cloud; c != nil {
		c.mu.Lock()
		c.running = running{cancel, func() { conn.Close() }}
		c.mu.Unlock()
	}
	exit := s.run(ctx, program, first.Args)
	if !s.cloud.ended() {
		send(frame{Exit: &exit})
	}
}

// environment makes folder and variables of a client those of this process, as the program reads them.
func environment(f frame) (restore func()) {
	var undo []func()
	for _, v := range f.Env {
		name, value, _ := strings.Cut(v, "=")
		if name != "HOME" && name != "NO_COLOR" && name != "TERM" && name != "COLUMNS" && name != "SUDO_USER" &&
			!strings.HasPrefix(name, "CEPHSTACK_") {
			continue
		}
		old, had := os.LookupEnv(name)
		undo = append(undo, func() {
			if had {
				_ = os.Setenv(name, old)
			} else {
				_ = os.Unsetenv(name)
			}
		})
		_ = os.Setenv(name, value)
	}
	if dir, err := os.Getwd(); err == nil {
		undo = append(undo, func() { _ = os.Chdir(dir) })
	}
	_ = os.Chdir(f.Dir)
	return func() {
		for _, u := range undo {
			u()
		}
	}
}
