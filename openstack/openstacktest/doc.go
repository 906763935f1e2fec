// Package openstacktest is a fake OpenStack cloud behind HTTP: identity v3,
// image v2, volume v3, compute v2.1 and placement, as far as package api uses them.
//
// It keeps state and behaves as the services do: an object is unfinished for some
// time before it is there, deletions take a moment, an attached volume cannot be
// deleted, an incremental backup needs a full backup, Glance refuses in HTML and the
// other services in JSON, and microversions count. A request that the fake does not
// know, or that has an unknown field, is an error to the client and a violation, never
// a silent success.
//
// # Use
//
// To test code that uses the APIs: see the Example.
//
//	s := openstacktest.Start(t, openstacktest.Config{})
//	cfg, err := s.CloudConfig(t.TempDir())
//	…
//	c, err := api.Dial(ctx, cfg)
//
// Hooks tell the package that uses the fake what happens, at the moment when it
// happens. They can mirror it into a fake Ceph, play the guest, or let it fail. Time
// in the fake is counted in GETs: Config.Looks of them see an object unfinished.
//
// VMs have disks and domains. Hooks.VolumeConnection and Hooks.ComputeConnection say how
// they are reached at the moment, and Hooks.DiskOpened plays the login of QEMU:
//
//   - attaching, a live migration, and RefreshAttachment before a start bring a volume to
//     what VolumeConnection says then, with a new attachment; a hard reboot, or a stop and
//     a start, keep how it was reached;
//   - a hard reboot, or a stop and a start, bring Nova's own disks (root, ephemeral, swap,
//     config drive) to what ComputeConnection says then; a live migration keeps them.
//
// Where DiskOpened fails, a VM stays SHUTOFF that was to be started, stays on its compute
// that was to be migrated, and goes into ERROR that was to be rebooted or made.
//
// # Errors
//
// Config.Fail answers in a service's place. When a hook fails, the object goes into
// error the way it does in the real service: with a fault, a fail reason, a message or
// a trace. Start fails the test when there are violations.
//
// # Concurrency and cancellation
//
// All methods may be called from any goroutine, and there may be many clients. Hooks
// run one after the other, and may call the Server's methods.
//
// # Testing
//
// TestCloud is the conformance suite of api.Cloud. The fake and real clouds pass it.
// CEPHSTACK_LAB_CLOUDS and CEPHSTACK_LAB_IMAGE make the test of this package run it
// against a real cloud.
package openstacktest
