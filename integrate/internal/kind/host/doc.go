// Package host has the kinds of resources on the hosts of a Spec: packages, files
// of Ceph, libvirt secrets, options of the services, and the services themselves.
package host
