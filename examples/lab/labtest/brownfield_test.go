package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// TestAdviceIsReadByRules tells what each form of text makes somebody do.
func TestAdviceIsReadByRules(t *testing.T) {
	for text, want := range map[string]advice{
		"in use; set user: nova and secret_uuid: 1-2 for nova in the Spec": {place: "nova",
			fields: map[string]string{"user": "nova", "secret_uuid": "1-2"}},
		"x; set options: {rbd_cluster_name: prod} for backend a.b in the Spec": {place: "backend a.b",
			fields: map[string]string{"options": "{rbd_cluster_name: prod}"}},
		"left alone; remove the option keyfile from [client] of this file": {host: "h",
			script: `sed -i --follow-symlinks '/^\s*\[client\]/,/^\s*\[/{/^\s*keyfile\s*=/d}' /etc/x`},
		"remove the option a from [b.c] of /etc/d/e.conf. More.": {host: "h",
			script: `sed -i --follow-symlinks '/^\s*\[b\.c\]/,/^\s*\[/{/^\s*a\s*=/d}' /etc/d/e.conf`},
		"run `ceph auth caps x mon 'allow r'` on host ceph01; or set caps: classic for cluster ceph in the Spec": {
			host: "ceph01", script: "ceph auth caps x mon 'allow r'"},
		"set caps: classic for cluster ceph in the Spec, or run `x` on this host": {place: "cluster ceph",
			fields: map[string]string{"caps": "classic"}},
		"set disks: ceph for this host": {}, "name another pool in the Spec": {},
	} {
		a, ok := adviceOf(integrate.Finding{Target: "h", Object: "/etc/x", Message: text})
		assert.Equal(t, want.place != "" || want.script != "", ok, text)
		a.said = ""
		assert.Equal(t, want, a, text)
	}
}

// TestThePlaceOfAnAdvice is where the Spec has it, and nowhere else.
func TestThePlaceOfAnAdvice(t *testing.T) {
	w := follower{text: []byte("cinder: {backends: [{name: a}, {name: b, pool: old}]}\nhosts: [{name: h}]\n" +
		"glance: {stores: [{name: s}]}\n")}
	for place, fields := range map[string]map[string]string{"backend b": {"pool": "rbd"},
		"nova": {"direct_snapshots": "true"}, "host h": {"disks": "ceph"}, "store s": {"options": "{a: b}"}} {
		require.NoError(t, w.set(advice{place: place, fields: fields}))
	}
	assert.YAMLEq(t, "cinder: {backends: [{name: a}, {name: b, pool: rbd}]}\nhosts: [{name: h, disks: ceph}]\n"+
		"glance: {stores: [{name: s, options: {a: b}}]}\nnova: {direct_snapshots: true}\n", string(w.text))
	require.ErrorContains(t, w.set(advice{place: "backend c", fields: map[string]string{"a": "b"}}), "no backend c")
}

// TestWhatWasSaidTwice is an error: the text did not help.
func TestWhatWasSaidTwice(t *testing.T) {
	w := follower{carry: func(context.Context, string, string) error { return nil }}
	said := []integrate.Finding{{Message: "run `a` on host b"}, {Message: "run `a` on host b"}, {Message: "nothing"},
		{Message: "left alone", Problem: true, Because: "user/ceph/client.x"}}
	did, err := w.follow(t.Context(), said)
	require.NoError(t, err)
	assert.Equal(t, []string{"run a on b"}, did)
	_, err = w.follow(t.Context(), said)
	require.ErrorContains(t, err, "was done already")
	_, err = w.follow(t.Context(), []integrate.Finding{{Message: "name another pool", Problem: true}})
	require.ErrorContains(t, err, "nothing that can be done by the letter")
}

// byHandInMemory is the cloud of brownfield by-hand, as far as fakes can be like it.
func byHandInMemory(t *testing.T) (*byHand, *integratetest.World) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "cloud.yaml"))
	require.NoError(t, err)
	h := &byHand{lab: &lab{state: t.TempDir(), started: time.Now()}, odd: oddities(), named: map[string]int{}}
	h.text, err = withSlow(text)
	require.NoError(t, err)
	var s spec.Spec
	require.NoError(t, h.asTold(&s))
	w := integratetest.Open(t, s)
	h.opened = func(_ context.Context, s spec.Spec) (*integrate.Integration, io.Closer, error) {
		in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
		return in, io.NopCloser(nil), err
	}
	h.carry = func(_ context.Context, host, script string) error {
		if args, found := strings.CutPrefix(script, "ceph auth caps "); found {
			return setCaps(w, args)
		}
		return onMachine(t, w.Machines[host], script)
	}
	cephByHand(t, w)
	filesByHand(t, w)
	return h, w
}

// setCaps does what ceph auth caps does.
func setCaps(w *integratetest.World, args string) error {
	out, err := exec.Command("sh", "-c", `for a in `+args+`; do printf '%s\n' "$a"; done`).Output()
	if err != nil {
		return err
	}
	words := strings.Split(strings.TrimSpace(string(out)), "\n")
	u, err := ceph.New(w.Clusters["ceph"].Mon).User(context.Background(), words[0])
	u.Caps = ceph.Caps{}
	for i := 1; i+1 < len(words); i += 2 {
		u.Caps[words[i]] = words[i+1]
	}
	w.Ceph["ceph"].AddUser(u)
	return err
}

// onMachine runs a script on copies of the files of a fake host that it names.
func onMachine(t *testing.T, m *remotetest.Host, script string) error {
	t.Helper()
	dir := t.TempDir()
	local := func(name string) string { return filepath.Join(dir, strings.ReplaceAll(name, "/", "_")) }
	last := ""
	for _, name := range strings.Fields(script) {
		if old, moved := strings.CutSuffix(name, ".old"); moved {
			_, err := m.Do(t.Context(), remote.Remove{Path: old})
			return err
		}
		if !strings.HasPrefix(name, "/") || strings.HasSuffix(name, ".new") {
			continue
		}
		last = name
		data, _ := m.Contents(name)
		require.NoError(t, os.WriteFile(local(name), data, 0o600))
		script = strings.ReplaceAll(script, name, local(name))
	}
	require.NoError(t, exec.CommandContext(t.Context(), "sh", "-c", script).Run(), script)
	data, err := os.ReadFile(local(last))
	m.AddFile(last, data, 0o640)
	return err
}

const oldRights = "allow class-read object_prefix rbd_children, allow rwx pool="

// cephByHand makes what the script for ceph01 makes, and a VM.
func cephByHand(t *testing.T, w *integratetest.World) {
	t.Helper()
	c := ceph.New(w.Clusters["ceph"].Mon)
	for _, pool := range []string{"images", "volumes", "rbd", "backups", "vms", "operator-data"} {
		require.NoError(t, c.CreatePool(t.Context(), ceph.Pool{Name: pool, PGNum: 16}))
	}
	for name, osd := range map[string]string{"glance": "images, allow r pool=operator-data",
		"cinder": "volumes, allow rwx pool=rbd, allow rx pool=images", "cinder-backup": "backups",
		"nova-compute": "vms, allow rwx pool=images"} {
		u, err := c.CreateUser(t.Context(), "client."+name, ceph.Caps{"mon": "allow r", "osd": oldRights + osd})
		require.NoError(t, err)
		if name == "cinder" {
			u.Caps["mgr"] = "allow the whole rbd"
			w.Ceph["ceph"].AddUser(u)
		}
	}
	w.API.AddVolumeType("ceph", "RBD_SSD")
	w.API.AddVolumeType("slow", "slow")
	vm := w.API.AddServer(api.Server{Name: "by-hand-vm", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true,
		ImageID: "i", Volumes: []string{"v"}})
	require.NoError(t, w.Ceph["ceph"].AddImage(ceph.Image{Pool: "vms", Name: vm + "_disk", Size: 1 << 30}))
}

// filesByHand makes what the scripts for the other hosts make. The settings are those of the scripts.
func filesByHand(t *testing.T, w *integratetest.World) {
	t.Helper()
	conf := "[global]\nfsid = " + w.Ceph["ceph"].FSID + "\nmon_host = " + w.Ceph["ceph"].MonHosts[0] + "\n"
	ring := func(name string) (ceph.Key, string) {
		u, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client."+name)
		require.NoError(t, err)
		return u.Key, "[client." + name + "]\n\tkey = " + u.Key.Reveal()
	}
	ini := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "files", "brownfield-by-hand-"+name+".ini"))
		require.NoError(t, err)
		return strings.NewReplacer("${CINDER_UUID}", cinderUUID, "${NOVA_UUID}", novaUUID).Replace(string(text))
	}
	m := w.Machines["controller"]
	m.AddFile("/srv/storage/ceph.conf", []byte(conf), 0o644)
	m.AddSymlink("/etc/ceph/ceph.conf", "/srv/storage/ceph.conf")
	_, text := ring("cinder-backup")
	m.AddFile("/etc/ceph/ceph.client.cinder-backup.keyring", []byte(text), 0o600)
	m.AddFile("/etc/glance/glance-api.conf",
		[]byte(ini("glance")+"filesystem_store_datadir = /var/lib/glance/images\n"), 0o640)
	m.AddFile("/etc/cinder/cinder.conf",
		[]byte(ini("cinder")+"[nfs]\nvolume_driver = cinder.volume.drivers.nfs.NfsDriver\n"), 0o640)
	m = w.Machines["compute1"]
	m.AddFile("/etc/ceph/ceph.conf", []byte(conf+"[client]\nkeyfile = /etc/ceph/nova-compute.key\n"), 0o644)
	m.AddFile("/etc/nova/nova.conf", []byte(ini("nova")), 0o640)
	m.AddFile("/etc/nova/nova-compute.conf", []byte(ini("later")+"virt_type = qemu\n"), 0o640)
	for name, uuid := range map[string]string{"cinder": cinderUUID, "nova-compute": novaUUID} {
		key, _ := ring(name)
		value, err := libvirtsecret.ParseValue(key.Reveal())
		require.NoError(t, err)
		w.Libvirt["compute1"].Put(libvirtsecret.Secret{UUID: uuid, UsageID: "client." + name + " secret", Value: value})
	}
	w.Machines["compute2"].AddFile("/etc/ceph/ceph.client.nova-compute.keyring",
		[]byte("Error connecting to cluster: ObjectNotFound\n"), 0o600)
	w.Machines["compute2"].AddFile("/etc/ceph/ceph.conf", []byte(conf+"  [client]\n  mon_host = 10.221.0.99\n"+
		"[client.nova-compute]\nlog_file = /var/log/nova/ceph.log"), 0o644)
}

const (
	cinderUUID = "8f2c1f3e-0d5b-4c39-9a41-2f8f7f0b6a14"
	novaUUID   = "3f0b7e52-6c1a-4f0e-8d2b-5e9a4c7d1b60"
)

// TestTextsLeadToAnEmptyPlan does what the plan's texts say, and nothing else.
func TestTextsLeadToAnEmptyPlan(t *testing.T) {
	h, w := byHandInMemory(t)
	said, err := h.firstPlan(t.Context())
	require.NoError(t, err)
	t.Log(said)
	_, err = h.apply(t.Context(), true)
	require.NoError(t, err)
	said, err = h.toTheEnd(t.Context())
	require.NoError(t, err)
	t.Log(said)
	said, err = h.allNamed(t.Context())
	require.NoError(t, err)
	t.Log(said)
	u, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client.glance")
	require.NoError(t, err)
	assert.Contains(t, u.Caps["osd"], "allow r pool=operator-data")
	in, _, err := h.integration(t.Context())
	require.NoError(t, err)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
}
