// Package openstacktest is a fake OpenStack cloud behind HTTP: identity v3,
// image v2, volume v3 and compute v2.1, as far as package api uses them.
//
// It keeps state and the services' semantics: objects are on their way before
// they are there, deletions take a moment, a VM that is attached to holds its
// volume, an incremental backup needs a full one, Glance refuses in HTML and
// the others in JSON, and microversions count. A request that it does not know,
// or with a field that it does not know, is an error to the client and a
// violation, never a silent success.
//
// # Use
//
//	s := openstacktest.Start(t, openstacktest.Config{})
//	cfg, err := s.CloudConfig(t.TempDir())
//	…
//	c, err := api.Dial(ctx, cfg)
//
// Hooks tell a composing package what happens, at the moment of its effect: it
// mirrors it into a fake Ceph, plays the guest, and may let it fail. Time in
// the fake is GETs: Config.Looks of them see an object on its way.
//
// # Errors
//
// Config.Fail answers in a service's place. An error of a hook makes the
// object go into error the way that the real service would: a fault, a fail
// reason, a message, a trace. Start fails the test for violations.
//
// # Concurrency and cancellation
//
// All methods may be called from any goroutine, and clients may be many. Hooks
// run one at a time, and may call the Server's methods.
//
// # Testing
//
// TestCloud is the conformance suite of api.Cloud. The fake passes it as
// a real cloud does; CEPHSTACK_LAB_CLOUDS and CEPHSTACK_LAB_IMAGE point the
// test of this package at one.
package openstacktest
