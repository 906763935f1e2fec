package cli

import (
	"fmt"
	"syscall"
)

// dumpless keeps the memory of this process, which has keys, out of core dumps, and away from
// other processes of its user.
func dumpless() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be switched off: %w", err)
	}
	// A limit does not count where the kernel gives core dumps to a program.
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); errno != 0 {
		return fmt.Errorf("core dumps cannot be switched off: %w", errno)
	}
	return nil
}
