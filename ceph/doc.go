// Package ceph is the part of a Ceph cluster that OpenStack needs: pools,
// users with their rights and keys, the two file formats that clients read
// (ceph.conf and keyrings), and a narrow view of RBD images. It is pure Go
// and reaches a cluster through two small interfaces, Commander and Images. An
// adapter that does several commands in one exchange is a Batcher. An adapter
// that keeps locks is a Locker.
//
// # Use
//
// To make pools and users with the rights that they need, and to write keyrings: see the Examples.
//
// New gives a Cluster behind a Commander:
//
//	cluster := ceph.New(mon) // mon from radosconn.Dial, cephcli.New or cephtest.New
//	err := cluster.CreatePool(ctx, ceph.Pool{Name: "volumes", Application: "rbd"})
//	layout := ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes"}, MgrCaps: true}
//	user, err := cluster.CreateUser(ctx, "client.cinder", layout.CinderCaps())
//	file := ceph.Keyring{Users: []ceph.User{user}}.Render()
//
// Look reads a cluster, and Do makes or corrects pools, users and profiles of
// erasure code side by side. Each takes as few exchanges as the commands allow:
//
//	view, err := cluster.Look(ctx, ceph.Query{Users: []string{"client.cinder"}})
//	done := cluster.Do(ctx,
//		ceph.Work{Pool: &ceph.PoolChange{Was: view.Pools["vms"], Want: vms, Ready: true}},
//		ceph.Work{User: &ceph.UserChange{Was: view.Users["client.cinder"], Want: cinder}})
//
// Everything that writes is safe to repeat and leaves alone what it was not
// asked to change. Caps replace each other as a whole in Ceph: Caps.Merge
// keeps what others gave a user, and Cluster.SetCaps refuses when the user is
// no longer as it was read, and reads back what it wrote.
//
// TakeLock takes a lock in the cluster itself that keeps other programs out: it has an owner
// and expires by itself. RenewLock extends it. The Commander must be a Locker for that:
//
//	lock := ceph.Lock{Pool: "tools", Object: "nightly", ID: rand.Text(), Owner: "anna", Term: time.Minute}
//	err := cluster.TakeLock(ctx, lock)
//	defer func() { err = errors.Join(err, conn.Unlock(ctx, lock)) }()
//
// Key holds a CephX key and does not print: String, Format, JSON, text and
// slog give "[redacted]". Key.Reveal and Keyring.Render are the ways out.
//
// # Errors
//
// A refusal is a *CommandError, with Ceph's errno and words. Test the
// conditions with errors.Is:
//
//	ErrNotFound     no such pool, entity or image
//	ErrExists       a user exists with other caps
//	ErrDenied       the caller lacks the right, or Ceph wants to be asked twice
//	ErrInvalid      a field, caps, a key or a file that Ceph would not read
//	ErrLocked       somebody else holds the lock; CommandError.Holder says who
//	ErrConflict     changed since it was read; nothing was written
//	ErrUnreachable  no answer: a write may have happened
//	ErrSkipped      not done: what has to succeed before did not
//
// Not found is said on positive evidence only. No error holds a key.
//
// # Files as Ceph reads them
//
// Differential tests have Ceph 16.2 read random files and rights, and compare (make differ). This package
// and Ceph disagree, on purpose, on these only:
//
//   - ParseKeyring refuses an entity whose name has white space, a control character, a character
//     beyond ASCII or one of [ ] " ' \ # ; =, which no line can be written of for every release.
//   - A keyring with a pending key, or with a key of type aes256k, is read. Ceph reads both since
//     releases that are newer than 16.2.
//   - Rights on metadata servers are read by a grammar of this package's own: no service of
//     OpenStack that it knows needs such rights.
//
// # Concurrency and cancellation
//
// A Cluster is as safe for concurrent use as its Commander; all three here
// are. A method stops at the first command that fails; ctx ends the wait, not a
// write that is under way. Conf is for one goroutine while Set is called; all
// other types are values.
//
// # Testing
//
// Package cephtest has a cluster in memory and the conformance suites that
// it and the real adapters pass.
package ceph
