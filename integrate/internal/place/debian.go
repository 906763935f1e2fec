package place

import "github.com/cephstack/cephstack/openstack"

// debianLayout is the layout of Debian and Ubuntu with systemd.
func debianLayout() map[string]Service {
	return map[string]Service{
		"glance-api": {
			Service:  openstack.GlanceAPI,
			Unit:     "glance-api.service",
			Config:   []string{"/etc/glance/glance-api.conf"},
			ConfDirs: []string{"/etc/glance/glance-api.conf.d", "/etc/glance/glance.conf.d"},
			Account:  "glance",
			Program:  "glance-api",
		},
		"cinder-volume": {
			Service:  openstack.CinderVolume,
			Unit:     "cinder-volume.service",
			Config:   []string{"/etc/cinder/cinder.conf"},
			ConfDirs: []string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-volume.conf.d"},
			Account:  "cinder",
			Program:  "cinder-volume",
		},
		"cinder-backup": {
			Service:  openstack.CinderBackup,
			Unit:     "cinder-backup.service",
			Config:   []string{"/etc/cinder/cinder.conf"},
			ConfDirs: []string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-backup.conf.d"},
			Account:  "cinder",
			Program:  "cinder-backup",
		},
		"nova-compute": {
			Service:  openstack.NovaCompute,
			Unit:     "nova-compute.service",
			Config:   []string{"/etc/nova/nova.conf", "/etc/nova/nova-compute.conf"},
			ConfDirs: []string{"/etc/nova/nova.conf.d", "/etc/nova/nova-compute.conf.d"},
			Account:  "nova",
			Program:  "nova-compute",
		},
	}
}
