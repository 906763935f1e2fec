package rotate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/internal/running"
)

// aes256k is the type of keys that not every client reads.
const aes256k = "aes256k"

// check is the pre-check of one rotation: all reasons not to begin. What concerns single guests is not among them: such
// guests wait, and the others go on.
func (r *run) check(l *look, s rotation.Situation, d rotation.Decision) []Bar {
	rot := s.Rotation
	var all []Bar
	problem := func(code, who, format string, args ...any) {
		all = append(all, Bar{code, who, fmt.Sprintf(format, args...)})
	}
	c := l.clusters[rot.Cluster]
	if c.err != nil {
		problem("cluster", rot.Cluster, "%v", c.err)
		return all
	}
	if l.cloudErr != nil {
		problem("cloud", "the APIs", "%v", l.cloudErr)
	}
	old, oldThere := c.users[rot.Old().Entity]
	now, there := c.users[rot.New().Entity]
	if !oldThere && !rot.InPlace() {
		return all // it has been replaced
	}
	if r.opts.Back && !there {
		problem("no-way-back", rot.New().Entity, "is gone from cluster %s, so there is no way back", rot.Cluster)
		return all
	}
	wanted := keyType(rot, c)
	if there && !rot.InPlace() && rot.KeyType != "" && now.Key.Type() != wanted {
		problem("key-type", rot.New().Entity, "is there with a key of type %s, and the Spec wants %s; take another name "+
			"for to, "+
			"or remove that user if nobody has it", now.Key.Type(), wanted)
	}
	if rot.InPlace() && s.User.Vague {
		problem("no-since", rot.Old().Entity, "has a key of type %s, as the Spec wants, and nobody can tell whether it "+
			"was changed "+
			"already; set since in the entry of rotate", wanted)
	}
	if since, given := rot.MadeSince(); given && since.After(s.Now) && r.asksHybrid(rot) && !r.opts.Back {
		problem("since-to-come", rot.Old().Entity, "would be changed in each run: since is %s, which is to come, so that no "+
			"key is new enough; set since to a time that has been, such as %s", since.UTC().Format(time.RFC3339),
			s.Now.UTC().Format(time.RFC3339))
	}
	makes := !there || rot.InPlace() && old.Key.Type() != wanted || d.Hybrid != rotation.NoHybrid
	if makes && !r.opts.Back {
		all = append(all, typeAllowed(rot.Cluster, wanted, c)...)
	}
	if len(c.stops) > 0 {
		problem("health", rot.Cluster, "is not healthy enough: %s; see ceph health detail", strings.Join(c.stops, "; "))
	}
	newKey := wanted == aes256k || there && now.Key.Type() == aes256k // the key of a user that is there stays
	if newKey && !r.opts.Back {
		all = append(all, r.readers(l)...)
	}
	return append(all, l.immobile[rot.Old()]...)
}

// typeAllowed reports whether the cluster takes keys of a type.
func typeAllowed(cluster, wanted string, c *clusterLook) []Bar {
	switch {
	case !c.ciphers.Choice && wanted != "aes":
		return []Bar{{"key-type", cluster, "its release knows keys of type aes only; upgrade the cluster first, or set " +
			"key_type: aes"}}
	case c.ciphers.Choice && !slices.Contains(c.ciphers.Allowed, wanted):
		return []Bar{{"key-type", cluster, fmt.Sprintf("does not allow keys of type %s; run ceph mon set "+
			"auth_allowed_ciphers %s",
			wanted, strings.Join(append(slices.Clone(c.ciphers.Allowed), wanted), ","))}}
	}
	return nil
}

// readers are clients that do not read keys of type aes256k, or of which that cannot be told. A guest that runs with an
// old librados does not open a volume that is attached to it later.
func (r *run) readers(l *look) []Bar {
	var all []Bar
	for _, h := range r.site.InOrder() {
		seen, asked := l.hosts[h.Name]
		if !asked {
			continue // which is a bar
		}
		ours := map[string]bool{"": true}
		for _, name := range r.site.ContainersOn(h) {
			ours[name] = true
		}
		units := map[string]bool{}
		for _, name := range r.site.ServicesOf(h) {
			units[r.site.Service(h, name).Unit] = true
		}
		for _, lib := range seen.Installed {
			if ours[lib.In] && lib.AES256k != running.Yes {
				all = append(all, Bar{"client-too-old", h.Name, libraryText(lib) + "; upgrade it to 20.2.4 or newer"})
			}
		}
		for _, p := range seen.Processes {
			mine := p.Guest() || units[p.Unit] && p.Container == "" || p.Container != "" && ours[p.Container]
			if mine && p.AES256k != running.Yes {
				all = append(all, Bar{"process-too-old", h.Name, processText(p)})
			}
		}
	}
	return all
}

func libraryText(lib running.Library) string {
	text := lib.Path
	if lib.In != "" {
		text += " in container " + lib.In
	}
	if lib.Version != "" {
		text += " (Ceph " + lib.Version + ")"
	}
	return text + reads(lib.AES256k)
}

func reads(r running.Reads) string {
	if r == running.No {
		return " cannot read keys of type aes256k"
	}
	return " may be unable to read keys of type aes256k: that cannot be told"
}

func processText(p running.Process) string {
	text := fmt.Sprintf("process %d (%s)", p.PID, p.Name)
	if p.Domain != "" {
		text += " of guest " + p.Domain
	}
	text += reads(p.AES256k)
	if p.Guest() {
		return text + "; migrate or reboot the guest after Ceph's packages were upgraded"
	}
	return text + "; restart it after Ceph's packages were upgraded"
}
