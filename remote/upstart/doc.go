// Package upstart reads and restarts the services of hosts that have no
// systemd: Ubuntu 12.04 and 14.04, whose services are jobs of Upstart.
//
// # Use
//
// To work on hosts without systemd: see the Example.
//
// New makes a remote.Host out of another one. UnitState and RestartUnit then
// mean jobs, such as nova-compute. All other operations go to the other Host as
// they are. There are no exchanges besides those of the other Host.
//
// A job's start is known to the second only, and is given as the end of that
// second. A file that was written right before a restart is then older than the
// start. So is a file that changes after the start, but within that second: only
// Unit.Read tells it. A note about a job names the process, its start, and the start
// of the machine.
//
// # Errors
//
// They are those of package remote. A service that is not a job of Upstart is
// an *OpError, and does not count as missing: other init systems do not tell
// what runs.
//
// # Concurrency and cancellation
//
// Those of the Host inside.
//
// # Testing
//
// It passes remotetest.TestUnits with real processes and a program service that
// prints what Ubuntu's prints. It has not been run with a real Upstart.
package upstart
