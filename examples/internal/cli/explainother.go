package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/openstack"
)

// ofCommand is what there is to say of the name of a command or of a topic of the help.
func ofCommand(name string) (string, bool) {
	i := slices.IndexFunc(Commands().Commands(), func(c *cobra.Command) bool { return c.Name() == name })
	if i < 0 {
		return "", false
	}
	return fmt.Sprintf("command %s: %s\n'cephstack help %[1]s' tells the rest.\n", name, Commands().Commands()[i].Short), true
}

// ofOption is what there is to say of an option of OpenStack that cephstack sets.
func ofOption(name string) (string, bool) {
	var lines []string
	for _, s := range serviceSettings() {
		for _, set := range s.settings {
			text := fmt.Sprintf("[%s] of %s: %s\n'cephstack explain %s' tells of the field of the Spec it comes from.\n",
				set.Section, s.service, set.Reason, s.field)
			if set.Option == name && !set.Remove && !slices.Contains(lines, text) {
				lines = append(lines, text)
			}
		}
	}
	return "option " + name + " of OpenStack, which cephstack sets\n\n" + strings.Join(lines, "\n"), len(lines) > 0
}

// A settingsOf is what a service of some release needs.
type settingsOf struct {
	service  openstack.Service
	field    string // of the Spec
	settings []openstack.Setting
}

// serviceSettings are the options of examples of each service, of releases that differ in how they name them.
func serviceSettings() (all []settingsOf) {
	const conf, uuid = "/etc/ceph/ceph.conf", "f0a4a2b4-46c8-4dc7-bb0a-0d7b4f1f0c5e"
	for _, release := range []openstack.Release{"zed", "stein", "havana"} {
		for _, s := range []struct {
			service  openstack.Service
			field    string
			settings func(openstack.Release, openstack.Current) ([]openstack.Setting, error)
		}{
			{openstack.GlanceAPI, "glance", openstack.GlanceStore{Pool: "images", User: "glance", Conf: conf,
				MultipleLocations: true}.Settings},
			{openstack.CinderVolume, "cinder.backends", openstack.VolumeBackend{Name: "ceph", Pool: "volumes",
				User: "cinder", Conf: conf, SecretUUID: uuid, AvailabilityZone: "nova"}.Settings},
			{openstack.CinderBackup, "backup", openstack.BackupDriver{Pool: "backups", User: "backup",
				Conf: conf}.Settings},
			{openstack.NovaCompute, "nova", openstack.ComputeDisks{User: "cinder", SecretUUID: uuid, Conf: conf,
				Pool: "vms"}.Settings},
		} {
			if settings, err := s.settings(release, nothingSet{}); err == nil {
				all = append(all, settingsOf{s.service, s.field, settings})
			}
		}
	}
	return all
}

// nothingSet is a configuration without options.
type nothingSet struct{}

// Lookup implements openstack.Current.
func (nothingSet) Lookup(string, string) (string, bool) { return "", false }
