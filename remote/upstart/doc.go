// Package upstart reads and restarts the services of hosts that have no
// systemd: Ubuntu 12.04 and 14.04, whose services are jobs of Upstart.
//
// # Use
//
// New makes a remote.Host out of another one. UnitState and RestartUnit then
// speak of jobs, such as nova-compute; all other operations are the other
// Host's. It costs no exchange of its own.
//
// A job's start is known to the second only, and is given as the end of that
// second: a file that was written right before a restart is then older than
// the start, and one that changes within the second after it, too.
//
// # Errors
//
// They are those of package remote. A service that is no job of Upstart's is
// an *OpError, not one that is missing: other init systems do not tell what runs.
//
// # Concurrency and cancellation
//
// Those of the Host inside.
//
// # Testing
//
// It passes remotetest.TestUnits with processes that are real and a program
// service that speaks as Ubuntu's does. It has not met a real Upstart.
package upstart
