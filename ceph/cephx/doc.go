// Package cephx is what the rotation of CephX keys needs of a Ceph cluster: types of keys, new and
// pending keys, and who is logged in. It reaches a cluster through package ceph.
//
// # Use
//
// To change the key of a user, and to know who still uses the old key: see the Example.
//
//	auth := cephx.New(ceph.New(mon))
//	ciphers, err := auth.Ciphers(ctx)
//	user, err := auth.Create(ctx, "client.cinder.1", caps, "aes256k")
//	sessions, err := auth.Sessions(ctx)
//
// Package cephx knows these facts about Ceph, which no method can change:
//
//   - A new key that Rotate makes is at once the only key that logs in. A client that is logged in with the old key
//     works until it has to log in again: after up to three quarters of auth_mon_ticket_ttl (72 h), or as soon as
//     its connection to a monitor is made anew. It is refused then, and never tries again: only a new process helps.
//   - A pending key logs in besides the current key, until it is used for the first time. The monitor then makes it
//     the current key within seconds, and the old key is refused. A trial login with a pending key is a use.
//   - A client that was refused by the monitors goes on with the OSDs that it is connected to. It is not among the
//     Sessions then, but among the Watchers of the images that it has open for writing.
//   - A wrong key, a removed entity and a key of a type that is not allowed are refused with the same words.
//
// # Errors
//
// Refusals of the cluster are those of package ceph. ErrUnsupported says that the release of the cluster does not have
// a command. A LockoutError names who could not log in any more. A SilentError names the monitors that
// did not answer: what was read of the others is returned with it. No error holds a key.
//
// # Concurrency and cancellation
//
// An Auth is as safe for concurrent use as its cluster. Ceph has no compare-and-swap for keys: of two callers that
// change one key at a time, the later one wins. When ctx ends, a command that was sent may have had its effect.
//
// # Testing
//
// Package cephxtest has the conformance suite that package cephtest and all adapters pass. The cluster in memory of
// package cephtest has logins: Login, Session.Renew.
package cephx
