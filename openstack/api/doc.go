// Package api drives the APIs of an OpenStack cloud: images, volumes,
// snapshots, backups, VMs, flavors, volume types and service records.
//
// Calls that begin something come back when it is done.
//
// # Use
//
//	cloud, err := api.Dial(ctx, api.Config{Cloud: "prod"})
//	…
//	image, err := cloud.UploadImage(ctx, api.ImageRequest{Name: "probe", DiskFormat: "raw"}, file)
//	…
//	volume, err := cloud.CreateVolume(ctx, api.VolumeRequest{Name: "probe", SizeGiB: 1, ImageID: image.ID})
//
// The account is an administrator's: lists span all projects, and VMs can be
// put on a host. Cloud speaks the versions of the APIs that clouds know since
// Pike.
//
// # Errors
//
// Every failed call is an *Error, which says what was asked of which object
// and, in at most 300 characters, what the service said. Bodies, tokens and
// passwords are not in it. It wraps
//
//   - ErrAuth (HTTP 401), ErrDenied (403) and ErrNotFound (404, 410);
//   - ErrUnreachable, when no answer came, or a 404 that is not the service's
//     own but that of a proxy before it: the service may or may not have done
//     what it was asked;
//   - ErrFailed, when an object went into error, or came to rest where it
//     should not be. The detail is the fault, Cinder's message, or the last
//     line of the trace that Nova keeps of a request;
//   - the context's error, with the state the object was last seen in.
//
// A method that makes something returns what it has of the object with its ID
// along with the error, so that the caller can delete it. Deleting what is not
// there is no error, and neither is an empty ID.
//
// # Concurrency and cancellation
//
// A Cloud may be used by many goroutines. One of them logs in anew when the
// token ends, and the others wait for it. Calls that change nothing are sent
// again, up to four times, when the connection broke or when the service asks
// for it (429, 502, 503, 504, and Retry-After of up to 30 s); a call that
// changes something is sent once, unless nothing listened. A wait outlasts an
// API that restarts within Config.Timeout. A call without image data has
// Config.Timeout; waiting and image data take as long as ctx lets them.
// Cancelling ctx ends the waiting at once, and not what the cloud is doing.
//
// # Testing
//
// There is no interface to fake: package openstacktest is a cloud behind HTTP,
// with faults to inject and hooks by which effects reach a fake Ceph. Its
// TestCloud is the suite that it and real clouds pass.
package api
