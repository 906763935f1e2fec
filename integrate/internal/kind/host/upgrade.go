package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// dnfLocks is where dnf versionlock writes.
const dnfLocks = "/etc/dnf/plugins/versionlock.list"

func showHolds() remote.Run { return remote.Run{Argv: []string{"apt-mark", "showhold"}} }

// cephPackages are the packages whose version is that of the Ceph client: what
// services load, and what they run.
func cephPackages() []string {
	return []string{"ceph-common", "librados2", "librbd1", "python3-rados", "python3-rbd"}
}

// upgrade brings the packages that are older than min_client up to it.
type upgrade struct{ *Node }

func newUpgrade(n *Node) []step.Resource {
	if n.Floor() == "" {
		return nil
	}
	return []step.Resource{upgrade{n}}
}

// ID implements step.Resource.
func (u upgrade) ID() step.ID { return u.UpgradeID() }

// Needs implements step.Resource.
func (u upgrade) Needs() []step.ID { return u.needsRepository() }

// Asks implements step.Resource.
func (u upgrade) Asks() step.Asks {
	return step.Asks{Host: []remote.Op{remote.ReadFile{Path: place.OSRelease}, remote.ReadFile{Path: dnfLocks},
		remote.Packages{Names: cephPackages()}, showHolds()}}
}

// Compare implements step.Resource.
func (u upgrade) Compare(v step.View) step.Delta {
	var old, have []string
	var d step.Delta
	floor := u.Floor()
	for _, name := range cephPackages() {
		if version := v.Host.Packages[name]; version != "" && tooOldFor(floor, version) {
			old, have = append(old, name), append(have, name+" "+version)
			d.Diffs = append(d.Diffs, step.FieldDiff{Field: name, Observed: version, Desired: floor + " or newer"})
		}
	}
	if len(old) == 0 {
		return step.Delta{}
	}
	code, next := "client-too-old", "upgrade them, or set packages: install in the Spec"
	held, by := heldPackages(v.Host, old)
	switch {
	case len(held) > 0:
		code = "client-held"
		next = fmt.Sprintf("%s held there (%s), so nothing is changed: release what may be upgraded",
			strings.Join(held, ", "), by)
	case u.Site.Packages == "install":
		d.Action, d.Name, d.Reason = step.Update, strings.Join(old, " "), "older than min_client"
		w := upgradeStep{host: u.Spec.Name, floor: floor, names: old, have: map[string]string{}, rpm: usesRPM(v.Host)}
		for _, name := range old {
			w.have[name] = v.Host.Packages[name]
		}
		d.Do = step.HostStep{Alone: true, Entry: u.Site.Helps(), Judge: w.judge,
			Ops: func(step.Late) ([]remote.Op, error) { return w.ops(), nil }}
		return d
	}
	return step.Refuse(code, "packages", fmt.Errorf("older than min_client %s: %s; %s", floor,
		strings.Join(have, ", "), next))
}

func usesRPM(h *step.Host) bool { return place.DistributionOf(h).Family == place.RPM }

// heldPackages lists those of the packages that stay as they are by somebody's wish,
// and what says so. Of dnf's locks these are the locks on the very version that is
// installed; whether other locks let a new enough version in, dnf has to say.
func heldPackages(h *step.Host, names []string) (held []string, by string) {
	if !usesRPM(h) {
		return slices.DeleteFunc(strings.Fields(h.Said(showHolds())), func(name string) bool {
			plain, _, _ := strings.Cut(name, ":")
			return !slices.Contains(names, plain)
		}), "apt-mark showhold"
	}
	locks := strings.Fields(string(h.Files[dnfLocks].Data))
	for _, name := range names {
		version := h.Packages[name]
		if !strings.Contains(version, ":") {
			version = "0:" + version
		}
		if slices.Contains(locks, name+"-"+version+".*") {
			held = append(held, name)
		}
	}
	return held, "dnf versionlock"
}

// An upgradeStep upgrades packages and looks whether that was enough.
type upgradeStep struct {
	host, floor string
	names       []string
	have        map[string]string // the versions before
	rpm         bool
}

// ops first ask for what the repositories have now: a repository that does not answer
// need not be the one with the packages. Held packages, and packages that would be
// removed, make apt refuse. dnf passes over packages that are locked or excluded,
// which then are still too old.
func (w upgradeStep) ops() []remote.Op {
	look := remote.Packages{Names: w.names}
	if w.rpm {
		// The umask lets everybody read what dnf keeps.
		dnf := []string{"sh", "-c", `umask 022; exec dnf "$@"`, "dnf", "-y", "-q", "--refresh",
			"--setopt=install_weak_deps=False", "upgrade"}
		return []remote.Op{remote.Run{Argv: append(dnf, w.names...), Timeout: packageTime}, look}
	}
	apt := []string{"env", "DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_SUSPEND=1",
		"apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300"}
	install := []string{"--no-install-recommends", "--no-remove", "--only-upgrade",
		"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "install"}
	return []remote.Op{
		remote.Run{Argv: slices.Concat(apt, []string{"update"}), Timeout: packageTime},
		remote.Run{Argv: slices.Concat(apt, install, w.names), Timeout: packageTime},
		look,
	}
}

func (w upgradeStep) judge(results []remote.Result) (changed bool, err error) {
	if n := len(w.ops()); len(results) != n {
		return false, fmt.Errorf("%s: %d results for %d operations", w.host, len(results), n)
	}
	ran, looked := results[len(results)-2], results[len(results)-1]
	if err := cmp.Or(ran.Err, looked.Err); err != nil {
		return false, err
	}
	for _, name := range w.names {
		now := looked.Versions[name]
		changed = changed || now != w.have[name]
		if tooOldFor(w.floor, now) {
			err = fmt.Errorf("%s: %s is %s and not %s or newer: %s", w.host, name, now, w.floor,
				cmp.Or(words.LastWords(ran), "nothing newer was found that is not held back"))
		}
	}
	if err == nil && ran.Exit != 0 {
		err = fmt.Errorf("%s: exit status %d: %s", w.host, ran.Exit, words.LastWords(ran))
	}
	return changed, err
}
