package host

import (
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// keepsDefaultBackend looks after the backend that Cinder has until Newton where its files enable none and
// name no driver: it is in [DEFAULT], and its volumes are in LVM. A file as packaged is no sign that it is
// in use. Volumes are, and so is a service that is up.
func (x *editing) keepsDefaultBackend(cur openstack.Current) error {
	if !x.Site.Release.Before("ocata") || len(x.Site.Cinder) == 0 || len(enabledBackends(cur)) > 0 {
		return nil
	}
	name := cinderName(spec.SingleBackend, cur, x.Spec.Name)
	const use = "[DEFAULT] is in use with LVM, Cinder's default driver,"
	runs := x.Service("cinder-volume").State(x.v.Host, x.in).Active == "active"
	if err := cloudErr(x.v.Cloud, false); err != nil {
		if runs {
			x.notesDefaultBackend("goes out of service, and with it the volumes of %s, if there are any (which cannot be told: "+
				"%v)", name, err)
		}
		return nil
	}
	mine := func(host string) bool {
		host, _, _ = strings.Cut(host, "#")
		return strings.EqualFold(host, name) || len(host) > len(name) && strings.EqualFold(host[:len(name)+1], name+".")
	}
	var volumes []string
	for _, v := range x.v.Cloud.Volumes {
		if mine(v.Host) && !strings.Contains(v.Host, "@") {
			volumes = append(volumes, v.ID)
		}
	}
	if len(volumes) > 0 {
		return refuse("driver-in-use", "%s and nobody would serve its volumes any more (%s); move it into a section of its "+
			"own first: enable that section, give it the options of [DEFAULT], and give it the volumes (cinder-manage volume "+
			"update_host --currenthost %s --newhost %[3]s@SECTION)", use, words.JoinShort(volumes), name)
	}
	for _, r := range x.v.Cloud.Records {
		if !want.Unnamed(r) || !mine(r.Host) {
			continue
		}
		if err := x.v.Cloud.VolumesErr; err != nil {
			return refuse("volumes-unknown", "%s as the APIs know cinder-volume on %s, and whether it has volumes, which "+
				"nobody would serve any more, cannot be told: %w", use, r.Host, err)
		}
		if r.Up && runs {
			x.notesDefaultBackend("goes out of service: cinder-volume on %s is up with it, and it has no volumes", r.Host)
		}
	}
	return nil
}

func (x *editing) notesDefaultBackend(format string, args ...any) {
	x.d.Note("default-backend-ends", x.path+" [DEFAULT]", "the backend in LVM, which Cinder has where no driver is "+
		"named, "+format, args...)
}
