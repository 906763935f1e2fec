// Package remotetest is a remote.Host in memory, an SSH server in front of
// one, and the contract of remote.Host as tests.
//
// # What it is
//
// Host has files, folders, symlinks, users, systemd units, packages and a
// clock. It keeps the same contract as a real machine, and passes the same
// tests. Input that it does not know is an error: a program without a handler
// ends with exit status 127, and a package that was not added cannot be installed.
//
// # Use
//
// To test code that works on hosts: see the Examples.
//
// NewHost makes a machine; the Add methods, BreakUnit and Handle furnish it
// without counting as changes. Log, Changes and Exchanges tell afterwards what
// was done to it. Contents, Unit and Look tell how it is now, and do not count:
//
//	host.Forget()
//	apply(host)
//	if host.Changes("") != 0 {
//		t.Error("the second run changed something")
//	}
//
// Turns is a network on loopback that counts round trips.
//
// Fail and FailAfter make operations fail, lose the connection, or hang until
// ctx ends (Hang). They may be set at any time between calls of Do. Serve puts an SSH
// server on loopback in front of a Host, for a real connection without a real
// machine.
//
// # Errors
//
// They are those of package remote.
//
// # Concurrency and cancellation
//
// The methods of a Host and a Server are safe for concurrent use; set a Host's
// fields only while no Do runs. Nothing takes real time: a sleep or a restart
// moves the clock.
//
// # Testing
//
// TestHost and TestUnits are for implementations of remote.Host. They are the
// same for all of them, and skip nothing.
package remotetest
