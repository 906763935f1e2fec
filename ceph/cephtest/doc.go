// Package cephtest is a Ceph cluster in memory, for tests, and the
// conformance suites that it and the real adapters pass.
//
// # Use
//
// To test code that uses a cluster: see the Examples.
//
// New gives a Cluster, which is a ceph.Batcher (and so a ceph.Commander and a
// ceph.Images), a ceph.Locker and a Seeder:
//
//	fake := cephtest.New()
//	cluster := ceph.New(fake)
//	err := fake.AddPool(ceph.Pool{Name: "images", Application: "rbd"})
//	err = fake.AddImage(ceph.Image{Pool: "images", Name: "0d6f1c7f", Size: 1 << 30})
//
// AddUser, AddPool, AddImage and the other methods that the interfaces do not
// have change the world behind the back of the code under test.
//
// # Errors
//
// Refusals have the errno and, where somebody reads it, the text of Ceph
// 16.2. A command, a field or a value that the fake does not know is
// ceph.ErrInvalid, never a silent success. Fail makes operations fail before
// their effect, Lost after it.
//
// # Concurrency and cancellation
//
// A Cluster is safe for concurrent use; its exported fields are set before,
// or between uses. An operation is done at once, or not at all when ctx has
// ended. The hooks are called with the cluster locked and must not use it.
//
// # Testing
//
// TestCommander, TestImages, TestBatcher and TestLocker are the contracts of
// ceph.Commander, ceph.Images, ceph.Batcher and ceph.Locker in executable form. There are
// no flags to skip a
// promise. Batches counts exchanges: with it a test can hold code to one exchange.
package cephtest
