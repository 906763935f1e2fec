package audit

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
)

const (
	oldKey     = "AQBSdFhkAAAAABAA6LC1Pq3yXn5Rr9mWb0Q0Yw=="
	otherKey   = "AQBSdFhkAAAAABAA7LC1Pq3yXn5Rr9mWb0Q0Yw=="
	newKey     = "AgBSdFhkAAAAACAA6LC1Pq3yXn5Rr9mWb0Q0Y+iwtT6t8l5+Ua/Zlm9ENGM="
	secretUUID = "5f0b7c5e-0f10-4b50-9a7a-3c3f2d7b8a01"
	domainUUID = "0d1f6a3e-5f27-4b50-9a7a-3c3f2d7b8a01"
)

func key(t *testing.T, text string) ceph.Key {
	t.Helper()
	k, err := ceph.ParseKey(text)
	require.NoError(t, err)
	return k
}

func secretWith(t *testing.T, text string) libvirtsecret.Secret {
	t.Helper()
	v, err := libvirtsecret.ParseValue(text)
	require.NoError(t, err)
	return libvirtsecret.Secret{UUID: secretUUID, UsageID: "client.cinder secret", Value: v}
}

// scene is a compute with a guest that has a volume, all as it should be. change makes something wrong.
func scene(t *testing.T, change func(*credentials, *hostSeen, *running.Disk)) credentials {
	t.Helper()
	s := spec.Spec{
		Release: "zed", Clusters: []spec.Cluster{{Name: "ceph"}},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", SecretUUID: secretUUID}}},
		Nova:   &spec.Nova{User: "client.cinder", SecretUUID: secretUUID},
		Hosts:  []spec.Host{{Name: "c1", Services: []string{"nova-compute"}}},
	}
	c := credentials{site: want.Resolve(s), clusters: map[string]clusterSeen{"ceph": {
		status: ceph.Status{FSID: "1", MonHosts: []string{
			"[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]", "[v2:[fd00::1]:3300/0]"}},
		users:   map[string]cephx.Entity{},
		ciphers: cephx.Ciphers{Allowed: []string{"aes"}},
	}}}
	for _, u := range c.site.UsersIn("ceph") {
		user := ceph.User{Entity: u.Entity, Key: key(t, oldKey), Caps: u.Caps}
		c.clusters["ceph"].users[u.Entity] = cephx.Entity{User: user}
	}
	require.Contains(t, c.clusters["ceph"].users, "client.cinder")
	disk := running.Disk{Target: "vdb", Device: "disk", Protocol: "rbd", Pool: "volumes", Image: "volume-1",
		User: "cinder", SecretUUID: secretUUID, Monitors: []string{"10.0.0.1:6789", "[fd00::1]:3300", "mon3:6789"}}
	h := hostSeen{Host: s.Hosts[0], told: true, secrets: []libvirtsecret.Secret{secretWith(t, oldKey)}}
	change(&c, &h, &disk)
	h.runs.Domains = append(h.runs.Domains, running.Domain{UUID: domainUUID, Name: "instance-1", Active: true,
		Live: []running.Disk{disk}, Stored: []running.Disk{disk}})
	c.hosts = append(c.hosts, h)
	return c
}

func codes(all []Finding) []string {
	var out []string
	for _, f := range all {
		out = append(out, f.Code)
	}
	return out
}

// TestWhatDomainsAndAttachmentsName: each thing that is no longer right is one finding, and only that.
func TestWhatDomainsAndAttachmentsName(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*credentials, *hostSeen, *running.Disk)
		want   []string // without the kind of holder
	}{
		"all is right": {func(*credentials, *hostSeen, *running.Disk) {}, nil},
		"no such user": {func(_ *credentials, _ *hostSeen, d *running.Disk) {
			d.User = "gone"
		}, []string{"user-gone"}},
		"no such secret": {func(_ *credentials, h *hostSeen, _ *running.Disk) {
			h.secrets = nil
		}, []string{"secret-gone"}},
		"the secrets are not known": {func(_ *credentials, h *hostSeen, _ *running.Disk) {
			h.secrets, h.told = nil, false
		}, nil},
		"the value of another key": {func(_ *credentials, h *hostSeen, _ *running.Disk) {
			h.secrets = []libvirtsecret.Secret{secretWith(t, otherKey)}
		}, []string{"secret-wrong"}},
		"a private secret": {func(_ *credentials, h *hostSeen, _ *running.Disk) {
			h.secrets = []libvirtsecret.Secret{{UUID: secretUUID, Private: true}}
		}, nil},
		"a user of the past": {func(c *credentials, _ *hostSeen, d *running.Disk) {
			c.clusters["ceph"].users["client.old"] = cephx.Entity{User: ceph.User{Entity: "client.old", Key: key(t, oldKey)}}
			d.User = "old"
		}, []string{"user-other"}},
		"a monitor that moved": {func(_ *credentials, _ *hostSeen, d *running.Disk) { d.Monitors[0] = "10.0.0.9:6789" },
			[]string{"monitors-gone"}},
		"all monitors moved": {func(_ *credentials, _ *hostSeen, d *running.Disk) {
			d.Monitors = []string{"10.0.0.9:6789", "10.0.0.8"}
		}, []string{"monitors-gone"}},
		"a monitor with the port of v2": {func(_ *credentials, _ *hostSeen, d *running.Disk) {
			d.Monitors = []string{"10.0.0.1:3300", "10.0.0.1"}
		}, nil},
		"a pool of something else": {func(_ *credentials, _ *hostSeen, d *running.Disk) {
			d.Pool, d.User = "foreign", "x"
		}, nil},
		"another protocol": {func(_ *credentials, _ *hostSeen, d *running.Disk) {
			d.Protocol, d.User = "nbd", "x"
		}, nil},
	} {
		s := scene(t, c.change)
		var ofDomains, ofAttachments []string
		for _, code := range c.want {
			ofDomains, ofAttachments = append(ofDomains, "domain-"+code), append(ofAttachments, "attachment-"+code)
		}
		assert.Equal(t, ofDomains, codes(s.domains()), name)
		d := s.hosts[0].runs.Domains[0].Live[0]
		if d.Protocol == "rbd" {
			s.attachments = []api.Attachment{{ID: "a", Volume: "v", Server: domainUUID, Driver: "rbd",
				Image: d.Pool + "/" + d.Image, User: d.User, Secret: d.SecretUUID, Monitors: d.Monitors}}
			assert.Equal(t, ofAttachments, codes(s.ofAttachments()), name)
		}
		s.hosts[0].runs.Domains[0].Active = false
		assert.Empty(t, s.domains(), "%s: Nova writes the XML anew at the next start", name)
		s.hosts[0].runs.Domains[0].Autostart = true
		assert.Equal(t, ofDomains, codes(s.domains()), "%s: libvirt starts it", name)
		s.clusters = nil
		assert.Empty(t, s.domains(), "%s: the cluster is not known", name)
	}
}

// TestKeysAndLibraries: what cannot read a key is found where it runs and where it is installed.
func TestKeysAndLibraries(t *testing.T) {
	old := running.Library{Path: "/l", Version: "18.2.7", AES256k: running.No}
	able := running.Library{Path: "/l", Version: "20.2.4", AES256k: running.Yes}
	rotated := func(c *credentials) {
		e := c.clusters["ceph"].users["client.cinder"]
		e.Key = key(t, newKey)
		c.clusters["ceph"].users["client.cinder"] = e
	}
	qemu := func(l running.Library) running.Process {
		return running.Process{PID: 1, Name: "qemu-system-x86", Domain: domainUUID, Library: l}
	}
	for name, c := range map[string]struct {
		change func(*credentials, *hostSeen, *running.Disk)
		want   []string
	}{
		"a cluster that knows one type": {func(_ *credentials, h *hostSeen, _ *running.Disk) {
			h.runs.Processes = []running.Process{qemu(old)}
		}, nil},
		"a cluster that knows both types": {func(c *credentials, _ *hostSeen, _ *running.Disk) {
			seen := c.clusters["ceph"]
			seen.ciphers = cephx.Ciphers{Allowed: []string{"aes", "aes256k"}, Choice: true}
			c.clusters["ceph"] = seen
		}, []string{"key-type-old", "key-type-old"}}, // of client.cinder, and of the user of the VM disks
		"a guest with an old librados": {func(c *credentials, h *hostSeen, _ *running.Disk) {
			rotated(c)
			p := qemu(old)
			p.Replaced = true
			h.runs.Processes, h.runs.Installed = []running.Process{p, qemu(able)}, []running.Library{able}
		}, []string{"process-cannot-read-key"}},
		"an old librados on disk": {func(c *credentials, h *hostSeen, _ *running.Disk) {
			rotated(c)
			h.runs.Processes, h.runs.Installed = []running.Process{qemu(able)}, []running.Library{old}
		}, []string{"librados-cannot-read-key"}},
		"an old librados in a container of something else": {func(c *credentials, h *hostSeen, _ *running.Disk) {
			rotated(c)
			other := old
			other.In = "prometheus"
			h.runs.Installed = []running.Library{able, other}
		}, nil},
		"a monitor that runs there": {func(c *credentials, h *hostSeen, _ *running.Disk) {
			rotated(c)
			h.runs.Processes = []running.Process{{PID: 2, Name: "ceph-mon", Library: old, Replaced: true}}
		}, nil},
	} {
		found := scene(t, c.change).keys(func(what string, _ error) { t.Errorf("%s: %s cannot be told", name, what) })
		assert.Equal(t, c.want, codes(found), name)
	}
}

// TestALibradosThatCannotBeToldIsUnable: of each librados that has to read a newer key, either it is known that it can,
// or that is a finding, or it is told that nobody knows.
func TestALibradosThatCannotBeToldIsUnable(t *testing.T) {
	gone := errors.New("the file is gone")
	for name, c := range map[string]struct {
		reads running.Reads
		err   error
		want  int
	}{
		"yes": {running.Yes, nil, 0}, "no": {running.No, nil, 0}, "unknown": {running.Unknown, nil, 2},
		"unknown, and why": {running.Unknown, gone, 2}, "not searched": {"", gone, 2},
	} {
		var untold []string
		found := scene(t, func(cr *credentials, h *hostSeen, _ *running.Disk) {
			e := cr.clusters["ceph"].users["client.cinder"]
			e.Key = key(t, newKey)
			cr.clusters["ceph"].users["client.cinder"] = e
			l := running.Library{Path: "/l", AES256k: c.reads, Err: c.err}
			h.runs.Processes = []running.Process{{PID: 1, Name: "qemu-system-x86", Domain: domainUUID, Library: l},
				{PID: 2, Name: "ceph-mon", Library: l}}
			other := l
			other.In = "prometheus"
			h.runs.Installed = []running.Library{l, other}
		}).keys(func(what string, err error) {
			untold = append(untold, what)
			if c.err != nil {
				assert.ErrorIs(t, err, gone)
			}
			assert.Error(t, err)
		})
		assert.Len(t, untold, c.want, "%s: %v", name, untold)
		assert.Equal(t, c.reads == running.No, len(found) > 0, name)
	}
}

// TestInsecureGlobalID is told by a health check, also where somebody muted it.
func TestInsecureGlobalID(t *testing.T) {
	s := scene(t, func(c *credentials, _ *hostSeen, _ *running.Disk) {
		seen := c.clusters["ceph"]
		seen.status.Checks = []string{"AUTH_INSECURE_GLOBAL_ID_RECLAIM_ALLOWED", "OSD_DOWN"}
		c.clusters["ceph"] = seen
	})
	all := s.holes()
	require.Equal(t, []string{"insecure-global-id"}, codes(all))
	assert.Equal(t, []string{"health check AUTH_INSECURE_GLOBAL_ID_RECLAIM_ALLOWED"}, all[0].Evidence)
}

// TestInsecureGlobalIDOfAMonitor is told by the value that the monitor goes by, also where no health check says so.
func TestInsecureGlobalIDOfAMonitor(t *testing.T) {
	all := scene(t, func(c *credentials, _ *hostSeen, _ *running.Disk) {
		seen := c.clusters["ceph"]
		seen.insecure = []string{"a", "c"}
		c.clusters["ceph"] = seen
	}).holes()
	require.Equal(t, []string{"insecure-global-id"}, codes(all))
	assert.Contains(t, all[0].Evidence[0], "mon.a, mon.c")
}

// TestAdministrators: a service with the rights of an administrator is one finding, and not of rights that are wider.
func TestAdministrators(t *testing.T) {
	s := scene(t, func(c *credentials, _ *hostSeen, _ *running.Disk) {
		e := c.clusters["ceph"].users["client.cinder"]
		e.Caps = ceph.Caps{"mon": "allow *", "osd": "allow *", "mgr": "allow *"}
		c.clusters["ceph"].users["client.cinder"] = e
	})
	assert.Equal(t, []string{"rights-of-administrator"}, codes(s.rights()))
}

func FuzzStale(f *testing.F) {
	f.Add("10.0.0.1:6789", "[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]")
	f.Add("[fd00::1]", "[v2:[fd00::1]:3300/0]")
	f.Fuzz(func(t *testing.T, named, monitor string) {
		gone := stale([]string{named}, []string{monitor})
		assert.LessOrEqual(t, len(gone), 1)
		assert.Empty(t, stale([]string{named}, nil), "nothing is known of the monitors")
	})
}
