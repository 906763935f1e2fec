package audit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
)

// An opening is how an RBD image is opened, as a domain or an attachment has it.
type opening struct {
	what     string // for people, such as "disk vda"
	pool     string
	user     string // without "client."
	secret   string
	monitors []string
}

// A holder is a domain or an attachment.
type holder struct {
	kind, object, host string
	next               string // what makes it take what is right now
	openings           []opening
	secrets            []libvirtsecret.Secret
	told               bool // whether the secrets are known
}

const (
	nextDomain = "migrate the VM live, which renews its volumes, and reboot it hard " +
		"(openstack server reboot --hard ID), which renews the disks of Nova"
	nextAttachment = "migrate the VM live, or stop it, run nova-manage volume_attachment refresh, and start it"
)

// domains finds what running domains name that is no longer right. The XML of a domain that does not run counts where
// libvirt itself starts the domain: Nova writes the XML anew when it starts a guest.
func (c credentials) domains() []Finding {
	var out []Finding
	for _, h := range c.hosts {
		for _, d := range h.runs.Domains {
			if d.Err != nil || !d.Active && !d.Autostart {
				continue
			}
			own := holder{kind: "domain", object: "domain " + d.UUID + " (" + words.Line(d.Name) + ")", host: h.Name,
				next: nextDomain, secrets: h.secrets, told: h.told}
			for _, disk := range d.Disks() {
				if disk.RBD() {
					own.openings = append(own.openings, opening{"disk " + disk.Target + ", " + disk.Pool + "/" + disk.Image,
						disk.Pool, disk.User, c.secretOf(h, disk), disk.Monitors})
				}
			}
			out = append(out, c.judge(own)...)
		}
	}
	return out
}

// secretOf is the UUID of the secret that a disk names, by UUID or usage.
func (c credentials) secretOf(h hostSeen, d running.Disk) string {
	for _, s := range h.secrets {
		if d.SecretUUID == "" && d.SecretUsage != "" && s.UsageID == d.SecretUsage {
			return s.UUID
		}
	}
	return cmp.Or(d.SecretUUID, d.SecretUsage)
}

// ofAttachments finds what attachments name that is no longer right. What an attachment says counts at the next start
// of its VM.
func (c credentials) ofAttachments() []Finding {
	var everywhere []libvirtsecret.Secret
	told := len(c.hosts) > 0
	for _, h := range c.hosts {
		everywhere = append(everywhere, h.secrets...)
		told = told && (h.told || !slices.Contains(h.Services, "nova-compute"))
	}
	var out []Finding
	for _, a := range c.attachments {
		if a.Driver != "rbd" || a.Server == "" {
			continue
		}
		pool, _, _ := strings.Cut(a.Image, "/")
		out = append(out, c.judge(holder{kind: "attachment", object: attachmentName(a), next: nextAttachment,
			secrets: everywhere, told: told,
			openings: []opening{{"volume " + a.Volume + ", " + a.Image, pool, a.User, a.Secret, a.Monitors}}})...)
	}
	return out
}

func attachmentName(a api.Attachment) string { return "attachment " + a.ID + " of VM " + a.Server }

// judge compares what a domain or an attachment names with what is there.
func (c credentials) judge(h holder) []Finding {
	evidence := map[string][]string{}
	clusters := map[string]string{}
	add := func(code, cluster, text string) {
		if !slices.Contains(evidence[code], text) {
			evidence[code] = append(evidence[code], text)
		}
		clusters[code] = cluster
	}
	for _, o := range h.openings {
		name, ok := c.clusterOf(o)
		if !ok {
			continue
		}
		cluster := c.clusters[name]
		entity, there := cluster.users["client."+o.user]
		switch {
		case o.user == "":
		case !there:
			add("user-gone", name, o.what+": client."+o.user)
		case !c.ofSpec(name, entity.Entity):
			add("user-other", name, o.what+": client."+o.user)
		}
		i := slices.IndexFunc(h.secrets, func(s libvirtsecret.Secret) bool { return s.UUID == o.secret })
		switch {
		case o.secret == "" || !h.told:
		case i < 0:
			add("secret-gone", name, o.what+": secret "+words.Line(o.secret))
		case there && !c.holdsKey(h, o.secret, entity.Key.Reveal()):
			add("secret-wrong", name, o.what+": secret "+o.secret+" of client."+o.user)
		}
		if gone := stale(o.monitors, cluster.status.MonHosts); len(gone) > 0 {
			add("monitors-gone", name, fmt.Sprintf("%s: %d of %d: %s", o.what, len(gone), len(o.monitors),
				words.Line(strings.Join(gone, ", "))))
		}
	}
	var out []Finding
	for _, code := range []string{"user-gone", "user-other", "secret-gone", "secret-wrong", "monitors-gone"} {
		if len(evidence[code]) > 0 {
			out = append(out, Finding{Code: h.kind + "-" + code, Severity: Broken, Cluster: clusters[code], Host: h.host,
				Object: h.object, Message: judgements(code), Evidence: evidence[code], Next: h.next})
		}
	}
	return out
}

// judgements are the messages of judge.
func judgements(code string) string {
	return map[string]string{
		"user-gone":     "names a Ceph user that the cluster does not have, so that its next login is refused",
		"user-other":    "names a Ceph user that is not in the Spec, and needs it as long as it is not renewed",
		"secret-gone":   "names a libvirt secret that is not defined there, so that its next start or migration fails",
		"secret-wrong":  "names a libvirt secret whose value is not the key of its user, so that its next login is refused",
		"monitors-gone": "names monitors that the cluster does not have",
	}[code]
}

// holdsKey reports whether a secret has a key, or cannot be compared.
func (c credentials) holdsKey(h holder, uuid, key string) bool {
	for _, s := range h.secrets {
		if s.UUID == uuid && (s.Private || key == "" || s.Value.Reveal() == key) {
			return true
		}
	}
	return false
}

// ofSpec reports whether the Spec has a user.
func (c credentials) ofSpec(cluster, entity string) bool {
	for _, u := range c.site.UsersIn(cluster) {
		if u.Entity == entity {
			return true
		}
	}
	return false
}

// clusterOf is the cluster that was read and has the pool. Of several, it is the cluster whose monitors are named.
func (c credentials) clusterOf(o opening) (string, bool) {
	var names []string
	for _, cluster := range c.site.Clusters {
		if _, read := c.clusters[cluster.Name]; slices.Contains(c.site.PoolNames(cluster.Name), o.pool) {
			if !read {
				return "", false
			}
			names = append(names, cluster.Name)
		}
	}
	for _, name := range names {
		if gone := stale(o.monitors, c.clusters[name].status.MonHosts); len(gone) < len(o.monitors) {
			return name, true
		}
	}
	return cmp.Or(append(names, "")[0]), len(names) == 1
}

// stale are the monitors that are not among those of a cluster. A name that is not an address is not judged.
func stale(named, monitors []string) []string {
	addresses := map[netip.AddrPort]bool{}
	hosts := map[netip.Addr]bool{}
	for _, m := range monitors {
		for part := range strings.SplitSeq(m, ",") {
			part = strings.TrimSuffix(strings.TrimPrefix(part, "["), "]")
			for _, version := range []string{"v1:", "v2:"} {
				part = strings.TrimPrefix(part, version)
			}
			part, _, _ = strings.Cut(part, "/")
			if a, err := netip.ParseAddrPort(part); err == nil {
				addresses[a], hosts[a.Addr()] = true, true
			} else if a, err := netip.ParseAddr(strings.Trim(part, "[]")); err == nil {
				hosts[a] = true
			}
		}
	}
	var out []string
	for _, n := range named {
		if a, err := netip.ParseAddrPort(n); err == nil && len(addresses) > 0 {
			if !addresses[a] {
				out = append(out, n)
			}
		} else if a, err := netip.ParseAddr(strings.Trim(n, "[]")); err == nil && len(hosts) > 0 && !hosts[a] {
			out = append(out, n)
		}
	}
	return out
}
