package hostkeys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// appendLines adds whole lines by one write: all of them, or none if it fails. Others may add lines at the same time.
func appendLines(file, lines string) error {
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() // which gives the lock back; what a write could not do, Sync has told
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.Join(fmt.Errorf("%s: is not a regular file: a key that is written there is lost", file), err)
	}
	if err := lock(f); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			lines = "\n" + lines
		}
	}
	n, err := f.WriteString(lines)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, takeBack(f, info.Size(), int64(n)))
}

// takeBack cuts off the n bytes that a write that failed has left behind the first size bytes. Where ssh, which knows
// no lock, has added a line behind them, they stay: ssh begins a new line there.
func takeBack(f *os.File, size, n int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() != size+n {
		return err
	}
	return f.Truncate(size)
}
