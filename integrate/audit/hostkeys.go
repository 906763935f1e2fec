package audit

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// newType is the type of keys that not every librados reads.
const newType = "aes256k"

// keys finds keys of the type that can be forged, and librados that cannot read a key, or is not the one that its file
// has now.
//
// CVE-2025-30156, OSSN-0108: CephX with keys of type aes lets who sees a login forge another. Keys of type aes256k,
// which Ceph has from 20.2.4 and 19.2.6 on, do not. What cannot be told of a librados goes to unable.
func (c credentials) keys(unable func(what string, err error)) []Finding {
	var out []Finding
	newer := map[string]bool{} // services that have a key of the newer type
	for _, cluster := range c.site.Clusters {
		seen, ok := c.clusters[cluster.Name]
		if !ok {
			continue
		}
		for _, u := range c.site.UsersIn(cluster.Name) {
			e, ok := seen.users[u.Entity]
			switch {
			case !ok:
			case e.Key.Type() == newType:
				for _, service := range []string{"glance-api", "cinder-volume", "cinder-backup", "nova-compute"} {
					newer[service] = newer[service] || slices.Contains(c.site.UsersOn(service), u.User)
				}
			case seen.ciphers.Choice:
				out = append(out, Finding{Code: "key-type-old", Severity: Danger, Cluster: cluster.Name,
					Object:  "user " + u.Entity,
					Message: "has a key of type " + e.Key.Type() + ", which can be forged (CVE-2025-30156, OSSN-0108)",
					Evidence: []string{"key of type " + e.Key.Type(),
						"the cluster takes " + strings.Join(seen.ciphers.Allowed, ", ")},
					Next: "rotate its key to type " + newType + ": cephstack rotate"})
			}
		}
	}
	for _, h := range c.hosts {
		out = append(out, h.oldLibraries(newer)...)
		h.unknownLibraries(newer, unable)
	}
	return out
}

// oldLibraries finds, on a host, librados that cannot read a key that is needed there, and librados in memory that is
// not the one of the file. One finding has all processes that have the same librados.
func (h hostSeen) oldLibraries(newer map[string]bool) []Finding {
	needs := slices.ContainsFunc(h.Services, func(s string) bool { return newer[s] })
	blind, replaced := map[string][]string{}, map[string][]string{}
	for _, p := range h.runs.Processes {
		service := serviceOf(p)
		switch {
		case service == "":
		case newer[service] && p.AES256k == running.No:
			blind[p.Version] = append(blind[p.Version], processName(p))
		case p.Replaced:
			replaced[p.Version] = append(replaced[p.Version], processName(p))
		}
	}
	var out []Finding
	add := func(code, message, next string, found map[string][]string) {
		for _, version := range slices.Sorted(maps.Keys(found)) {
			out = append(out, Finding{Code: code, Severity: Broken, Host: h.Name,
				Object:  "librados " + cmp.Or(version, "of unknown version") + " in memory",
				Message: fmt.Sprintf(message, len(found[version])), Evidence: found[version], Next: next})
		}
	}
	const renew = "restart the services; migrate the VMs live, or reboot them hard"
	add("process-cannot-read-key",
		"%d processes cannot read the keys of type "+newType+" that they need for their next login",
		"see that the host has Ceph 20.2.4 or 19.2.6, and "+renew, blind)
	add("process-keeps-old-librados", "%d processes keep a librados that was replaced on disk since they started, so "+
		"that what the upgrade mends and adds is not there", renew, replaced)
	for _, l := range h.runs.Installed {
		if needs && l.AES256k == running.No && h.servesIn(l.In, newer) {
			out = append(out, Finding{Code: "librados-cannot-read-key", Severity: Broken, Host: h.Name,
				Object:   "librados " + cmp.Or(l.Version, "of unknown version"),
				Message:  "cannot read the keys of type " + newType + " that services there need",
				Evidence: []string{cmp.Or(prefixed("container ", l.In), "the host") + ": " + words.Line(l.Path)},
				Next:     "upgrade Ceph there to 20.2.4 or 19.2.6, and restart what uses it"})
		}
	}
	return out
}

// errUnknownLibrados says that a librados does not show what keys it reads.
var errUnknownLibrados = errors.New("the file does not show which keys it reads: see by hand that it is of Ceph " +
	"20.2.4, 19.2.6 or newer, and start what uses it anew")

// unknownLibraries tells of each librados, in memory or installed, of which it cannot be told whether it can read the
// keys of the newer type that it needs.
func (h hostSeen) unknownLibraries(newer map[string]bool, unable func(what string, err error)) {
	const what = "whether librados of %s on host %s reads keys of type " + newType
	for _, p := range h.runs.Processes {
		if newer[serviceOf(p)] && p.AES256k != running.Yes && p.AES256k != running.No {
			unable(fmt.Sprintf(what, processName(p), h.Name), cmp.Or(p.Err, errUnknownLibrados))
		}
	}
	needs := slices.ContainsFunc(h.Services, func(s string) bool { return newer[s] })
	for _, l := range h.runs.Installed {
		if needs && h.servesIn(l.In, newer) && l.AES256k != running.Yes && l.AES256k != running.No {
			unable(fmt.Sprintf(what, cmp.Or(prefixed("container ", words.Line(l.In)), "the packages"), h.Name),
				cmp.Or(l.Err, errUnknownLibrados))
		}
	}
}

// servesIn reports whether a service that has a newer key is where a librados is: in its container, or on a host
// without containers.
func (h hostSeen) servesIn(box string, newer map[string]bool) bool {
	if box == "" {
		return true
	}
	for service := range newer {
		if newer[service] && box == strings.ReplaceAll(service, "-", "_") {
			return true
		}
	}
	return newer["nova-compute"] && box == "nova_libvirt"
}

// serviceOf is the service of the Spec that a process belongs to; empty for others. A guest belongs to nova-compute.
func serviceOf(p running.Process) string {
	if p.Guest() {
		return "nova-compute"
	}
	for _, service := range []string{"glance-api", "cinder-volume", "cinder-backup", "nova-compute"} {
		unit := strings.TrimPrefix(strings.TrimSuffix(p.Unit, ".service"), "openstack-")
		container, process := strings.ReplaceAll(service, "-", "_"), service[:min(15, len(service))]
		if unit == service || p.Container == container || p.Name == process {
			return service
		}
	}
	return ""
}

func processName(p running.Process) string {
	if p.Domain != "" {
		return fmt.Sprintf("QEMU of VM %s (pid %d)", p.Domain, p.PID)
	}
	return fmt.Sprintf("%s (pid %d%s)", words.Line(p.Name), p.PID, prefixed(", container ", words.Line(p.Container)))
}

// prefixed is a text with something before it; empty where the text is.
func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
