package spec

import (
	"regexp"
	"strings"
)

// The ways to a cluster, which are the first word of the field Access.
const (
	accessCeph      = "ceph"
	accessLibrados  = "librados"
	accessContainer = "container"
	accessImage     = "image"
	accessCephadm   = "cephadm"
)

// accesses tell what else a way has to be given.
func accesses() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{accessCeph: nil, accessLibrados: nil, accessCephadm: nil,
		accessContainer: containerForm, accessImage: imageForm}
}

var (
	containerForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	imageForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$`)
)

// Within is where on Host the ceph program is run, if that is not the host itself: in the container or the image of
// this name, or in cephadm shell.
func (c Cluster) Within() (container, image string, cephadm bool) {
	way, name, _ := strings.Cut(c.Access, " ")
	switch way {
	case accessContainer:
		return name, "", false
	case accessImage:
		return "", name, false
	}
	return "", "", way == accessCephadm
}

func (v *validation) access(path string, c Cluster) {
	if c.Access == "" {
		return
	}
	way, name, named := strings.Cut(c.Access, " ")
	form, known := accesses()[way]
	switch {
	case !known:
		v.fault(path+".access", "%q is none of ceph, librados, container NAME, image NAME, cephadm%s", c.Access,
			DidYouMean(way, accesses()))
	case form == nil && named:
		v.fault(path+".access", "%q has more than the word %s", c.Access, way)
	case form != nil && !form.MatchString(name):
		v.fault(path+".access", "%q is not the word %s and the name of the %s", c.Access, way, way)
	}
	if known && way != accessLibrados && c.Host == "" {
		v.fault(path+".host", "is missing; access: %s runs the ceph program there", way)
	}
}
