package integrate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// holding puts a file on a host.
func holding(host, path, text string) spoil {
	return func(_ *testing.T, w *integratetest.World) { addFile(w, host, path, text) }
}

func fileFaults() map[string]spoil {
	const (
		driver = "[DEFAULT]\nenabled_backends = ceph\n[ceph]\nvolume_driver = cinder.volume.drivers.rbd.RBDDriver\n"
		secret = "[client.admin]\n\tkey = AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==\n"
	)
	return map[string]spoil{
		"ceph-conf-of-another-cluster": holding("compute1", "/etc/ceph/ceph.conf",
			"[global]\nfsid = 00000000-1111-4222-8333-444444444444\nmon_host = 192.0.2.1\n"),
		"ceph-conf-is-broken": holding("compute1", "/etc/ceph/ceph.conf", "[global\nfsid\n"),
		"ceph-conf-with-a-password": holding("controller", "/etc/ceph/ceph.conf",
			"[client.rgw]\nrgw keystone admin password = x\n"),
		"ceph-conf-with-more": holding("compute1", "/etc/ceph/ceph.conf",
			"# mine\n[global]\nmon host = 198.51.100.1\nrbd cache = true\n[client.cinder]\nkeyring = /root/other\n"),
		"ceph-conf-cannot-be-read":   failing("compute1", errBroken, reading("/etc/ceph/ceph.conf")),
		"ceph-folder-cannot-be-read": failing("compute1", errBroken, reading("/etc/ceph")),
		"ceph-folder-is-a-file": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].RemoveDir("/etc/ceph")
			addFile(w, "compute1", "/etc/ceph", "")
		},
		"ceph-folder-is-missing": withoutFolder("compute1", "/etc/ceph"),
		"ceph-folder-is-closed": func(t *testing.T, w *integratetest.World) {
			do(t, w, "compute1", remote.SetAttr{Path: "/etc/ceph", Mode: 0o700})
		},
		"keyring-of-another-user": holding("compute1", "/etc/ceph/ceph.client.cinder.keyring", secret),
		"keyring-is-broken": holding("compute1", "/etc/ceph/ceph.client.cinder.keyring",
			"this is not a keyring\n"),
		"keyring-of-an-old-key": holding("compute1", "/etc/ceph/ceph.client.cinder.keyring",
			strings.Replace(secret, "admin", "cinder", 1)),
		"keyring-cannot-be-read":   failing("compute1", errBroken, reading("/etc/ceph/ceph.client.cinder.keyring")),
		"nova-conf-cannot-be-read": failing("compute1", errBroken, reading("/etc/nova/nova.conf")),
		"nova-conf-is-broken":      holding("compute1", "/etc/nova/nova.conf", "[libvirt\nimages_type\n"),
		"nova-conf-folder-fails":   failing("compute1", errBroken, reading("/etc/nova/nova.conf.d")),
		"nova-conf-is-overridden": holding("compute2", "/etc/nova/nova-compute.conf",
			"[libvirt]\nrbd_user = someone\n"),
		"nova-conf-folder-overrides": holding("compute2", "/etc/nova/nova.conf.d/zz.conf",
			"[libvirt]\nimages_type = qcow2\n"),
		"glance-conf-is-missing": removing("controller", "/etc/glance/glance-api.conf"),
		"glance-conf-of-old-options": holding("controller", "/etc/glance/glance-api.conf",
			"[glance_store]\nstores = file,http\ndefault_store = file\n[DEFAULT]\nshow_multiple_locations = True\n"),
		"glance-conf-of-another-store": holding("controller", "/etc/glance/glance-api.conf",
			"[DEFAULT]\nenabled_backends = rbd:rbd\n[glance_store]\ndefault_backend = rbd\n[rbd]\nrbd_store_pool = other\n"),
		"glance-conf-of-another-conf": holding("controller", "/etc/glance/glance-api.conf",
			"[DEFAULT]\nenabled_backends = rbd:rbd\n[glance_store]\ndefault_backend = rbd\n[rbd]\n"+
				"rbd_store_pool = images\nrbd_store_ceph_conf = /etc/ceph/old.conf\n"),
		"cinder-conf-of-another-pool": holding("controller", "/etc/cinder/cinder.conf", driver+"rbd_pool = prod\n"),
		"cinder-conf-of-another-conf": holding("controller", "/etc/cinder/cinder.conf",
			driver+"rbd_pool = volumes\nrbd_ceph_conf = /etc/ceph/old.conf\n"),
		"cinder-conf-of-another-driver": holding("controller", "/etc/cinder/cinder.conf",
			"[DEFAULT]\nenabled_backends = ceph\n[ceph]\nvolume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver\n"),
		"cinder-conf-of-swift-backups": holding("controller", "/etc/cinder/cinder.conf",
			"[DEFAULT]\nbackup_driver = cinder.backup.drivers.swift.SwiftBackupDriver\n"),
		"cinder-conf-with-junk": holding("controller", "/etc/cinder/cinder.conf",
			"[DEFAULT]\nenabled_backends = nfs, , junk,\nglance_api_version = 2\nvolume_driver = x\n[nfs]\n"+
				"volume_driver = x\n[junk]\n\n[unused]\nrbd_pool = y\n"),
		"cinder-conf-without-backends": holding("controller", "/etc/cinder/cinder.conf",
			"[DEFAULT]\nvolume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver\nvolume_group = vg\n"),
	}
}

// inUseFaults are files of services that are in use otherwise than the Spec wants.
func inUseFaults() map[string]spoil {
	const driver = "[DEFAULT]\nenabled_backends = ceph\n[ceph]\nvolume_driver = cinder.volume.drivers.rbd.RBDDriver\n"
	return map[string]spoil{
		"cinder-conf-of-the-default-pool": holding("controller", "/etc/cinder/cinder.conf", driver),
		"cinder-conf-of-another-name": holding("controller", "/etc/cinder/cinder.conf",
			driver+"rbd_pool = volumes\nvolume_backend_name = RBD_SSD\n"),
		"cinder-conf-of-another-secret": holding("controller", "/etc/cinder/cinder.conf",
			driver+"rbd_pool = volumes\nvolume_backend_name = ceph\nrbd_user = cinder\n"+
				"rbd_secret_uuid = 11111111-2222-4333-8444-555555555555\n"),
		"cinder-conf-of-another-user": holding("controller", "/etc/cinder/cinder.conf",
			driver+"rbd_pool = volumes\nvolume_backend_name = ceph\nrbd_user = prod\n"),
		"cinder-conf-of-another-section": holding("controller", "/etc/cinder/cinder.conf",
			strings.ReplaceAll(driver, "ceph\n[ceph]", "rbd-1\n[rbd-1]")+"rbd_pool = volumes\n"),
		"glance-conf-of-another-name": holding("controller", "/etc/glance/glance-api.conf",
			"[DEFAULT]\nenabled_backends = prod:rbd\n[glance_store]\ndefault_backend = prod\n[prod]\nrbd_store_user = x\n"),
		"glance-conf-of-another-default": holding("controller", "/etc/glance/glance-api.conf",
			"[DEFAULT]\nenabled_backends = prod:rbd\n[glance_store]\ndefault_backend = prod\n[prod]\nrbd_store_pool = x\n"),
	}
}

func removing(host, path string) spoil {
	return func(t *testing.T, w *integratetest.World) { do(t, w, host, remote.Remove{Path: path}) }
}

// entryFaults are of hosts that let nobody in.
func entryFaults() map[string]spoil {
	const (
		home = "/home/deploy"
		keys = home + "/.ssh/authorized_keys"
		key  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operator@example\n"
	)
	all := map[string]spoil{
		"without-an-entry": func(_ *testing.T, w *integratetest.World) { delete(w.Entries, "compute1") },
		"entry-fails": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
				return &remote.HostError{Host: "compute1", Step: "authenticate", Err: remote.ErrAuth}
			}
		},
		"login-stays-refused": func(t *testing.T, w *integratetest.World) {
			addFile(w, "compute1", keys, key)
			do(t, w, "compute1", remote.SetAttr{Path: home + "/.ssh", Owner: "deploy", Group: "deploy", Mode: 0o700},
				remote.SetAttr{Path: keys, Owner: "deploy", Group: "deploy", Mode: 0o600})
			w.Machines["compute1"].AddFile("/etc/sudoers.d/cephstack-deploy",
				[]byte("# Written by cephstack.\nDefaults:deploy !requiretty\ndeploy ALL=(root) NOPASSWD: ALL\n"), 0o440)
			w.Hosts["compute1"] = refusing{}
		},
		"forced-command": holding("compute1", keys, `command="echo no" `+key+key),
		"more-keys":      holding("compute1", keys, "# mine\nssh-rsa AAAA other"),
		"symlink": func(_ *testing.T, w *integratetest.World) {
			addFile(w, "compute1", home+"/.ssh/x", "")
			w.Machines["compute1"].AddSymlink(keys, home+"/.ssh/x")
		},
		"home-others-write-to": func(t *testing.T, w *integratetest.World) {
			do(t, w, "compute1", remote.SetAttr{Path: home, Mode: 0o775})
		},
		"home-is-missing":         withoutFolder("compute1", home),
		"ssh-folder-is-a-file":    holding("compute1", home+"/.ssh", ""),
		"keys-cannot-be-read":     failing("compute1", errBroken, reading(keys)),
		"without-sudo":            removing("compute1", "/etc/sudoers"),
		"sudoers-reads-no-folder": holding("compute1", "/etc/sudoers", "# @includedir /etc/sudoers.d\n"),
		"rule-is-another":         holding("compute1", "/etc/sudoers.d/cephstack-deploy", "# older\n"),
		"visudo-refuses": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].Handle("visudo", func(remote.Run) (stdout, stderr []byte, exit int) {
				return nil, []byte("syntax error near line 3\n"), 1
			})
		},
	}
	for name, change := range all {
		all[name] = both(bareHosts, change)
	}
	all["no-such-user"] = func(*testing.T, *integratetest.World) {} // the hosts let the login in, and know no such user
	return all
}

// preparedFaults are of hosts with a repository, folders for guests and a floor.
func preparedFaults() map[string]spoil {
	const guests = "/etc/tmpfiles.d/cephstack-guests.conf"
	old := func(change spoil) spoil { return both(oldClientsEverywhere, change) }
	return map[string]spoil{
		"held-packages": old(func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].Handle("apt-mark", func(remote.Run) (stdout, stderr []byte, exit int) {
				return []byte("linux-image\nlibrbd1:amd64\n"), nil, 0
			})
		}),
		"nothing-newer": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].AddPackage("ceph-common", "2:16.2.9-1", true)
		},
		"locked-packages": old(func(_ *testing.T, w *integratetest.World) {
			addFile(w, "compute1", "/etc/os-release", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n")
			addFile(w, "compute1", "/etc/dnf/plugins/versionlock.list",
				"# Added lock on Thu Nov 26 09:26:44 2026\nlibrbd1-2:16.2.9-1.*\n")
		}),
		"repository-of-no-codename": holding("compute2", "/etc/os-release", "ID=debian\n"),
		"repository-does-not-work": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].Handle("apt-get", func(remote.Run) (stdout, stderr []byte, exit int) {
				return nil, []byte("E: The repository is not signed.\n"), 100
			})
		},
		"repository-cannot-be-read": failing("compute1", errBroken, reading("/etc/apt/sources.list.d/cephstack.sources")),
		"guests-folder-is-a-file":   holding("compute1", "/var/log/qemu", ""),
		"guests-folder-unreadable":  failing("compute1", errBroken, reading("/run/ceph/guests")),
		"guests-file-unreadable":    failing("compute1", errBroken, reading(guests)),
		"apparmor": func(_ *testing.T, w *integratetest.World) {
			addFile(w, "compute1", "/etc/apparmor.d/abstractions/libvirt-qemu", "/etc/ceph/*.conf r,\n")
			addFile(w, "compute1", "/etc/apparmor.d/local/abstractions/libvirt-qemu", "@{run}/ceph/guests/** rwk,\n")
		},
	}
}

func kollaFaults() map[string]spoil {
	const config = "/etc/kolla/glance-api/config.json"
	glance := func(change func(*integratetest.Container)) spoil {
		return func(_ *testing.T, w *integratetest.World) { change(w.Containers["controller"]["glance_api"]) }
	}
	engine := func(out, err string, exit int) spoil {
		return func(_ *testing.T, w *integratetest.World) {
			w.Machines["controller"].Handle("docker",
				func(remote.Run) ([]byte, []byte, int) { return []byte(out), []byte(err), exit })
		}
	}
	return map[string]spoil{
		"no-container":      withoutContainer("controller", "glance_api"),
		"no-libvirt":        withoutContainer("compute1", "nova_libvirt"),
		"no-engine":         engine("", "Cannot connect to the Docker daemon\n", 1),
		"engine-that-talks": engine("true", "", 0),
		"another-folder":    glance(func(c *integratetest.Container) { c.Folder = "/opt/kolla/glance-api" }),
		"copied-once":       glance(func(c *integratetest.Container) { c.Strategy = "COPY_ONCE" }),
		"another-release":   glance(func(c *integratetest.Container) { c.Version = "20.1.0" }),
		"another-release-by-image": glance(func(c *integratetest.Container) {
			c.Version, c.Image = "", "registry:5000/kolla/glance-api:2024.1-ubuntu-jammy"
		}),
		"release-cannot-be-told": glance(func(c *integratetest.Container) {
			c.Version, c.Image = "",
				"x/glance-api:nightly"
		}),
		"no-unit": withoutUnit("controller", glanceUnit),
		"beside-its-unit": func(_ *testing.T, w *integratetest.World) {
			w.Machines["controller"].StopUnit(glanceUnit)
			w.Containers["controller"]["glance_api"].Since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		},
		"copies-nothing": holding("controller", config, `{"command": "glance-api", "config_files": []}`),
		"copies-only-ceph-conf": holding("controller", config,
			`{"config_files": [{"source": "/var/lib/kolla/config_files/ceph.conf", "dest": "/etc/ceph/"}]}`),
		"copies-from-elsewhere": holding("controller", config,
			`{"config_files": [{"source": "/var/lib/kolla/config_files/cluster1", "dest": "/etc/ceph"}]}`),
		"copies-from-the-image": holding("controller", config,
			`{"config_files": [{"source": "/opt/ceph", "dest": "/etc/ceph"}]}`),
		"copies-each-file": holding("controller", config,
			`{"config_files": [{"source": "/var/lib/kolla/config_files/ceph.*", "dest": "/etc/ceph/"}]}`),
		"config-is-broken":  holding("controller", config, "secret"),
		"config-unreadable": failing("controller", errBroken, reading(config)),
		"libvirt-copies-nothing": holding("compute1", "/etc/kolla/nova-libvirt/config.json",
			`{"config_files": []}`),
		"libvirt-copies-from-elsewhere": holding("compute1", "/etc/kolla/nova-libvirt/config.json",
			`{"config_files": [{"source": "/var/lib/kolla/config_files/x/ceph.conf", "dest": "/etc/ceph/ceph.conf"}]}`),
		"conf-dir-overrides":      confDir("glance-image-import.conf"),
		"conf-dir-from-elsewhere": confDir("import/x.conf"),
		"new-key-type": func(t *testing.T, w *integratetest.World) {
			key, err := ceph.ParseKey(newKey)
			require.NoError(t, err)
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: key, Caps: ceph.Caps{"mon": "profile rbd"}})
		},
		"folder-is-a-file":       holding("controller", "/etc/kolla/glance-api/ceph", ""),
		"folder-unreadable":      failing("controller", errBroken, reading("/etc/kolla/glance-api/ceph")),
		"secrets-cannot-be-read": failing("compute1", errBroken, reading("/etc/kolla/nova-libvirt/secrets")),
	}
}

// confDir makes Glance's container copy a file, which sets an option, into its
// folder of configuration.
func confDir(source string) spoil {
	const entry = `,{"source": "/var/lib/kolla/config_files/SOURCE", "dest": "/etc/glance/glance.conf.d/import.conf"}]`
	return func(_ *testing.T, w *integratetest.World) {
		config, _ := w.Machines["controller"].Contents("/etc/kolla/glance-api/config.json")
		text := strings.Replace(string(config), "\n    ]", strings.Replace(entry, "SOURCE", source, 1), 1)
		addFile(w, "controller", "/etc/kolla/glance-api/config.json", text)
		addFile(w, "controller", "/etc/kolla/glance-api/glance-image-import.conf", "[glance_store]\ndefault_backend = file\n")
	}
}

func cloudFaults() map[string]spoil {
	return map[string]spoil{
		"none": func(_ *testing.T, w *integratetest.World) { w.Cloud = nil },
		"unopenable": func(_ *testing.T, w *integratetest.World) {
			w.Cloud, w.CloudErr = nil, errors.New("clouds.yaml has no cloud lab")
		},
		"local-disks": func(_ *testing.T, w *integratetest.World) {
			for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
				w.API.AddServer(api.Server{Name: name, Host: "compute1", Status: "ACTIVE", HasLocalDisk: true,
					ImageID: "an-image"})
			}
		},
		"mixed-aggregates": func(_ *testing.T, w *integratetest.World) {
			w.API.AddServer(api.Server{Name: "a", Host: "compute1", ImageID: "an-image"})
			w.API.AddAggregate(api.Aggregate{Name: "rack1", Hosts: []string{"compute1", "compute2"}})
			w.API.AddAggregate(api.Aggregate{Name: "east", Zone: "east", Hosts: []string{"compute1"}})
		},
		"migrations": func(_ *testing.T, w *integratetest.World) {
			vm := w.API.AddServer(api.Server{Name: "a", Host: "compute9", Status: "MIGRATING", ImageID: "an-image"})
			w.API.AddMigration(api.Migration{Server: vm, Source: "compute9", Dest: "compute1", Type: "live-migration",
				Status: "running"})
			w.API.AddResize(w.API.AddServer(api.Server{Name: "b", Host: "compute9", ImageID: "an-image"}), "compute2")
		},
		"type-of-another-backend": func(_ *testing.T, w *integratetest.World) { w.API.AddVolumeType("ceph", "nfs") },
	}
}
