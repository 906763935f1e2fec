package hostkeys

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// A file is locked for the time of one write, so a lock of so long is somebody else's.
const lockWait = 5 * time.Second

// lock keeps other programs that use package hostkeys from writing to a file until the file is closed. Where the file
// system has no locks, there is none.
func lock(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		var fault error
		try := func(fd uintptr) { fault = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) }
		if err := raw.Control(try); err != nil {
			return err
		}
		switch {
		case !errors.Is(fault, syscall.EWOULDBLOCK) && !errors.Is(fault, syscall.EINTR):
			return nil
		case time.Since(begin) > lockWait:
			return errors.New("another program holds a lock on the file: try again when that program has ended")
		}
	}
}
