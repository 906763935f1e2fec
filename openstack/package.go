package openstack

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kolla is no service: it stands for the images of Kolla, whose label
// kolla_version, or tag, ReleaseOf reads as it reads versions of packages.
const Kolla Service = "kolla"

// firstMajor are the services' major versions of Liberty, the first release
// whose packages do not carry the release's own date. Each release since then
// has the next one.
func firstMajor(s Service) int {
	switch s {
	case GlanceAPI:
		return 11
	case CinderVolume, CinderBackup:
		return 7
	case NovaCompute:
		return 12
	case Kolla:
		return 1
	}
	return -1
}

var versionForm = regexp.MustCompile(`^(?:[0-9]+:)?([0-9]+)\.([0-9]+)`)

// ReleaseOf tells from the version of a service's package, such as
// 2:26.1.1-4~deb12u1 of nova-compute, which release it is of. Epochs and what
// distributions append do not matter.
func ReleaseOf(s Service, version string) (Release, error) {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("openstack: package version %q of %s cannot be read", version, s)
	}
	if strings.HasPrefix(m[1], "20") && len(m[1]) == 4 {
		return ParseRelease(m[1] + "." + m[2])
	}
	major, err := strconv.Atoi(m[1])
	first := firstMajor(s)
	i := age("liberty") + major - first
	if err != nil || first < 0 || major < first || i >= len(releases()) {
		return "", fmt.Errorf("openstack: package version %q of %s is of no release from havana to hibiscus", version, s)
	}
	return ParseRelease(releases()[i][0])
}
