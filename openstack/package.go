package openstack

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// ReleaseOf tells the release of a service from the version of its package,
// such as 2:26.1.1-4~deb12u1 of nova-compute. Epochs and what distributions
// append do not matter.
func ReleaseOf(s Service, version string) (Release, error) {
	major, ok := firstMajors()[s]
	if !ok {
		return "", fmt.Errorf("openstack: %q is not a service whose package tells its release", s)
	}
	return releaseOf(fmt.Sprintf("package version %q of %s", version, s), version, major)
}

// ReleaseOfKolla tells the release of a container from the kolla_version label
// of its image, such as 20.1.0, or from the image's tag, such as
// 2024.2-ubuntu-noble.
func ReleaseOfKolla(version string) (Release, error) {
	return releaseOf(fmt.Sprintf("Kolla version %q", version), version, 1)
}

// firstMajors are the services' major versions of Liberty, the first release
// whose packages do not carry the release's own date. Each release since then
// has the next major version.
func firstMajors() map[Service]int {
	return map[Service]int{GlanceAPI: 11, CinderVolume: 7, CinderBackup: 7, NovaCompute: 12}
}

var versionForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[0-9]+:)?([0-9]+)\.([0-9]+)`)
})

// releaseOf reads a version; liberty is the major version of Liberty, and what
// names the version in errors.
func releaseOf(what, version string, liberty int) (Release, error) {
	m := versionForm().FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("openstack: %s cannot be read", what)
	}
	if strings.HasPrefix(m[1], "20") && len(m[1]) == 4 {
		return ParseRelease(m[1] + "." + m[2])
	}
	major, err := strconv.Atoi(m[1])
	i := age("liberty") + major - liberty
	if err != nil || major < liberty || i >= len(releases()) {
		return "", fmt.Errorf("openstack: %s is not of a release from havana to hibiscus", what)
	}
	return ParseRelease(releases()[i][0])
}
