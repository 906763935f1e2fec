package integrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// KindUpgrade is about packages that are older than a cluster's min_client.
const KindUpgrade Kind = "upgrade"

// cephPackages are the packages whose version is that of the Ceph client:
// what services load, and what they run.
func cephPackages() []string {
	return []string{"ceph-common", "librados2", "librbd1", "python3-rados", "python3-rbd"}
}

// upstream is the version of Ceph itself in a package's: 16.2.15 in
// 2:16.2.15+ds-0+deb12u1, 18.2.4 in 2:18.2.4-0.el9.
func upstream(version string) string {
	if _, rest, ok := strings.Cut(version, ":"); ok {
		version = rest
	}
	if i := strings.IndexAny(version, "-+~^"); i >= 0 {
		version = version[:i]
	}
	return version
}

// older compares versions of numbers and dots; what is no number counts as 0.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		number := func(parts []string) int {
			if i >= len(parts) {
				return 0
			}
			n, _ := strconv.Atoi(parts[i])
			return n
		}
		if m, n := number(x), number(y); m != n {
			return m < n
		}
	}
	return false
}

// tooOldFor reports whether a package's version is older than one of Ceph, as
// 19.2.0~rc1 is than 19.2.0.
func tooOldFor(floor, version string) bool {
	u := upstream(version)
	return older(u, floor) || !older(floor, u) && strings.Contains(version, u+"~")
}

// floor is the newest min_client among the clusters that a host's services use.
func (x *hostDiffer) floor() string {
	floor := ""
	for _, id := range x.users {
		for _, c := range x.site.spec.Clusters {
			if c.Name == id.Cluster && c.MinClient != "" && (floor == "" || older(floor, c.MinClient)) {
				floor = c.MinClient
			}
		}
	}
	return floor
}

func holds() remote.Run { return remote.Run{Argv: []string{"apt-mark", "showhold"}} }

// dnfLocks is where dnf versionlock writes.
const dnfLocks = "/etc/dnf/plugins/versionlock.list"

func (s *site) floorOps() []remote.Op {
	if !slices.ContainsFunc(s.spec.Clusters, func(c spec.Cluster) bool { return c.MinClient != "" }) {
		return nil
	}
	return []remote.Op{remote.ReadFile{Path: osRelease}, remote.ReadFile{Path: dnfLocks}, remote.Packages{Names: cephPackages()}, holds()}
}

// tooOld lists the installed packages that are older than the floor.
func (x *hostDiffer) tooOld() []string {
	var names []string
	floor := x.floor()
	for _, name := range cephPackages() {
		if v := x.seen.packages[name]; floor != "" && v != "" && tooOldFor(floor, v) {
			names = append(names, name)
		}
	}
	return names
}

// upgrade plans what is too old, unless it is held or the Spec only checks.
func (x *hostDiffer) upgrade() {
	old := x.tooOld()
	if len(old) == 0 {
		return
	}
	var diffs []FieldDiff
	var have []string
	for _, name := range old {
		diffs = append(diffs, FieldDiff{name, x.seen.packages[name], x.floor() + " or newer"})
		have = append(have, name+" "+x.seen.packages[name])
	}
	held, by := x.held(old)
	next := ""
	switch {
	case len(held) > 0:
		next = fmt.Sprintf("%s held there (%s), so nothing is changed: release what may be upgraded", strings.Join(held, ", "), by)
	case x.site.spec.Packages != "install":
		next = "upgrade them, or say packages: install in the Spec"
	default:
		x.change(KindUpgrade, Update, strings.Join(old, " "), "older than min_client", diffs, x.repositoryID())
		return
	}
	x.problem(x.spec.Name, "packages", nil, "older than min_client %s: %s; %s", x.floor(), strings.Join(have, ", "), next)
	for _, name := range x.names {
		x.brokenBy[name] = true
	}
}

// held lists those of the packages that stay as they are by somebody's wish, and
// what says so. Of dnf's locks these are the ones on the very version that is
// installed; whether others let a new enough one in, dnf has to say.
func (x *hostDiffer) held(names []string) (held []string, by string) {
	if x.seen.distribution().family != familyRPM {
		return slices.DeleteFunc(strings.Fields(x.seen.said(holds())), func(name string) bool {
			plain, _, _ := strings.Cut(name, ":")
			return !slices.Contains(names, plain)
		}), "apt-mark showhold"
	}
	locks := strings.Fields(string(x.seen.files[dnfLocks].data))
	for _, name := range names {
		version := x.seen.packages[name]
		if !strings.Contains(version, ":") {
			version = "0:" + version
		}
		if slices.Contains(locks, name+"-"+version+".*") {
			held = append(held, name)
		}
	}
	return held, "dnf versionlock"
}

func (x *hostDiffer) repositoryID() string {
	if x.seen.distribution().family == familyRPM {
		return x.id(KindRepository, dnfRepo)
	}
	return x.id(KindRepository, aptSources)
}

func (x *hostDiffer) upgradeID() string { return x.id(KindUpgrade, strings.Join(x.tooOld(), " ")) }

// upgradePackages upgrades packages and looks whether that was enough. What the
// repositories have now is asked for first: one that does not answer need not be
// theirs. Held packages, and those that would be removed, make apt refuse; dnf
// passes over those that are locked or excluded, which then are still too old.
func (h *hostRun) upgradePackages(ctx context.Context, c Change) (changed bool, err error) {
	names := strings.Fields(c.Name)
	apt := []string{"env", "DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_SUSPEND=1", "apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300"}
	argv := slices.Concat(apt, []string{"--no-install-recommends", "--no-remove", "--only-upgrade",
		"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "install"})
	first := []remote.Op{remote.Run{Argv: slices.Concat(apt, []string{"update"}), Timeout: packageTime}}
	if h.diff.seen.distribution().family == familyRPM {
		// What dnf keeps is for everybody to read.
		argv = []string{"sh", "-c", `umask 022; exec dnf "$@"`, "dnf", "-y", "-q", "--refresh", "--setopt=install_weak_deps=False", "upgrade"}
		first = nil
	}
	ops := append(first, remote.Run{Argv: append(argv, names...), Timeout: packageTime}, remote.Packages{Names: names})
	host := h.in.world.Hosts[h.spec.Name]
	results, err := host.Do(ctx, ops...)
	if err != nil || len(results) < len(ops) {
		return false, err
	}
	results = results[len(first):]
	if err := firstError(results); err != nil {
		return false, err
	}
	floor := h.diff.floor()
	for _, name := range names {
		v := results[1].Versions[name]
		changed = changed || v != h.diff.seen.packages[name]
		if tooOldFor(floor, v) {
			err = fmt.Errorf("%s: %s is %s and not %s or newer: %s", h.spec.Name, name, v, floor, cmp.Or(lastWords(results[0]), "nothing newer was found that is not held back"))
		}
	}
	if err == nil && results[0].Exit != 0 {
		err = fmt.Errorf("%s: exit status %d: %s", h.spec.Name, results[0].Exit, lastWords(results[0]))
	}
	return changed, err
}
