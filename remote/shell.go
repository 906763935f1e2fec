package remote

import (
	"bufio"
	"io"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// A process is the host's program, started.
type process struct {
	stdin          io.WriteCloser
	stdout, stderr io.Reader
	// wait gives the exit status, after stdout ended. ok is false when the
	// status is not known, such as after the connection was lost.
	wait func() (exit int, ok bool)
	// end gives the process up. It does not block, and ends reads and writes.
	end func()
}

// A shell is the host's program while it runs: it answers one request after
// the other.
type shell struct {
	process
	sudo   bool
	helper bool          // it is the installed helper
	asks   question      // that sudo may have
	out    *bufio.Reader // of stdout
	heard  chan struct{} // something came
	ended  chan struct{} // closed after the end of stderr
	// flooded is closed when there is more on stderr than a login and sudo can say.
	flooded chan struct{}
	noise   tail         // what came and is not an answer
	asked   atomic.Int32 // how often sudo asked
	spoken  atomic.Bool  // an exchange ended well, so this is really our program
	hushed  atomic.Bool  // it gets no further request

	idle  time.Time   // since when it has nothing to do; guarded by SSH.mu
	timer *time.Timer // ends it when it was idle for long
}

func newShell(p process, sudo bool, asks question) *shell {
	s := &shell{process: p, sudo: sudo, asks: asks, heard: make(chan struct{}, 1)}
	s.ended, s.flooded = make(chan struct{}), make(chan struct{})
	out, stderr := &ear{r: activity{p.stdout, s.heard}, s: s}, &ear{r: activity{p.stderr, s.heard}, s: s}
	s.out = bufio.NewReaderSize(io.TeeReader(out, preface{s}), wire.AnswerBuffer)
	go func() {
		defer close(s.ended)
		n, _ := io.CopyBuffer(&s.noise, io.LimitReader(stderr, maxSaid), make([]byte, 256))
		if n == maxSaid {
			close(s.flooded)
			s.end()
		}
	}()
	return s
}

// hush ends the program's input.
func (s *shell) hush() {
	s.hushed.Store(true)
	go s.stdin.Close()
}

// activity signals heard after every read that brought something.
type activity struct {
	r     io.Reader
	heard chan struct{}
}

func (a activity) Read(b []byte) (int, error) {
	n, err := a.r.Read(b)
	if n > 0 {
		select {
		case a.heard <- struct{}{}:
		default:
		}
	}
	return n, err
}

// A preface keeps as noise what comes on standard output before the first
// exchange ended well: a shell that refuses a login says so there. Errors quote
// it only if no answer came.
type preface struct{ s *shell }

func (p preface) Write(b []byte) (int, error) {
	if !p.s.spoken.Load() {
		return p.s.noise.Write(b)
	}
	return len(b), nil
}
