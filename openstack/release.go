package openstack

import (
	"fmt"
	"strings"
	"sync"
)

// A Release is an OpenStack release by its lower-case name ("havana" … "zed",
// then "2023.1" …), comparable by age with Before.
type Release string

// Names of the releases that the option tables refer to.
const (
	havana   Release = "havana"
	icehouse Release = "icehouse"
	juno     Release = "juno"
	kilo     Release = "kilo"
	mitaka   Release = "mitaka"
	newton   Release = "newton"
	ocata    Release = "ocata"
	pike     Release = "pike"
	queens   Release = "queens"
	rocky    Release = "rocky"
	stein    Release = "stein"
	train    Release = "train"
	ussuri   Release = "ussuri"
	victoria Release = "victoria"
	wallaby  Release = "wallaby"
	xena     Release = "xena"
	r20251   Release = "2025.1"
	r20252   Release = "2025.2"
	r20262   Release = "2026.2"
)

// releases lists version and name of every release, oldest first. From 2023.1 on a
// Release is the version, and the name is an alias.
var releases = sync.OnceValue(func() [][2]string {
	return [][2]string{
		{"2013.2", "havana"}, {"2014.1", "icehouse"}, {"2014.2", "juno"}, {"2015.1", "kilo"},
		{"2015.2", "liberty"}, {"2016.1", "mitaka"}, {"2016.2", "newton"}, {"2017.1", "ocata"},
		{"2017.2", "pike"}, {"2018.1", "queens"}, {"2018.2", "rocky"}, {"2019.1", "stein"},
		{"2019.2", "train"}, {"2020.1", "ussuri"}, {"2020.2", "victoria"}, {"2021.1", "wallaby"},
		{"2021.2", "xena"}, {"2022.1", "yoga"}, {"2022.2", "zed"}, {"2023.1", "antelope"},
		{"2023.2", "bobcat"}, {"2024.1", "caracal"}, {"2024.2", "dalmatian"}, {"2025.1", "epoxy"},
		{"2025.2", "flamingo"}, {"2026.1", "gazpacho"}, {"2026.2", "hibiscus"},
	}
})

// ages are the places of the releases in that list, by version and by name.
var ages = sync.OnceValue(func() map[string]int {
	all := map[string]int{}
	for i, r := range releases() {
		all[r[0]], all[r[1]] = i, i
	}
	return all
})

// ParseRelease accepts a name ("Zed") or a version ("2022.2"), in upper or lower
// case. A release that it does not know is an error: the options of such a release
// cannot be guessed.
func ParseRelease(name string) (Release, error) {
	i := age(strings.TrimSpace(name))
	if i < 0 {
		return "", fmt.Errorf("openstack: release %q is not one of havana (2013.2) to hibiscus (2026.2)", name)
	}
	r := releases()[i]
	if strings.Compare(r[0], "2023") > 0 {
		return Release(r[0]), nil
	}
	return Release(r[1]), nil
}

// Before reports whether r is older than o. A release that ParseRelease does
// not know is older than all others.
func (r Release) Before(o Release) bool { return age(string(r)) < age(string(o)) }

// age is the place of a release in the list, or -1.
func age(name string) int {
	if i, ok := ages()[strings.ToLower(name)]; ok {
		return i
	}
	return -1
}
