// Package cephstack is the map of the house: an SDK that makes an OpenStack cloud
// keep its images, volumes, backups and VM disks in Ceph, and proves that it does. The
// package itself has what keys and passwords of all rooms are made of: Redacted. It also
// has what takes secrets out of the words of other programs, WithoutSecrets, and what quotes
// a word for a shell, ShellQuote.
//
// # Rooms
//
// Begin with integrate: one Spec, one Plan that can be read before it happens, one
// Apply that survives being killed, one Verify that boots a VM and checks the bytes
// that the VM wrote. Around it:
//
//   - integrate/spec: the Spec, its defaults, its validation and its YAML.
//   - integrate/world: the World, everything outside, behind interfaces.
//   - integrate/connect: opens the World of a Spec.
//   - integrate/detect: asks the hosts which release of OpenStack they run.
//   - integrate/integratetest: a whole cloud in memory.
//
// The ground floor has four rooms, which can be used without integrate:
//
//   - ceph: pools, users with computed rights, keys, keyrings and ceph.conf, through
//     one interface, Commander. Adapters: ceph/radosconn (librados), ceph/cephcli (the
//     ceph program on a host).
//   - remote: many operations on a host in one exchange over SSH, with atomic writes,
//     units, packages and programs. remote/hostkeys reads and extends known_hosts.
//     remote/upstart is for hosts without systemd, and remote/helper limits what the
//     login user may do as root.
//   - libvirtsecret: the CephX keys that QEMU uses. Adapters: libvirtsecret/libvirtconn
//     (libvirt's library), libvirtsecret/virsh (the virsh program on a host).
//     libvirtsecret/hostbatch is an optional interface: many secrets in one exchange
//     with a host.
//   - openstack: which options each service needs in which release.
//     openstack/osloconf edits oslo.config files without touching a byte that it was
//     not asked to change. openstack/api is a client of the cloud's APIs.
//
// Programs are in examples: examples/cephstack for operators, examples/quickstart for
// newcomers, examples/lab, a real cloud on one machine, examples/havana, a guide of
// 2014 as a Spec, and examples/bench.
//
// # Seams and fakes
//
// Each outside world has one small interface, and a package with its fake and its
// conformance suite, which the real adapters pass, too: ceph/cephtest,
// remote/remotetest, libvirtsecret/secrettest and libvirtsecret/hostbatch/batchtest.
// The interface of OpenStack is HTTP, and openstack/openstacktest is a server with a
// state. integrate/integratetest puts all of them together.
//
// # Laws
//
// Packages ceph, remote, libvirtsecret, openstack and integrate are pure Go and do not
// need librados or libvirt. ceph, remote, libvirtsecret and openstack do not import
// each other. integrate sees interfaces, never adapters, apart from the client
// openstack/api; integrate/connect puts the adapters together. No package has an init
// function, a global logger or state of its own. A context comes first and is
// mandatory. Secrets are types whose text does not print. The file
// .github/CONTRIBUTING.md has the design.
package cephstack

import (
	"fmt"
	"io"
	"log/slog"
)

// A Redacted is a secret text that does not print: every way of fmt, JSON, text and slog
// gives "[redacted]". The types of keys and passwords embed it. Compare two of them by
// what they reveal, not with ==.
type Redacted struct {
	// A pointer, because fmt calls no methods on unexported fields: deep inside a struct
	// of somebody else, the text then prints as an address.
	text *string
}

// Redact keeps a text as it is. The empty text is the zero Redacted.
func Redact(text string) Redacted {
	if text == "" {
		return Redacted{}
	}
	return Redacted{&text}
}

// Reveal returns the text. No other method gives it out.
func (r Redacted) Reveal() string {
	if r.text == nil {
		return ""
	}
	return *r.text
}

const redacted = "[redacted]"

// String gives "[redacted]".
func (r Redacted) String() string { return redacted }

// GoString gives "[redacted]".
func (r Redacted) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (r Redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON gives "[redacted]".
func (r Redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText gives "[redacted]".
func (r Redacted) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives "[redacted]".
func (r Redacted) LogValue() slog.Value { return slog.StringValue(redacted) }
