package openstack

import "errors"

// ErrUnsupported says that a release does not have what was asked for.
var ErrUnsupported = errors.New("openstack: not supported by this release")
