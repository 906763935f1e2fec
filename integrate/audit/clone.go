package audit

import (
	"fmt"
	"slices"
	"strings"
)

// cloneable reports whether Nova and Cinder could make clones of an image in a pool, as far as the APIs and lists tell.
func (s *stock) cloneable(i *imageFact, p *pool) bool {
	return i.whole() && i.format.Value() == "raw" && p.has(i.id.String()) && i.at.Value() == p.origin()
}

// clones finds the images that Nova and Cinder cannot clone, and why.
func (s *stock) clones(add func(suspect)) {
	if s.images.err != nil || len(s.stores) == 0 {
		return
	}
	users := s.usersOfImages()
	told, hidden := 0, 0
	s.images.all(func(i *imageFact) {
		if !i.whole() || i.status.Value() != "active" || slices.Contains([]string{"aki", "ari", "iso"}, i.format.Value()) {
			return
		}
		places, _ := s.placesOf(i)
		places = slices.DeleteFunc(slices.Clone(places), func(p *pool) bool { return p.err != nil || !p.has(i.id.String()) })
		if at := i.at.Value(); at == "" {
			hidden++
			if len(places) == 0 { // where Glance tells nothing, the pools do
				places = s.holding(i)
			}
		} else {
			told++
		}
		for _, x := range s.whyNot(i, places, users[i.id]) {
			add(x)
		}
	}, (*imageFact).key)
	if hidden > 0 && told == 0 {
		add(suspect{Finding: Finding{Code: "image-location-hidden", Severity: Waste, Object: "Glance",
			Message: "Glance hides where images are, so Nova and Cinder copy whole images in place of cloning them",
			Evidence: []string{fmt.Sprintf("%d active images have neither direct_url nor locations, as an administrator sees "+
				"them", hidden)},
			Next: "Look at show_image_direct_url on the hosts of glance-api (cephstack plan sets it), and at the policy " +
				"get_image_location"}})
	}
}

// holding are the pools of images that have an RBD image of the image's ID.
func (s *stock) holding(i *imageFact) (places []*pool) {
	for _, p := range s.pools {
		if p.err == nil && p.has(i.id.String()) && p.holds("images") {
			places = append(places, p)
		}
	}
	return places
}

// usersOfImages are the clusters in which volumes and servers were made of an image.
func (s *stock) usersOfImages() map[uuid][]string {
	all := map[uuid][]string{}
	use := func(image uuid, p *pool) {
		if image != (uuid{}) && p != nil && !slices.Contains(all[image], p.cluster) {
			all[image] = append(all[image], p.cluster)
		}
	}
	s.volumes.all(func(v *volumeFact) { use(v.image, s.poolOf(v.host.Value())) }, (*volumeFact).key)
	if s.disks != nil && s.disks.err == nil {
		s.servers.all(func(v *serverFact) {
			if v.image != (uuid{}) && s.disks.has(s.rootDisk(v)) {
				use(v.image, s.disks)
			}
		}, (*serverFact).key)
	}
	return all
}

// whyNot says why an image that is in some pools cannot be cloned.
func (s *stock) whyNot(i *imageFact, places []*pool, usedIn []string) (all []suspect) {
	found := func(code, message, next string) {
		all = append(all, suspect{Finding: Finding{Code: code, Severity: Waste, Object: "image " + i.id.String(),
			Message: message, Evidence: []string{i.evidence(s)}, Next: next}})
	}
	at := i.at.Value()
	switch {
	case len(places) == 0 && strings.HasPrefix(at, "rbd://") && s.knows() && !s.known(at):
		found("image-of-another-cluster", "the image is in a cluster or a pool that is not in the Spec, so it cannot be "+
			"cloned", "Compare the fsid with ceph fsid of each cluster. To bring the image here: openstack image save, "+
			"and openstack image create")
		return all
	case len(places) == 0:
		return nil // it is not in Ceph, as its owner or an operator chose
	case i.format.Value() != "raw":
		found("image-not-raw", "the image is in Ceph as "+i.format.Value()+": Nova and Cinder clone raw images only, and "+
			"convert a whole copy of this image for each server and volume", "Make a raw image of it: qemu-img convert -O raw, "+
			"then openstack image create --disk-format raw; hide the old image (--hidden)")
		return all
	case at != "" && !strings.HasPrefix(at, "rbd://"):
		found("image-first-location", "the image is in Ceph, but the first location that Glance tells is elsewhere, so Nova "+
			"and Cinder do not clone it", "Delete the image from the other store: DELETE /v2/stores/STORE/"+i.id.String())
		return all
	}
	for _, cluster := range usedIn {
		store := func(p *pool) bool { return p.cluster == cluster }
		if slices.ContainsFunc(places, store) || !s.hasStoreIn(cluster) {
			continue
		}
		found("image-not-in-cluster", "servers or volumes in cluster "+cluster+" are made of the image, and the image is "+
			"not there, so each of them is a whole copy", "Copy the image into the store of that cluster: glance image-import "+
			i.id.String()+" --import-method copy-image --stores STORE")
	}
	return all
}

// knows reports whether the fsid of each cluster is known.
func (s *stock) knows() bool {
	return !slices.ContainsFunc(s.pools, func(p *pool) bool { return p.fsid == "" })
}

// known reports whether an origin is in a pool of the Spec.
func (s *stock) known(at string) bool {
	return slices.ContainsFunc(s.pools, func(p *pool) bool {
		return p.origin() == at || strings.HasPrefix(at, p.origin()+"/")
	})
}

func (s *stock) hasStoreIn(cluster string) bool {
	for _, p := range s.stores {
		if p.cluster == cluster {
			return true
		}
	}
	return false
}
