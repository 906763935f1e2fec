package running_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/remote"
)

const (
	uuidA = "0d1f6a3e-5f27-4b50-9a7a-3c3f2d7b8a01"
	uuidB = "1d1f6a3e-5f27-4b50-9a7a-3c3f2d7b8a02"
	fileA = "/usr/lib/x86_64-linux-gnu/ceph/libceph-common.so.2"
)

// parts makes an answer of lines; a line that begins with @ begins a part.
func parts(text string) remote.Result {
	text = strings.ReplaceAll("\n"+text+"\n@end\n", "\n@", "\n\x1e")
	return remote.Result{Data: []byte(strings.TrimPrefix(text, "\n"))}
}

// domain is an answer with one domain.
func domain(live, stored string) remote.Result {
	return parts("@domain " + uuidA + "\nrunning\n@live\n" + live + "\n@stored\n" + stored +
		"\n@over\n@persistent\n" + uuidA + "\n@active\n" + uuidA + "\n@listed\n" + uuidA + "\n@maps")
}

func xmlOf(disks string) string {
	return "<domain type='kvm' id='1'><name>a</name><uuid>" + uuidA + "</uuid><devices>" + disks + "</devices></domain>"
}

// TestDisks are the forms in which libvirt prints disks.
func TestDisks(t *testing.T) {
	for name, c := range map[string]struct {
		xml  string
		want []running.Disk
	}{
		"auth below the disk, monitors without a port, as libvirt prints what it was given": {
			`<disk type='network' device='disk'><driver name='qemu' type='raw' cache='writeback' discard='unmap'/>
			<auth username='cinder'><secret type='ceph' uuid='` + uuidB + `'/></auth>
			<source protocol='rbd' name='volumes/volume-1' index='2'><host name='mon1' port='6789'/><host name='mon2'/></source>
			<target dev='vdb' bus='virtio'/><iotune><total_iops_sec>1</total_iops_sec></iotune><serial>vol</serial>
			<alias name='virtio-disk1'/></disk>`,
			[]running.Disk{{Target: "vdb", Device: "disk", Protocol: "rbd", Pool: "volumes", Image: "volume-1", User: "cinder",
				SecretUUID: uuidB, Monitors: []string{"mon1:6789", "mon2"}, Serial: "vol"}}},
		"auth in the source, a usage, IPv6, a namespace": {
			`<disk type='network' device='cdrom'><source protocol='rbd' name='vms/ns/i.config'>
			<host name='fd00::1' port='3300'/><host name='[fd00::2]' port='3300'/>
			<auth username='n.1'><secret type='ceph' usage='client.n secret'/></auth></source>
			<target dev='sda'/><readonly/></disk>`,
			[]running.Disk{{Target: "sda", Device: "cdrom", Protocol: "rbd", Pool: "vms/ns", Image: "i.config", User: "n.1",
				SecretUsage: "client.n secret", Monitors: []string{"[fd00::1]:3300", "[fd00::2]:3300"}, ReadOnly: true}}},
		"a file, a block device, nothing in a drive, and no device": {
			`<disk type='file'><source file='/a b'/><target dev='vda'/></disk>
			<disk type='block' device='lun'><source dev='/dev/rbd0'/><target dev='sdb'/></disk>
			<disk type='file' device='cdrom'><target dev='hda'/></disk>`,
			[]running.Disk{{Target: "vda", Device: "disk", Path: "/a b"}, {Target: "sdb", Device: "lun", Path: "/dev/rbd0"},
				{Target: "hda", Device: "cdrom"}}},
		"a layer below it and a copy under way": {
			`<disk type='file' device='disk'><source file='/top'/><backingStore type='network'>
			<source protocol='rbd' name='p/base'><auth username='old'><secret uuid='` + uuidB + `'/></auth></source>
			<backingStore/></backingStore><mirror type='network'><source protocol='rbd' name='p/copy'/></mirror>
			<target dev='vda'/></disk>`,
			[]running.Disk{{Target: "vda", Device: "disk", Path: "/top"},
				{Target: "vda", Device: "backing", Protocol: "rbd", Pool: "p", Image: "base", User: "old", SecretUUID: uuidB,
					ReadOnly: true},
				{Target: "vda", Device: "mirror", Protocol: "rbd", Pool: "p", Image: "copy"}}},
		"another protocol, and a volume of a pool of libvirt": {
			`<disk type='network' device='disk'><source protocol='iscsi' name='iqn/1'/><target dev='a'/></disk>
			<disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='b'/></disk>`,
			[]running.Disk{{Target: "a", Device: "disk", Protocol: "iscsi", Image: "iqn/1"},
				{Target: "b", Device: "disk", Protocol: "volume", Image: "p/v"}}},
	} {
		h, err := running.Parse(domain(xmlOf(c.xml), xmlOf("")))
		require.NoError(t, err, name)
		require.NoError(t, h.DomainsErr, name)
		require.Len(t, h.Domains, 1, name)
		require.NoError(t, h.Domains[0].Err, name)
		assert.Equal(t, c.want, h.Domains[0].Live, name)
		assert.Equal(t, c.want, h.Domains[0].Disks(), name)
		assert.True(t, h.Domains[0].Persistent, name)
	}
}

// TestHostileXML makes the disks of a domain unknown, and does not hide the domain.
func TestHostileXML(t *testing.T) {
	for name, xml := range map[string]string{
		"nothing": "",
		"not XML": "error: no",
		"an entity": `<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/shadow">]>` +
			strings.Replace(xmlOf(""), ">a<", ">&e;<", 1),
		"cut off":             xmlOf("")[:60],
		"of another domain":   strings.Replace(xmlOf(""), uuidA, uuidB, 1),
		"a control character": strings.Replace(xmlOf(""), ">a<", ">\x01<", 1),
		"too many layers": xmlOf("<disk type='file'>" + strings.Repeat("<backingStore type='file'>", 300) +
			strings.Repeat("</backingStore>", 300) + "</disk>"),
		"too deep": xmlOf(strings.Repeat("<disk>", 20000)),
	} {
		h, err := running.Parse(domain(xml, xmlOf("")))
		require.NoError(t, err, name)
		require.Len(t, h.Domains, 1, name)
		d := h.Domains[0]
		assert.Error(t, d.Err, name)
		assert.True(t, d.Active, "%s: libvirt lists the domain", name)
		assert.Empty(t, d.Disks(), name)
	}
}

// TestDomainsThatComeAndGo: what is listed at the end is there.
func TestDomainsThatComeAndGo(t *testing.T) {
	h, err := running.Parse(parts("@domain " + uuidA + "\n@live\n@stored\n@over\n@persistent\n@active\n" + uuidB +
		"\n@listed\n" + uuidB + "\n@maps"))
	require.NoError(t, err)
	require.NoError(t, h.DomainsErr)
	require.Len(t, h.Domains, 1)
	assert.Equal(t, uuidB, h.Domains[0].UUID)
	assert.True(t, h.Domains[0].Active)
	assert.ErrorContains(t, h.Domains[0].Err, "came while the domains were read")
}

// TestUnknownIsNotAbsent: an answer that is not whole is an error, of what it lacks.
func TestUnknownIsNotAbsent(t *testing.T) {
	whole := domain(xmlOf(""), xmlOf("")).Data
	for end := range whole {
		h, err := running.Parse(remote.Result{Data: whole[:end]})
		if err == nil {
			assert.Equal(t, len(whole)-1, end, "all but the last line feed")
			assert.Len(t, h.Domains, 1)
		}
	}
	_, err := running.Parse(remote.Result{Err: remote.ErrTimeout})
	require.ErrorIs(t, err, remote.ErrTimeout)
	_, err = running.Parse(remote.Result{Data: []byte("\x1f\x8b no gzip"), Stderr: []byte("sh: gone\n")})
	require.ErrorContains(t, err, "(sh: gone)")
	h, err := running.Parse(parts("@domain " + uuidA + "\n@maps"))
	require.NoError(t, err)
	require.Error(t, h.DomainsErr)
	assert.NotErrorIs(t, h.DomainsErr, running.ErrNotAsked)
	h, err = running.Parse(parts("@maps\n@not-root\n@no-containers docker"))
	require.NoError(t, err)
	assert.ErrorIs(t, h.DomainsErr, running.ErrNotAsked)
	assert.ErrorContains(t, h.ProcessesErr, "root")
	assert.EqualError(t, h.InstalledErr, "the containers of docker cannot be listed")
	h, err = running.Parse(parts("@packages"))
	require.NoError(t, err)
	assert.Error(t, h.ProcessesErr, "there is no list of mappings")
}

// processes is what a host says of processes in containers and units.
const processes = `@maps
/proc/7/maps:10-20 r--p 00000000 fd:01 5                          /usr/lib/x86_64-linux-gnu/librados.so.2.0.0
/proc/7/maps:30-40 r--p 00000000 fd:01 6                          ` + fileA + ` (deleted)
/proc/8/maps:50-60 r--p 00000000 00:2e 7                          ` + fileA + `
/proc/9/maps:50-60 r--p 00000000 00:2e 8                          ` + fileA + `
/proc/10/maps:50-60 r--p 00000000 00:2e 8                          ` + fileA + `
/proc/11/maps:70-80 r--p 00000000 fd:01 9                          /jail/usr/lib/librados.so.2
@names
/proc/7/comm:qemu-system-x86
/proc/8/comm:glance-api
/proc/8/comm:/proc/9/comm:not the name of 9
/proc/9/comm:cinder-volume
/proc/11/comm:old
@groups
/proc/7/cgroup:0::/machine.slice/machine-qemu\x2d1\x2da.scope/libvirt/emulator
/proc/8/cgroup:12:pids:/system.slice/glance-api.service
/proc/8/cgroup:1:name=systemd:/system.slice/glance-api.service
/proc/9/cgroup:0::/machine.slice/libpod-` + boxID + `.scope/container
@guests
/proc/7/cmdline:-uuid
/proc/7/cmdline-` + uuidA + `
--
@files
46:3 /proc/11/map_files/70-80
46:3 /jail/usr/lib/librados.so.2
46:7 /proc/8/map_files/50-60
46:7 /proc/8/root` + fileA + `
46:8 /proc/9/map_files/50-60
46:9 /proc/9/root` + fileA + `
46:5 ` + fileA + `
@library fd:01 6
16.2.15
searched
@library 00:2e 7
20.2.4
aes256k
searched
@library 00:2e 8
17.2.6
18.2.0
@library fd:01 9
searched
@packages
installed librados2 16.2.15+ds-0
deinstalled librbd1 1
@containers
42 ` + boxID + ` /cinder_volume
@installed - /usr/lib/librados.so.2
1:1
searched
@installed - ` + fileA + `
1:2
20.2.4
aes256k
searched
@installed ` + boxID + ` ` + fileA + `
1:2`
const boxID = "abababababababababababababababababababababababababababababababab"

// TestProcesses reads the mappings of processes in containers and units, of files that are there, gone or replaced.
func TestProcesses(t *testing.T) {
	h, err := running.Parse(parts(processes))
	require.NoError(t, err)
	require.NoError(t, h.ProcessesErr)
	require.Len(t, h.Processes, 4, "a process without a name has ended")
	qemu, glance, cinder, old := h.Processes[0], h.Processes[1], h.Processes[2], h.Processes[3]
	assert.Equal(t, running.Process{PID: 7, Name: "qemu-system-x86", Unit: `machine-qemu\x2d1\x2da.scope`, Domain: uuidA,
		Replaced: true, Library: running.Library{Path: fileA, Version: "16.2.15", AES256k: running.No}}, qemu)
	assert.Equal(t, running.Process{PID: 8, Name: "glance-api", Unit: "glance-api.service",
		Library: running.Library{Path: fileA, Version: "20.2.4", AES256k: running.Yes}}, glance)
	assert.Equal(t, "cinder_volume", cinder.Container)
	assert.Equal(t, "cinder-volume", cinder.Name)
	assert.True(t, cinder.Replaced, "the path has another file")
	assert.Equal(t, running.Unknown, cinder.AES256k)
	require.Error(t, cinder.Err)
	assert.False(t, old.Replaced, "the path is that in front of the jail")
	assert.Equal(t, running.Unknown, old.AES256k, "a file without a version proves nothing")
	assert.Equal(t, map[string]string{"librados2": "16.2.15+ds-0"}, h.Packages)
	assert.Equal(t, []running.Library{{Path: fileA, Version: "20.2.4", AES256k: running.Yes},
		{Path: fileA, In: "cinder_volume", Version: "20.2.4", AES256k: running.Yes}}, h.Installed)
}

// TestFakes: what Render writes, Parse reads.
func TestFakes(t *testing.T) {
	lib := running.Library{Path: fileA, Version: "16.2.15", AES256k: running.No}
	a := running.Answer{
		Domains: []running.RawDomain{{UUID: uuidA, State: "running", Live: xmlOf(""), Stored: xmlOf(""), Active: true,
			Autostart: true}},
		Processes: []running.Process{{PID: 3, Name: "qemu-system-x86", Domain: uuidA, Library: lib, Replaced: true},
			{PID: 4, Name: "glance-api", Container: "glance_api", Library: running.Library{Path: fileA, Version: "20.2.4",
				AES256k: running.Yes, In: "glance_api"}}},
		Installed: []running.Library{lib, {Path: fileA, In: "glance_api", Version: "20.2.4", AES256k: running.Yes}},
		Packages:  map[string]string{"librados2": "1"},
	}
	h, err := running.Parse(remote.Result{Data: running.Render(running.Options{Domains: true}, a)})
	require.NoError(t, err)
	require.NoError(t, errors.Join(h.DomainsErr, h.ProcessesErr, h.InstalledErr))
	assert.Equal(t, a.Processes, h.Processes)
	assert.Equal(t, a.Installed, h.Installed)
	assert.Equal(t, a.Packages, h.Packages)
	assert.Equal(t, "a", h.Domains[0].Name)
	assert.True(t, h.Domains[0].Autostart)
	assert.False(t, h.Domains[0].Persistent)
	h, err = running.Parse(remote.Result{Data: running.Render(running.Options{}, a)})
	require.NoError(t, err)
	require.ErrorIs(t, h.DomainsErr, running.ErrNotAsked)
	a.NoLibvirt = "virsh is not installed"
	h, err = running.Parse(remote.Result{Data: running.Render(running.Options{Domains: true}, a)})
	require.NoError(t, err)
	assert.EqualError(t, h.DomainsErr, "libvirt's domains cannot be read: virsh is not installed")
}

// TestOneOperation: the same options give the same operation, which a host may have in a list.
func TestOneOperation(t *testing.T) {
	assert.Equal(t, running.Ask(running.Options{Domains: true}), running.Ask(running.Options{Domains: true}))
	require.NoError(t, remote.Check(running.Ask(running.Options{})))
}

func FuzzParse(f *testing.F) {
	f.Add(string(domain(xmlOf("<disk type='network'><source protocol='rbd' name='a/b'/></disk>"), xmlOf("")).Data))
	fake := running.Answer{Processes: []running.Process{{Name: "qemu"}}}
	f.Add(string(running.Render(running.Options{Domains: true}, fake)))
	f.Add("\x1emaps\n/proc/1/maps:1-2 r--p 0 0:0 1 /librados.so.2\n\x1enames\n/proc/1/comm:\x1e\n\x1eend\n")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte("\x1emaps\n\x1eend\n"))
	_ = w.Close()
	f.Add(z.String())
	f.Fuzz(func(t *testing.T, data string) {
		h, err := running.Parse(remote.Result{Data: []byte(data)})
		if err != nil {
			assert.Empty(t, h.Domains)
			return
		}
		for _, d := range h.Domains {
			if d.Err != nil {
				assert.Empty(t, d.Disks())
			}
			_ = d.Users()
		}
		for _, p := range h.Processes {
			assert.True(t, p.AES256k == running.Yes || p.Err != nil || p.Version != "", "%+v", p)
		}
	})
}
