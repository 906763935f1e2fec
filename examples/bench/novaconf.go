//go:build linux

package main

import (
	"fmt"
	"strings"
)

const (
	novaConf    = "/etc/nova/nova.conf"
	computeConf = "/etc/nova/nova-compute.conf"
)

// computeOptions is Debian's nova-compute.conf.
const computeOptions = "[DEFAULT]\ncompute_driver=libvirt.LibvirtDriver\n[libvirt]\nvirt_type=qemu\n"

// A section of nova.conf before Ceph comes: what an operator has set, the
// names of options that are there as comments, and how many more there are.
type section struct {
	name      string
	set       []string
	commented []string
	more      int
}

func sections(address string) []section {
	return []section{
		{"DEFAULT", []string{"my_ip = " + address, "transport_url = rabbit://openstack:not-a-real-one@192.0.2.20:5672/",
			"state_path = /var/lib/nova",
			"log_dir = /var/log/nova", "cpu_allocation_ratio = 4.0", "resume_guests_state_on_host_boot = true"},
			[]string{"debug", "host"}, 60},
		{"api", nil, nil, 12},
		{"api_database", []string{"connection = sqlite:////var/lib/nova/nova_api.sqlite"}, nil, 12},
		{"cache", nil, nil, 14},
		{"cinder", []string{"os_region_name = RegionOne"}, nil, 14},
		{"compute", nil, []string{"consecutive_build_service_disable_threshold"}, 12},
		{"database", []string{"connection = sqlite:////var/lib/nova/nova.sqlite"}, nil, 16},
		{"glance", []string{"api_servers = http://192.0.2.20:9292"}, nil, 16},
		{"keystone_authtoken", []string{"www_authenticate_uri = http://192.0.2.20:5000/", "auth_type = password",
			"username = nova", "password = not-a-real-one", "project_name = service"}, nil, 24},
		{"libvirt", []string{"cpu_mode = host-model", "live_migration_permit_auto_converge = true"},
			[]string{"virt_type", "images_type", "images_rbd_pool",
				"rbd_user", "rbd_secret_uuid", "disk_cachemodes", "hw_disk_discard"}, 60},
		{"neutron", []string{"auth_type = password", "username = neutron", "password = not-a-real-one",
			"service_metadata_proxy = true"}, nil, 26},
		{"oslo_concurrency", []string{"lock_path = /var/lock/nova"}, nil, 4},
		{"oslo_messaging_rabbit", []string{"rabbit_ha_queues = true"}, nil, 28},
		{"placement", []string{"auth_type = password", "username = placement", "password = not-a-real-one"}, nil, 24},
		{"scheduler", nil, nil, 10},
		{"vnc", []string{"enabled = true", "server_listen = " + address, "server_proxyclient_address = $my_ip"}, nil, 10},
		{"workarounds", nil, nil, 18},
	}
}

// makeNovaConf is a host's nova.conf of about 2,000 lines, mostly comments,
// as packages install it and operators edit it.
func makeNovaConf(address string) []byte {
	var b strings.Builder
	for _, s := range sections(address) {
		fmt.Fprintf(&b, "[%s]\n\n#\n# From nova.conf\n#\n\n", s.name)
		for _, line := range s.set {
			b.WriteString(line + "\n")
		}
		for _, name := range s.commented {
			fmt.Fprintf(&b, "\n# What %s does is said here. (string value)\n#%s = <None>\n", name, name)
		}
		for i := range s.more {
			fmt.Fprintf(&b, "\n# Option %d of this section, with a line or two about what it does and when\n"+
				"# to change it, as the sample file has them. (integer value)\n"+
				"# Minimum value: 0\n#%s_option_%d = %d\n", i, strings.ToLower(s.name), i, i*10)
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}
