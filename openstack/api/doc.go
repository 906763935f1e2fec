// Package api drives the APIs of an OpenStack cloud: images, volumes,
// snapshots, backups, attachments, VMs, their migrations, flavors, volume types, service
// records, host aggregates, and what a compute has room for.
//
// A method that starts something in the cloud returns when it is done.
//
// # Use
//
// To make images, volumes and VMs, and to look at services: see the Example.
//
//	cloud, err := api.Dial(ctx, api.Config{Cloud: "prod"})
//	…
//	image, err := cloud.UploadImage(ctx, api.ImageRequest{Name: "probe", DiskFormat: "raw"}, file)
//	…
//	volume, err := cloud.CreateVolume(ctx, api.VolumeRequest{Name: "probe", SizeGiB: 1, ImageID: image.ID})
//
// Lists exist twice: Volumes gives a slice, and EachVolume reads page by page, for clouds
// with very many objects. The last pair of such a list is an error, if there is one: what
// came before is then a part of the list.
//
//	for volume, err := range cloud.EachVolume(ctx) {
//		…
//	}
//
// The account is an administrator's: lists span all projects, and a VM can be put
// on a certain host. The cloud has to be of Pike or newer.
//
// # Errors
//
// Every failed call is an *Error, which says what was asked of which object
// and, in at most 300 characters, what the service answered. Request bodies,
// tokens and passwords are not in it. It wraps
//
//   - ErrAuth (HTTP 401), ErrDenied (403) and ErrNotFound (404, 410);
//   - ErrUnreachable, when no answer came, or when a 404 came from a proxy and not
//     from the service;
//   - ErrUnknown, when a call that changes something was sent, and its answer does not
//     tell what became of it: no answer, or a part of one, came, or the answer is not
//     the service's own, or it is HTTP 500 or above (but 501). The service may have done
//     what it was asked. Such an error can be ErrUnreachable or the context's error,
//     too. A connection that is refused is not ErrUnknown, nor is an answer below HTTP
//     500: the service has not done it. A method that waits for an object after such a
//     call gives ErrUnknown, too, where it gave up: when ctx ended, or when its looks
//     failed. The service goes on with what it accepted;
//   - ErrFailed, when an object went into error, or stays in a state that is not
//     the one that was asked for. The detail is the fault, Cinder's message, or
//     the last line of the trace that Nova keeps of a request;
//   - the context's error. The detail is the state in which the object was last
//     seen.
//
// A method that makes an object returns the object's ID along with an error, so
// that the caller can delete the object. To delete an object that does not exist
// is not an error, and neither is to delete an empty ID.
//
// # Concurrency and cancellation
//
// A Cloud may be used by many goroutines. When the token ends, one goroutine logs
// in again and the others wait for it.
//
// A call that changes nothing is sent again, up to four times, when the connection
// broke or when the service answers 429, 502, 503 or 504. A Retry-After of up to
// 30 s is obeyed. A call that changes something is sent once; it is sent again only
// when nothing listened.
//
// Config.Timeout bounds each call that carries no image data, from the first byte of the
// request to the last byte of the answer. A list takes at most ten times as long, unless it
// is read page by page. Waiting for an object takes as long as ctx allows. So does moving
// image data, but it ends when 64 KiB of it take longer than ten times Config.Timeout. While
// it waits, a method tolerates an API that does not answer for up to Config.Timeout.
// Cancelling ctx ends the waiting at once. It does not stop what the cloud is doing.
//
// # Limits
//
// An answer has at most 32 MiB, a list 10,000 pages and, unless it is read page by page,
// 256 MiB, the header of an answer 64 KiB; of an answer that is an error, 64 KiB are read.
// Answers are not compressed.
//
// Of this machine, clouds.yaml, secure.yaml, clouds-public.yaml, certificates and their keys
// are regular files of at most 1 MiB. clouds.yaml may be a pipe, too, which is read once.
//
// A token goes nowhere but to the endpoints of the catalog, and a password only to the
// auth_url. A redirect is followed only for requests that read, and only to the same
// scheme, host and port. Certificates are checked. cacert in clouds.yaml, or OS_CACERT,
// names the file of another CA. Only verify: false in clouds.yaml turns the check off, and
// Warnings then says so.
//
// # Testing
//
// There is no interface to fake. Package openstacktest is a fake cloud behind HTTP:
// faults can be injected, and hooks carry effects into a fake Ceph. Its TestCloud
// is the suite that the fake and real clouds pass.
package api
