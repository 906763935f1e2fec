package adopt

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// holeOf says which known hole a difference is; empty for most.
func (a *adopting) holeOf(c integrate.Change, d integrate.FieldDiff) string {
	mode, isMode := modeOf(d.Observed)
	_, group, _ := strings.Cut(ownerOf(d.Observed), ":")
	_, service, _ := strings.Cut(ownerOf(d.Desired), ":")
	switch {
	case c.Kind == "settings" && strings.HasSuffix(d.Field, "] rbd_keyring_conf") && a.release.Before("victoria"):
		return "Cinder gives the key of its Ceph user to whoever may attach a volume (OSSN-0085)."
	case strings.HasSuffix(d.Field, "] disk_cachemodes") && strings.Contains(d.Observed, "=unsafe"):
		return "guests lose data that they have flushed when their compute goes down (cache mode unsafe)."
	case c.Kind == "file" && d.Field == "acl" && secretFile(c.Name):
		return "an access control list may let other accounts read the key of a Ceph user."
	case d.Field != "mode" || !isMode:
		return ""
	case c.Kind == "directory" && mode&0o022 != 0:
		return "accounts other than root can put files into the folder that Ceph's clients trust."
	case c.Kind == "file" && mode&0o004 != 0 && secretFile(c.Name):
		return "every account on the host can read the key of a Ceph user."
	case c.Kind == "file" && mode&0o040 != 0 && group != service && stranger(group) && secretFile(c.Name):
		return "every account in group " + group + " can read the key of a Ceph user."
	case c.Kind == "file" && mode&0o022 != 0:
		return "accounts other than the owner can change the file."
	}
	return ""
}

// onlyRoots reports whether root alone can read a file that a service reads by itself. In a container of Kolla, root
// makes a copy for the service.
func onlyRoots(c integrate.Change, d integrate.FieldDiff) bool {
	mode, is := modeOf(d.Observed)
	closed := mode&0o044 == 0 || mode&0o004 == 0 && strings.HasPrefix(d.Observed, "root:root ")
	return is && closed && strings.HasPrefix(d.Observed, "root:") && strings.HasPrefix(c.Name, spec.CephDir+"/")
}

// secretFile reports whether a file has a key in it.
func secretFile(name string) bool {
	return strings.HasSuffix(name, ".keyring") || strings.HasSuffix(name, ".base64")
}

// modeOf is the mode of what a plan shows of a file, such as root:root 0644.
func modeOf(shown string) (uint64, bool) {
	fields := strings.Fields(shown)
	if len(fields) == 0 {
		return 0, false
	}
	mode, err := strconv.ParseUint(fields[len(fields)-1], 8, 32)
	return mode, err == nil
}

// stranger reports whether a group is not one of those that installers give to keys of Ceph users.
func stranger(group string) bool {
	return !slices.Contains([]string{"root", "ceph", "glance", "cinder", "nova", "kolla", "qemu", "kvm", "libvirt",
		"libvirt-qemu"}, group)
}

// ownerOf is owner and group of what a plan shows of a file, such as root:root 0644.
func ownerOf(shown string) string {
	owner, _, _ := strings.Cut(shown, " ")
	return owner
}

// whyOf says briefly why cephstack would set something.
func whyOf(c integrate.Change, d integrate.FieldDiff) string {
	switch {
	case d.Why != "":
		return "Why: " + strings.TrimSuffix(d.Why, ".") + "."
	case c.Kind == "file" && d.Field == "file":
		return "Nothing on the host needs the file: QEMU logs in by libvirt's secret."
	case c.Kind == "file" && d.Field == "acl":
		return "An access control list gives accounts rights that the mode does not show."
	case c.Kind == "file" && d.Field == "mode" && onlyRoots(c, d):
		return "Only root can read the file as it is: a service that runs as another account cannot."
	case c.Kind == "file" && d.Field == "mode":
		return "root owns files of Ceph, and only the account of the service reads them."
	case c.Kind == "file" && strings.HasSuffix(d.Field, "] keyring"):
		return "The option names the keyring that is there; without it, Ceph looks in its own places."
	case c.Kind == "file" && strings.HasSuffix(d.Field, "] mon_host"):
		return "These are the monitors that the cluster has now."
	case c.Kind == "user":
		return whyRights(d)
	case c.Kind == "secret":
		return "A secret that libvirt keeps in memory alone is lost when its daemon ends."
	case c.Kind == "pool" && d.Field == "application":
		return "A pool without an application makes Ceph warn, and profiles of rights look at it."
	}
	return "That is how cephstack sets it: " + cmp.Or(d.Desired, "it takes the option away") + "."
}

// whyRights says what rights are about.
func whyRights(d integrate.FieldDiff) string {
	const more = "The user has more rights than its services need: whoever takes a host over has them, too."
	switch {
	case d.Field == "mgr" && d.Observed == "":
		return "With rights on the manager, deletions and copies can go on in the background."
	case d.Field == "osd" && wider(d.Observed, d.Desired), d.Field == "mon" && writes(d.Observed) && !writes(d.Desired):
		return more
	}
	return "These are the rights that its services need."
}

// wider reports whether one text of rights lets a user write a pool that the other one does not.
func wider(have, want string) bool {
	now, err := ceph.ParseCaps(map[string]string{"osd": have})
	then, err2 := ceph.ParseCaps(map[string]string{"osd": want})
	if err != nil || err2 != nil {
		return false
	}
	const other = "no-such-pool"
	if now.Writes(other) && !then.Writes(other) {
		return true
	}
	for _, word := range strings.FieldsFunc(have, func(r rune) bool { return r == ' ' || r == ',' }) {
		if pool, ok := strings.CutPrefix(word, "pool="); ok && now.Writes(pool) && !then.Writes(pool) {
			return true
		}
	}
	return false
}

// writes reports whether rights on the monitors let a user change the cluster: pools, and other users.
func writes(mon string) bool {
	for clause := range strings.SplitSeq(mon, ",") {
		words := strings.Fields(clause)
		if len(words) == 2 && words[0] == "allow" && (words[1] == "*" || strings.Trim(words[1], "rwx") == "" &&
			strings.Contains(words[1], "w")) {
			return true
		}
	}
	return false
}
