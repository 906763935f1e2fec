package cli

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestAnInterruptAtTheQuestion ends the program, though nobody answers.
func TestAnInterruptAtTheQuestion(t *testing.T) {
	for _, command := range []string{"apply", "converge"} {
		c := newCloud(t, 1)
		ctx, cancel := context.WithCancelCause(t.Context())
		silent, hold := io.Pipe()
		t.Cleanup(func() { hold.Close() })
		asked := &watch{word: "[y/N] ", seen: func() { cancel(errors.New("interrupted")) }}
		world := func(ctx context.Context, _ spec.Spec) (*connect.World, error) {
			return &connect.World{World: c.World.World}, context.Cause(ctx)
		}
		ended := make(chan int, 1)
		go func() {
			ended <- Program{silent, io.Discard, asked, world, 1}.Run(ctx, []string{command, "-f", c.file})
		}()
		select {
		case code := <-ended:
			assert.Equal(t, exitFailed, code, command)
			assert.Contains(t, asked.text, "not approved, so nothing was changed: interrupted\n", command)
		case <-time.After(time.Minute):
			t.Error(command + " still waits for an answer")
		}
		assert.Zero(t, c.Writes(), command)
	}
}

// A watch calls seen when somebody writes a word.
type watch struct {
	text string
	word string
	seen func()
}

func (w *watch) Write(p []byte) (int, error) {
	before := len(w.text)
	w.text += string(p)
	if i := len(w.text) - len(w.word); i >= before-len(w.word) && i >= 0 && w.text[i:] == w.word {
		w.seen()
	}
	return len(p), nil
}
