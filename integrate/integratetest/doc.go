// Package integratetest is a cloud in memory, for tests of programs that embed
// package integrate.
//
// # Use
//
// New builds a World for a Spec out of the fakes of packages cephtest, remotetest, secrettest and openstacktest, and
// connects the fakes. What the fake Glance stores is in the fake Ceph once glance-api.conf says so and glance-api was
// restarted. A fake guest does what the script of the journey asks for. The embedded world.World goes into
// integrate.Config. Each fake can be seeded and told to fail.
//
// In a test, Open is New with its Close, Integrated is a world that is as its Spec says, and World.Integration is ready
// to use. World.AddHost adds a host to such a world. These are questions of tests, and each has an Example:
//
//   - What does my tool do where a host hangs? Set Machines[name].Fail to remotetest.Hang.
//   - Did it read a host at all? Machines[name].Exchanges() is 0 if not. What the fake services read is not counted.
//   - Did it change something? Writes, or Machines[name].Changes("").
//   - Does a second run do nothing? Begin with Integrated.
//   - What does Nova know of a compute? Cloud.ComputeServices, or API.Servers.
//
// The hosts have the packages and units of the layout and the release of the Spec. Their apt or dnf knows what
// cephstack calls: every repository with a key works, and an upgrade goes to the version that Host.AddPackage last
// gave. The hosts have no login users and no /etc/sudoers. For prepare.authorize and prepare.sudo, call Bare, or make
// users and files with Host.AddUser, Host.AddFile and Host.Handle("visudo", …). A tool that runs other programs on
// hosts has to give them to the hosts with Host.Handle.
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
// The fakes pass the conformance suites of the real adapters. How the fakes act on each other was taken from a real
// cloud (see examples/lab).
package integratetest
