// Package integratetest is a cloud in memory, for tests of programs that embed
// package integrate.
//
// # Use
//
// New builds a World for a Spec out of the fakes of packages cephtest,
// remotetest, secrettest and openstacktest, and connects them: what the fake
// Glance stores is in the fake Ceph once glance-api.conf says so and glance-api
// was restarted; a fake guest does what the journey's script asks of it. The
// embedded integrate.World goes into integrate.Config. Each fake can be seeded
// and told to fail.
//
// Hosts are prepared ones, of the Spec's layout and release. Their apt or dnf knows
// what cephstack calls: every repository with a key works, and upgrades go to the
// version that Host.AddPackage last gave. They have no login users and no
// /etc/sudoers: for prepare.authorize and prepare.sudo, call Bare, or put them there
// by Host.AddUser, AddFile and Handle("visudo", …). The other programs that a tool
// runs itself are its own to Handle.
//
// # Errors
//
// New fails only if the system gives it no folder or no port.
//
// # Concurrency and cancellation
//
// A World is safe for concurrent use.
//
// # Testing
//
// The fakes pass the conformance suites of the real adapters. How they act on
// each other was taken from a real cloud (see examples/lab).
package integratetest
