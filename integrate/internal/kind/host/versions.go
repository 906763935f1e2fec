package host

import (
	"strconv"
	"strings"
)

// Upstream is the version of Ceph itself in a package's version: 16.2.15 in
// 2:16.2.15+ds-0+deb12u1, 18.2.4 in 2:18.2.4-0.el9.
func Upstream(version string) string {
	if _, rest, ok := strings.Cut(version, ":"); ok {
		version = rest
	}
	if i := strings.IndexAny(version, "-+~^"); i >= 0 {
		version = version[:i]
	}
	return version
}

// older compares versions of numbers and dots. What is not a number counts as 0.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	number := func(parts []string, i int) int {
		if i >= len(parts) {
			return 0
		}
		n, _ := strconv.Atoi(parts[i])
		return n
	}
	for i := range max(len(x), len(y)) {
		if m, n := number(x, i), number(y, i); m != n {
			return m < n
		}
	}
	return false
}

// tooOldFor reports whether a package's version is older than a version of Ceph,
// as 19.2.0~rc1 is older than 19.2.0.
func tooOldFor(floor, version string) bool {
	u := Upstream(version)
	return older(u, floor) || !older(floor, u) && strings.Contains(version, u+"~")
}

// ReadsAES256k reports whether a version of Ceph knows keys of type aes256k.
func ReadsAES256k(version string) bool {
	if older(version, "20") {
		return !older(version, "19.2.6")
	}
	return !older(version, "20.2.4")
}

// Floor is the newest min_client among the clusters that the services of this host
// use; empty where no cluster has one.
func (n *Node) Floor() string {
	floor := ""
	for _, u := range n.Users {
		c := n.Site.Cluster(u.Cluster)
		if c.MinClient != "" && (floor == "" || older(floor, c.MinClient)) {
			floor = c.MinClient
		}
	}
	return floor
}
