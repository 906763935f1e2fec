// Package serving says how to tell that a service serves again after a restart.
//
// # Use
//
// A kind fills Signs in and puts them into its step.HostStep. The engine asks the APIs, the host and its peers.
//
// # Errors
//
// The package has data only, and no operation that can fail.
//
// # Concurrency and cancellation
//
// Nobody changes Signs after they were made.
//
// # Testing
//
// The tests of kind/host compare Signs as plain data. The tests of engine use them against fake APIs.
package serving

import "github.com/cephstack/cephstack/remote"

// Signs are how the APIs, or the host itself, tell that a service serves.
type Signs struct {
	// Records name the records of the service, as "binary host". Each must be up
	// and newer than before the restart.
	Records []string
	// Images asks the image API instead, which has no records.
	Images bool
	// Computes says that all records are of nova-compute on this host, so that the
	// APIs need not list those of others.
	Computes bool

	// Service is the service, such as cinder-volume, and Peers are the other hosts that
	// serve it. Where there are peers, a restart must not take the last host down that
	// serves, and no other host is touched before this one is known to serve again.
	Service string
	Peers   []Peer
	// Answers asks the host itself whether the service answers: its exit status is 0
	// if it does, and 127 if its program is not there. It is nil where the APIs tell.
	Answers remote.Op
	// Stopped says that the service did not run when the host was read.
	Stopped bool
	// Shared are those of Records that other hosts of the Spec write, too, where one of them runs
	// at a time. While the service does not run here, such a record is up if another host serves.
	Shared []string
}

// A Peer is another host on which the service of Signs runs.
type Peer struct {
	Host    string
	Answers remote.Op // see Signs
}
