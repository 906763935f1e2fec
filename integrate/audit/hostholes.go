package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
)

// holes finds what is known to be dangerous.
//
//   - exposed-key: rbd_keyring_conf, OSSN-0085. https://wiki.openstack.org/wiki/OSSN/OSSN-0085
//   - exposed-locations: show_multiple_locations, OSSN-0065 and OSSN-0090.
//     https://wiki.openstack.org/wiki/OSSN/OSSN-0065, https://wiki.openstack.org/wiki/OSSN/OSSN-0090
//   - unchecked-tokens, no-service-token: CVE-2023-2088. https://security.openstack.org/ossa/OSSA-2023-003.html
//   - insecure-global-id: CVE-2021-20288. https://docs.ceph.com/en/latest/security/CVE-2021-20288/
//   - keyring-for-everybody: the file of a key can be read by every user of the host.
//   - example-uuid: a libvirt secret with a UUID of a guide, which many clouds have.
func (c credentials) holes() []Finding {
	var out []Finding
	for _, cluster := range c.site.Clusters {
		var checks []string
		if mons := c.clusters[cluster.Name].insecure; len(mons) > 0 {
			checks = append(checks, "option auth_allow_insecure_global_id_reclaim is true, or is not known, on "+
				words.JoinShort(prefixedAll("mon.", mons)))
		}
		for _, check := range c.clusters[cluster.Name].status.Checks {
			if strings.HasPrefix(check, "AUTH_INSECURE_GLOBAL_ID_RECLAIM") {
				checks = append(checks, "health check "+check)
			}
		}
		if len(checks) > 0 {
			out = append(out, Finding{Code: "insecure-global-id", Severity: Danger, Cluster: cluster.Name,
				Object:   "auth_allow_insecure_global_id_reclaim",
				Message:  "clients may take the identity of another client over without proof (CVE-2021-20288)",
				Evidence: checks,
				Next: "upgrade clients that the check AUTH_INSECURE_GLOBAL_ID_RECLAIM names, and then run: " +
					"ceph config set mon auth_allow_insecure_global_id_reclaim false"})
		}
	}
	for _, h := range c.hosts {
		for _, f := range h.keyrings {
			if f.Mode&0o004 != 0 {
				out = append(out, keyringHole(h.Name, f))
			}
		}
	}
	return slices.Concat(out, c.options(), c.exampleUUIDs())
}

func prefixedAll(before string, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, before+words.Line(name))
	}
	return all
}

func keyringHole(host string, f remote.File) Finding {
	return Finding{Code: "keyring-for-everybody", Severity: Danger, Host: host, Object: words.Line(f.Path),
		Message:  "can be read by every user of the host, and so can the key in it",
		Evidence: []string{fmt.Sprintf("mode %04o, owner %s:%s", f.Mode.Perm(), words.Line(f.Owner), words.Line(f.Group))},
		Next:     "take the right away (chmod o-r), and rotate the key if somebody else has logins there"}
}

// optionHoles are the codes of options that are holes. Other findings on options are in plans.
func optionHoles(code openstack.Code) bool {
	return slices.Contains([]openstack.Code{openstack.CodeExposedKey, openstack.CodeExposedLocations,
		openstack.CodeUncheckedTokens, openstack.CodeNoServiceToken}, code)
}

// options finds options that are holes, once for all hosts that have them.
func (c credentials) options() []Finding {
	type key struct {
		code    openstack.Code
		service string
		option  string
		message string
	}
	hosts := map[key][]string{}
	for _, h := range c.hosts {
		for _, service := range slices.Sorted(maps.Keys(h.config)) {
			for _, f := range openstack.Findings(c.site.Release, openstack.Service(service), h.config[service]) {
				if optionHoles(f.Code) {
					k := key{f.Code, service, "[" + f.Section + "] " + f.Option, f.Message}
					hosts[k] = append(hosts[k], h.Name)
				}
			}
		}
	}
	var out []Finding
	for k, names := range hosts {
		message, next, _ := strings.Cut(k.message, "; ")
		f := Finding{Code: string(k.code), Severity: Danger, Object: k.option + " of " + k.service, Message: message,
			Evidence: []string{"hosts: " + strings.Join(names, ", ")}, Next: next}
		if len(names) == 1 {
			f.Host = names[0]
		}
		out = append(out, f)
	}
	return out
}

// secrets finds libvirt secrets that differ between computes: a VM cannot be migrated to a compute that has another
// value, or none. The computes of the Spec are one domain of migrations.
func (c credentials) secrets() []Finding {
	names, values := map[string]string{}, map[string]map[string][]string{}
	for _, h := range c.hosts {
		if !h.told {
			continue
		}
		for _, s := range h.secrets {
			if values[s.UUID] == nil {
				values[s.UUID] = map[string][]string{}
			}
			names[s.UUID] = cmp.Or(names[s.UUID], s.UsageID)
			if !s.Private {
				value := s.Value.Reveal()
				values[s.UUID][value] = append(values[s.UUID][value], h.Name)
			}
		}
	}
	needed := c.neededSecrets()
	var out []Finding
	for _, uuid := range slices.Sorted(maps.Keys(values)) {
		if !needed[uuid] {
			continue
		}
		var groups []string
		for _, hosts := range values[uuid] {
			groups = append(groups, "the same value: "+strings.Join(hosts, ", "))
		}
		slices.Sort(groups)
		for _, h := range c.hosts {
			if h.told && !hasSecret(h, uuid) {
				groups = append(groups, "not there: "+h.Name)
			}
		}
		if len(groups) > 1 {
			out = append(out, Finding{Code: "secrets-differ", Severity: Broken,
				Object:   "libvirt secret " + uuid + prefixed(", usage ", words.Line(names[uuid])),
				Message:  "is not the same on all computes, so that VMs that need it cannot be migrated or started everywhere",
				Evidence: groups, Next: "run a plan and apply it, or define the secret anew where it is not right"})
		}
	}
	return out
}

func hasSecret(h hostSeen, uuid string) bool {
	for _, s := range h.secrets {
		if s.UUID == uuid {
			return true
		}
	}
	return false
}

// neededSecrets are the UUIDs that the Spec or a running domain names.
func (c credentials) neededSecrets() map[string]bool {
	needed := map[string]bool{}
	for _, u := range c.site.Secrets {
		if cluster, ok := c.clusters[u.Cluster]; ok || c.site.NamedSecret(u) != "" {
			needed[c.site.SecretUUID(u, cluster.status.FSID)] = true
		}
	}
	for _, h := range c.hosts {
		for _, d := range h.runs.Domains {
			for _, disk := range d.Live {
				if disk.RBD() {
					needed[c.secretOf(h, disk)] = true
				}
			}
		}
	}
	return needed
}

// exampleUUIDs finds libvirt secrets with UUIDs of guides.
func (c credentials) exampleUUIDs() []Finding {
	hosts := map[string][]string{}
	for _, h := range c.hosts {
		for _, s := range h.secrets {
			if openstack.ExampleUUID(s.UUID) {
				hosts[s.UUID] = append(hosts[s.UUID], h.Name)
			}
		}
	}
	var out []Finding
	for _, uuid := range slices.Sorted(maps.Keys(hosts)) {
		out = append(out, Finding{Code: "example-uuid", Severity: Danger, Object: "libvirt secret " + uuid,
			Message:  "has the UUID of a well-known guide, which does not tell which cluster is meant",
			Evidence: []string{"hosts: " + strings.Join(hosts[uuid], ", ")},
			Next: "rotate the key, which makes a secret with a UUID of its own, or take care that no other cluster is " +
				"connected with this UUID"})
	}
	return out
}
