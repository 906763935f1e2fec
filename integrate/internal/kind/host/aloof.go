package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// aloof are drivers of Cinder that no release has made fit for a cluster: a cinder-volume in a
// cluster does not open a backend that has one of them.
func aloof() []string {
	const drivers = "cinder.volume.drivers."
	return []string{drivers + "lvm.LVMVolumeDriver", drivers + "nfs.NfsDriver"}
}

// keepsOutOfCluster looks after the other backends of a cinder-volume that gets into a cluster.
// The option cluster is that of a whole cinder-volume, with all of its backends.
func (x *editing) keepsOutOfCluster(cur openstack.Current) error {
	name := x.Site.VolumeCluster().Name
	if have, _ := cur.Lookup("DEFAULT", "cluster"); name == "" || have == name {
		return nil
	}
	for _, other := range enabledBackends(cur) {
		u := inUse{InForce: x.inForce(openstack.CinderVolume, cur), section: other, noun: "backend name"}
		known := slices.ContainsFunc(x.Site.Cinder, func(b spec.Backend) bool { return b.Name == other })
		driver, set := u.Lookup(other, "volume_driver")
		switch option, _ := u.shapedByDefault(); {
		case known || u.backend():
		case !set && option == "": // it is not opened at all
		case slices.Contains(aloof(), driver):
			return refuse("backend-unfit-for-cluster", "[%s] is enabled with %s, a driver that cannot be in a cluster: "+
				"cinder-volume would not open that backend any more, and nobody would serve its volumes. Give the backend a "+
				"cinder-volume of its own, which reads one file more, with enabled_backends = %s and an empty cluster, and "+
				"take it out of enabled_backends here; or leave cinder.cluster out of the Spec", other, u.says("volume_driver"),
				other)
		default:
			x.d.Note("backend-comes-into-cluster", x.path+" ["+other+"]", "comes into cluster %s, too, as cluster is an option "+
				"of the whole cinder-volume: its driver (%s) must be one that can be in a cluster, or cinder-volume does not "+
				"open the backend any more", name, driver)
		}
	}
	return nil
}
