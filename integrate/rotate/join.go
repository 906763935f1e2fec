package rotate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// situation is what was read, as one rotation sees it.
func (r *run) situation(l *look, rot spec.Rotation) rotation.Situation {
	s := rotation.Situation{Rotation: rot, Now: r.opts.Now(), Computes: map[string]rotation.Compute{},
		User: r.oldUser(l, rot)}
	s.Stop = r.stop(l, rot)
	for _, h := range r.site.InOrder() {
		if !want.IsCompute(h) {
			continue
		}
		c := rotation.Compute{Unready: l.notReady[h.Name], Takes: l.takes[h.Name]}
		if err := l.hostErrs[h.Name]; err != nil {
			c.Unready = fmt.Sprintf("what runs there cannot be read: %v", err)
		}
		s.Computes[h.Name] = c
	}
	for name, takes := range l.takes {
		if _, ours := s.Computes[name]; !ours {
			s.Computes[name] = rotation.Compute{Takes: takes, Unready: "it is not in the Spec, and may lack the secrets"}
		}
	}
	if l.cloudErr == nil {
		for i := range l.servers {
			s.Guests = append(s.Guests, r.guest(l, rot, l.servers[i]))
		}
		s.Astray = astray(rot.Guests, l.servers)
	}
	s.Bars = r.barsOf(l, rot)
	return s
}

// stop says why no guest is begun.
func (r *run) stop(l *look, rot spec.Rotation) string {
	c := l.clusters[rot.Cluster]
	switch {
	case l.notYet != "":
		return l.notYet
	case c.err != nil:
		return c.err.Error()
	case len(c.stops) > 0:
		return fmt.Sprintf("cluster %s is not healthy enough: %s; see ceph health detail", rot.Cluster,
			strings.Join(c.stops, "; "))
	}
	return ""
}

func (r *run) oldUser(l *look, rot spec.Rotation) rotation.OldUser {
	c := l.clusters[rot.Cluster]
	if c.err != nil {
		return rotation.OldUser{}
	}
	u, there := c.users[rot.Old().Entity]
	return rotation.OldUser{Known: true, There: there, Pending: !u.Pending.IsZero(), Spread: l.spread[rot.Old()],
		Changed: there && changed(rot, c, u.Key), Vague: keyType(rot, c) == "aes" && rot.Since == ""}
}

// keyType is the type that new keys get.
func keyType(rot spec.Rotation, c *clusterLook) string {
	switch {
	case rot.KeyType != "":
		return rot.KeyType
	case c.ciphers.Preferred != "":
		return c.ciphers.Preferred
	}
	return "aes"
}

// guest is what was seen of a guest.
func (r *run) guest(l *look, rot spec.Rotation, s api.Server) rotation.Guest {
	g := rotation.Guest{ID: s.ID, Name: s.Name, Project: s.Project, Host: s.Host, Tags: s.Tags, Status: s.Status,
		Task: s.Task, Locked: s.Locked, Ours: l.ours[s.ID]}
	d, there := l.domains[s.ID]
	if g.Unknown = r.unknown(l, s, d, there); g.Unknown != "" {
		return g
	}
	g.Runs = there && d.Active
	r.has(&g, rot, d.Domain, l.attachments[s.ID])
	if l.others[s.Host] && len(g.Volumes) > 0 {
		g.Unknown = fmt.Sprintf("it is on %s, which has no libvirt, and its volumes %v have the old user; detach them, and "+
			"attach them again", s.Host, g.Volumes)
	}
	g.OldKey = (len(g.Disks) > 0 || len(g.Volumes) > 0) && !r.fresh[s.ID] && !l.newer[rot.Old()][s.ID]
	if g.Task == "" {
		for _, m := range l.moves {
			if m.Server == s.ID {
				g.Task = m.Type + " " + m.Status
			}
		}
	}
	return g
}

// resting are the states in which no QEMU runs for a guest, and none comes back with what it had: Nova writes the
// domain anew at the next start.
var resting = []string{"SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "SOFT_DELETED", "DELETED", "BUILD", "ERROR"}

// unknown says why it cannot be told what a guest has. A guest counts as one without a domain only if everything says
// so: Nova's state, and libvirt on the compute that Nova names.
func (r *run) unknown(l *look, s api.Server, d placed, there bool) string {
	status := strings.ToUpper(s.Status)
	rests := slices.Contains(resting, status)
	switch {
	case l.twice[s.ID] != "":
		return "it runs on " + l.twice[s.ID] + " at once; see virsh list there, and openstack server migration list"
	case s.Host == "" && there:
		return "Nova does not say where it is, and libvirt has it on " + d.host + "; see openstack server show"
	case s.Host == "" && rests && status != "SHUTOFF":
		return ""
	case s.Host == "":
		return "Nova says that it is " + s.Status + ", and not on which compute; see openstack server show, and openstack " +
			"compute service list"
	case l.hostErrs[s.Host] != nil:
		return fmt.Sprintf("what its compute %s has cannot be read: %v", s.Host, l.hostErrs[s.Host])
	case !r.isCompute(s.Host) && l.others[s.Host]:
		return ""
	case !r.isCompute(s.Host):
		return "its compute " + s.Host + " is not in the Spec, so its disks are not known; add the host to the Spec"
	case !there && rests:
		return ""
	case !there:
		return "Nova says " + s.Status + " on " + s.Host + ", and libvirt there does not have it"
	case d.host != s.Host:
		return "Nova says that it is on " + s.Host + ", and libvirt has it on " + d.host + "; see openstack server " +
			"migration list"
	case d.Err != nil:
		return fmt.Sprintf("its domain on %s cannot be read: %v", s.Host, d.Err)
	case status == "RESCUE":
		return "it is rescued, and comes back with disks that are not known; end that first (openstack server unrescue)"
	}
	return ""
}

func (r *run) isCompute(host string) bool {
	return want.IsCompute(r.site.Host(host))
}

// has notes what a guest has of the old user: volumes by their attachments, and by the domain that runs; other disks by
// the domain that runs. The domain that libvirt has stored for the guest does not count: Nova writes it anew at each
// start and hard reboot, by the attachments and by its own configuration. A guest that is suspended is not started
// anew: libvirt takes its memory and its disks from the file to which it was saved, and they are those of its domain.
func (r *run) has(g *rotation.Guest, rot spec.Rotation, d running.Domain, attachments []api.Attachment) {
	volumes := map[string]bool{}
	for _, a := range attachments {
		if r.isOld(rot, a.User, a.Secret) {
			volumes[a.Volume] = true
		}
	}
	disks := map[string]bool{}
	if g.Runs || strings.EqualFold(g.Status, "SUSPENDED") {
		for _, disk := range d.Disks() {
			switch {
			case !disk.RBD() || !r.isOld(rot, disk.User, disk.SecretUUID):
			case isVolume(g.ID, disk) && volumeOf(disk) == "":
				g.Unknown = fmt.Sprintf("it has %s open as the old user, which is neither a disk of Nova's nor a volume that can "+
					"be told by its name or serial number; see virsh dumpxml", disk.Image)
			case isVolume(g.ID, disk):
				volumes[volumeOf(disk)] = true
			default:
				disks[disk.Image] = true
			}
		}
	}
	g.Volumes, g.Disks = sorted(volumes), sorted(disks)
}

// isVolume tells a volume of Cinder from a disk of Nova's own: the image of such a disk begins with the ID of the
// guest, and did with its name until Havana. The image of a volume has a name by volume_name_template of Cinder.
func isVolume(guest string, d running.Disk) bool {
	return !strings.HasPrefix(d.Image, guest+"_") && (d.Serial != "" || !ofHavana.MatchString(d.Image))
}

var ofHavana = regexp.MustCompile(`^instance-[0-9a-f]{8}_disk`)

var idInName = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// volumeOf is the ID of a volume: Nova gives it to the disk as a serial number. It is empty where neither that nor the
// name of the image tells it.
func volumeOf(d running.Disk) string {
	if d.Serial != "" {
		return d.Serial
	}
	return idInName.FindString(d.Image)
}

// isOld reports whether a disk or an attachment has the old user. A user of another cluster may have the same name; its
// secret tells them apart.
func (r *run) isOld(rot spec.Rotation, user, secret string) bool {
	if strings.TrimPrefix(user, "client.") != rot.From {
		return false
	}
	for _, u := range r.site.Secrets {
		other := u.Cluster != rot.Cluster && u.Name() == rot.From
		if other && secret != "" && secret == r.secretOf(u) && secret != r.secretOf(rot.Old()) {
			return false
		}
	}
	return true
}

// secretOf is the UUID of the secret of a user; empty where the Spec gives none and the cluster did not tell its fsid.
func (r *run) secretOf(u spec.User) string {
	if fsid := r.fsids[u.Cluster]; fsid != "" {
		return r.site.SecretUUID(u, fsid)
	}
	return r.site.NamedSecret(u)
}

// barsOf are reasons why the old user may not go that are no guests of Nova.
func (r *run) barsOf(l *look, rot spec.Rotation) []rotation.Bar {
	var bars []rotation.Bar
	bar := func(code, who, format string, args ...any) {
		bars = append(bars, rotation.Bar{Code: code, Who: who, Text: fmt.Sprintf(format, args...)})
	}
	if l.notYet != "" {
		bar("spec", "the Spec", "%s; apply it", l.notYet)
	}
	for _, h := range r.site.InOrder() {
		switch err := l.hostErrs[h.Name]; {
		case err != nil:
			bar("host", h.Name, "what runs there cannot be read: %v", err)
		case l.notReady[h.Name] != "":
			bar("host", h.Name, "%s; apply the Spec there", l.notReady[h.Name])
		}
	}
	if l.cloudErr != nil {
		bar("cloud", "the APIs", "cannot be read: %v", l.cloudErr)
		return bars
	}
	bars = append(bars, r.strangeBars(l, rot)...)
	bars = append(bars, r.sessionBars(l, rot)...)
	slices.SortFunc(bars, func(a, b rotation.Bar) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Who, b.Who), strings.Compare(a.Text, b.Text))
	})
	return bars
}

// strangeBars are domains and attachments that are not of guests of Nova.
func (r *run) strangeBars(l *look, rot spec.Rotation) []rotation.Bar {
	var bars []rotation.Bar
	bar := func(code, who, format string, args ...any) {
		bars = append(bars, rotation.Bar{Code: code, Who: who, Text: fmt.Sprintf(format, args...)})
	}
	known := map[string]bool{}
	for _, s := range l.servers {
		known[s.ID] = true
	}
	for uuid, d := range l.domains {
		if known[uuid] {
			continue
		}
		for _, disk := range slices.Concat(d.Live, d.Stored) {
			if disk.RBD() && r.isOld(rot, disk.User, disk.SecretUUID) {
				bar("domain", d.host, "domain %s (%s), which Nova does not know, opens %s as the old user; see virsh dumpxml",
					d.Name,
					uuid, disk.Image)
				break
			}
		}
		if d.Err != nil {
			bar("domain", d.host, "domain %s, which Nova does not know, cannot be read: %v", uuid, d.Err)
		}
	}
	for server, list := range l.attachments {
		for _, a := range list {
			if !known[server] && r.isOld(rot, a.User, a.Secret) {
				bar("attachment", a.Volume, "is attached to server %s, which Nova does not have, as the old user; see cinder "+
					"attachment-show %s", server, a.ID)
			}
		}
	}
	for _, a := range l.volumeUses {
		if r.isOld(rot, a.User, a.Secret) {
			bar("attachment", a.Volume, "is attached to something else than a VM, as the old user; see cinder "+
				"attachment-show %s",
				a.ID)
		}
	}
	return bars
}

// sessionBars are clients that are logged in as the old user, and monitors that do not tell.
func (r *run) sessionBars(l *look, rot spec.Rotation) []rotation.Bar {
	c := l.clusters[rot.Cluster]
	if c.err != nil {
		return []rotation.Bar{{Code: "cluster", Who: rot.Cluster, Text: c.err.Error()}}
	}
	var bars []rotation.Bar
	if c.silent != nil {
		bars = append(bars, rotation.Bar{Code: "monitors", Who: rot.Cluster, Text: c.silent.Error()})
	}
	texts := map[string]string{} // by monitor: a cloud has tens of thousands of sessions
	for _, s := range c.sessions {
		if s.Entity != rot.Old().Entity {
			continue
		}
		if texts[s.Mon] == "" {
			texts[s.Mon] = "is logged in to mon." + s.Mon + " as " + s.Entity + "; see which process that is (ss -tnp there), " +
				"and restart it or wait for its guest"
		}
		who := s.Address
		if s.Host != "" {
			who = s.Host + " (" + s.Address + ")"
		}
		bars = append(bars, rotation.Bar{Code: sessionCode, Who: who, Text: texts[s.Mon]})
	}
	return bars
}

func sorted(set map[string]bool) []string {
	var all []string
	for name := range set {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
