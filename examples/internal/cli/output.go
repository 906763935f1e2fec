package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// An output is standard output or standard error. It keeps the first error of a write, so that a
// run whose output was lost does not end well.
//
// If the reader of a pipe has gone, as with less or head, nobody sees what the program does, and
// nobody is there to stop it: it ends in order, as after an interrupt. Other faults, such as a full
// disk or a terminal that is gone, do not end it.
type output struct {
	w      io.Writer
	stop   context.CancelCauseFunc
	before func() // called before each write; may be nil

	mu  sync.Mutex
	err error
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	if o.before != nil {
		o.before()
	}
	n, err := o.w.Write(p)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, syscall.EPIPE) {
		o.stop(fmt.Errorf("nobody reads the output of the program any more: %w", err))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// lost is why a part of the output was lost; nil if nothing was.
func (o *output) lost() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

var errNowhere = errors.New("it goes to " + os.DevNull + ", or is closed")

// seen reports why nobody can have seen what was written; nil if somebody can.
func seen(w io.Writer) error {
	o, ok := w.(*output)
	if !ok {
		return nil
	}
	if err := o.lost(); err != nil {
		return err
	}
	f, ok := o.w.(*os.File)
	if !ok {
		return nil
	}
	// Go opens the null device in the place of an output that is closed.
	to, err := f.Stat()
	null, missing := os.Stat(os.DevNull)
	if err != nil || missing == nil && os.SameFile(to, null) {
		return errors.Join(errNowhere, err)
	}
	return nil
}
