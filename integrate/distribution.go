package integrate

import "strings"

const osRelease = "/etc/os-release"

// The families of distributions, by their packages.
const (
	familyDeb = "deb"
	familyRPM = "rpm"
)

// A distribution is what a host says that it runs.
type distribution struct {
	id       string // debian, ubuntu, centos
	version  string // 12, 22.04, 9
	codename string // bookworm; empty where there are none
	family   string
}

// distribution is the host's; one that does not say what it is counts as
// Debian.
func (h *observedHost) distribution() distribution {
	field := map[string]string{}
	for line := range strings.Lines(string(h.files[osRelease].data)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			field[name] = strings.Trim(value, `"'`)
		}
	}
	d := distribution{id: field["ID"], version: field["VERSION_ID"], codename: field["VERSION_CODENAME"], family: familyDeb}
	for word := range strings.FieldsSeq(field["ID"] + " " + field["ID_LIKE"]) {
		if word == "rhel" || word == "fedora" || word == "centos" {
			d.family = familyRPM
		}
	}
	return d
}
