package place

import (
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
)

// OSRelease is the file in which a host says what it runs.
const OSRelease = "/etc/os-release"

// The families of distributions, by their packages.
const (
	Deb = "deb"
	RPM = "rpm"
)

// A Distribution is what a host says that it runs.
type Distribution struct {
	ID       string // debian, ubuntu, centos
	Version  string // 12, 22.04, 9
	Codename string // bookworm; empty where there are none
	Family   string
}

// DistributionOf is the distribution of a host. A host that does not say what it is
// counts as Debian.
func DistributionOf(h *step.Host) Distribution {
	field := map[string]string{}
	for line := range strings.Lines(string(h.Files[OSRelease].Data)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			field[name] = strings.Trim(value, `"'`)
		}
	}
	d := Distribution{ID: field["ID"], Version: field["VERSION_ID"], Codename: field["VERSION_CODENAME"], Family: Deb}
	for word := range strings.FieldsSeq(field["ID"] + " " + field["ID_LIKE"]) {
		if word == "rhel" || word == "fedora" || word == "centos" {
			d.Family = RPM
		}
	}
	return d
}
