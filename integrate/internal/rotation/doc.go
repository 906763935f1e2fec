// Package rotation decides what a rotation does next: which act each guest needs, what it waits for, and whether the
// old user may go. It is pure: it reads no clock and does no I/O.
//
// # Use
//
// Package integrate/rotate fills in a Situation with what it has read, and calls Decide. It carries out the acts that
// Decision.Begin allows, reads again, and decides again. There is no other state than the Situation.
//
// # Errors
//
// There are none. What is not known is a wait or a bar, and never counts as absent.
//
// # Concurrency and cancellation
//
// All functions are pure, and may be called by several goroutines.
//
// # Testing
//
// The state machine is tested against a model of Nova, libvirt and CephX, with faults at random, from seeds that
// shrink: go test -rotations N for more of them, -seed N for a single one, which is told.
package rotation
