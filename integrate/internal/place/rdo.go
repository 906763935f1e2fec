package place

// rdoLayout is that of the RHEL family. Its oslo.config reads -dist.conf files
// before all others, and Cinder's units name theirs.
func rdoLayout() map[string]Service {
	all := debianLayout()
	for name, changes := range map[string]Service{
		"glance-api": {Program: "openstack-glance", Dist: []string{"/usr/share/glance/glance-dist.conf",
			"/usr/share/glance/glance-api-dist.conf"}},
		"cinder-volume": {Program: "openstack-cinder", Dist: []string{"/usr/share/cinder/cinder-dist.conf"}},
		"cinder-backup": {Program: "openstack-cinder", Dist: []string{"/usr/share/cinder/cinder-dist.conf"}},
		"nova-compute": {Program: "openstack-nova-compute", Dist: []string{"/usr/share/nova/nova-dist.conf",
			"/usr/share/nova/nova-compute-dist.conf"}},
	} {
		l := all[name]
		l.Unit, l.Program, l.Dist = "openstack-"+l.Unit, changes.Program, changes.Dist
		all[name] = l
	}
	return all
}
