package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

func TestSameMonitors(t *testing.T) {
	full := "[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0] [v2:10.0.0.2:3300/0,v1:10.0.0.2:6789/0]"
	for other, same := range map[string]bool{
		"300.0.0.1,10.0.0.2,10.0.0.1": true, "10.0.0.2,10.0.0.1": true, "10.0.0.1:6789 10.0.0.2": true,
		"10.0.0.1": false, "": false, "mon.example.org": false,
	} {
		assert.Equal(t, same, sameMonitors(other, full), "%q", other)
	}
	assert.False(t, sameMonitors("", ""), "no monitors are never right")
	assert.True(t, sameMonitors("[2001:db8::1]", "[v2:[2001:db8::1]:3300/0,v1:[2001:db8::1]:6789/0]"))
}

const confID = "file/controller//etc/ceph/ceph.conf"

func TestACephConf(t *testing.T) {
	s := newScene(t, "controller", func(s *spec.Spec) {
		s.Clusters[0].Conf = map[string]map[string]string{"client": {"log_to_syslog": "true"}}
		s.Glance.DataPool = "images-data"
	})
	assert.Equal(t, []step.ID{cluster.ID("ceph"), s.n.DirectoryID("/etc/ceph")}, s.resource(confID).Needs())
	d := s.compare(confID)
	assert.Equal(t, step.Create, d.Action)
	write := s.ops(d)[0].(remote.WriteFile)
	assert.Equal(t, []any{"root", "root", "0644"}, []any{write.Owner, write.Group, words.Octal(write.Mode)})
	assert.Equal(t, len(write.Data), d.Do.(step.HostStep).Size)
	conf, err := ceph.ParseConf(s.ops(d)[0].(remote.WriteFile).Data)
	require.NoError(t, err)
	for _, o := range [][3]string{{"global", "fsid", testFSID}, {"client", "log_to_syslog", "true"},
		{"client.glance", "keyring", "/etc/ceph/ceph.client.glance.keyring"},
		{"client.glance", "rbd_default_data_pool", "images-data"},
		{"client.cinder", "keyring", "/etc/ceph/ceph.client.cinder.keyring"}} {
		have, _ := conf.Lookup(o[0], o[1])
		assert.Equal(t, o[2], have, o[1])
	}

	s.file("/etc/ceph/ceph.conf", "; mine\n[global]\nfsid = "+strings.ToUpper(testFSID)+"\nmon_host = 10.0.0.1\n", 0o600)
	d = s.compare(confID)
	assert.Equal(t, step.Update, d.Action)
	write = s.ops(d)[0].(remote.WriteFile)
	assert.Contains(t, string(write.Data), "; mine\n", "what is there stays")
	assert.Contains(t, string(write.Data), "mon_host = 10.0.0.1\n", "the list has the same monitors")
	assert.Equal(t, "0644", words.Octal(write.Mode), "services read it")
	assert.Equal(t, s.v.Host.Files["/etc/ceph/ceph.conf"].SHA256, write.Was)
}

func TestACephConfThatIsLeftAlone(t *testing.T) {
	for _, c := range []struct{ text, code, message string }{
		{"[a]\n" + strings.Repeat("#\n", 1<<19), "conf-not-parsed", "has 1048580 bytes, and more than 1048576 are not"},
		{"no section\n", "conf-not-parsed", "cannot be parsed, so it is left alone: "},
		{"[global]\nfsid = 11111111-ff60-454b-a1b4-9747aa737d19\n", "conf-of-another-cluster",
			"is the configuration of another cluster (fsid 11111111-ff60-454b-a1b4-9747aa737d19, not " + testFSID +
				"); move it away"},
		{"[client.x]\nkey = abc\n", "conf-holds-secrets", "is not readable for the services (mode 0600) and seems to hold " +
			"passwords or keys"},
		{"[client.rgw]\nrgw keystone admin password = x\n", "conf-holds-secrets",
			"so its mode is left alone; move those out of it"},
	} {
		s := newScene(t, "controller")
		s.file("/etc/ceph/ceph.conf", c.text, 0o600)
		d := s.compare(confID)
		f := s.one(d, c.code)
		assert.True(t, d.Refused && f.Problem)
		assert.Contains(t, f.Message, c.message)
		assert.Equal(t, "/etc/ceph/ceph.conf", f.Object)
		assert.Equal(t, "/etc/ceph/ceph.conf", d.Name)
	}
	s := newScene(t, "controller")
	s.v.Host.Files["/etc/ceph/ceph.conf"] = step.File{Err: remote.ErrTooLarge}
	f := s.one(s.compare(confID), "conf-unreadable")
	require.ErrorIs(t, f.Err, remote.ErrTooLarge)
}

// TestContentIsWorkedOutOnce for hosts with the same file, and never for another
// cluster's state.
func TestContentIsWorkedOutOnce(t *testing.T) {
	s := newScene(t, "controller")
	memo := &contentMemo{}
	from := contentSource{site: s.n.Site, cluster: "ceph", fsid: testFSID, monitors: "10.0.0.1", copy: s.n.Copies()[0],
		base: []byte(minimalConf)}
	first, err := memo.of(from)
	require.NoError(t, err)
	again, err := memo.of(from)
	require.NoError(t, err)
	assert.Same(t, &first.data[0], &again.data[0])
	for name, change := range map[string]func(*contentSource){
		"monitors": func(f *contentSource) { f.monitors = "10.0.0.9" },
		"base":     func(f *contentSource) { f.base = []byte("[global]\n") },
		"guests":   func(f *contentSource) { f.guests = true },
		"users":    func(f *contentSource) { f.copy.Users = nil },
		"fsid":     func(f *contentSource) { f.fsid = "x" },
		"services": func(f *contentSource) { f.copy.Services = []string{"nova-compute"} },
		"site":     func(f *contentSource) { f.site = newScene(t, "controller").n.Site },
		"cluster":  func(f *contentSource) { f.cluster = "b" },
	} {
		other := from
		change(&other)
		assert.False(t, from.equal(other), name)
	}
	_, err = memo.of(contentSource{site: s.n.Site, base: []byte("x")})
	require.Error(t, err)
	kept, err := memo.of(from)
	require.NoError(t, err)
	assert.Same(t, &first.data[0], &kept.data[0], "an error is not kept")
}

// TestHostsDoNotShareTheirDiffs: each of them appends its own owner and mode.
func TestHostsDoNotShareTheirDiffs(t *testing.T) {
	s := newScene(t, "controller")
	memo := &contentMemo{}
	content, err := memo.of(contentSource{site: s.n.Site, cluster: "ceph", fsid: testFSID, monitors: "10.0.0.1",
		copy: s.n.Copies()[0], base: []byte(minimalConf)})
	require.NoError(t, err)
	require.Len(t, content.diffs, 3, "a keyring for each user")
	assert.Equal(t, len(content.diffs), cap(content.diffs), "what is appended goes into a copy")
}

// TestWhatIsSetInACephConf is what is not there, or has another value; and nothing of
// another cluster.
func TestWhatIsSetInACephConf(t *testing.T) {
	s := newScene(t, "controller", twoClusters, func(s *spec.Spec) {
		s.Clusters[0].Conf = map[string]map[string]string{"client": {"b": "new", "c": "same", "d": ""}}
	})
	s.file("/etc/ceph/ceph.conf", "[client]\nb = old\nc = same\n")
	want := []step.FieldDiff{{Field: "[global] fsid", Desired: testFSID},
		{Field: "[global] mon_host", Desired: s.v.Clusters["ceph"].Monitors},
		{Field: "[client] b", Observed: "old", Desired: "new"}, {Field: "[client] d"},
		{Field: "[client.glance] keyring", Desired: "/etc/ceph/ceph.client.glance.keyring"},
		{Field: "[client.cinder-backup] keyring", Desired: "/etc/ceph/ceph.client.cinder-backup.keyring"}}
	d := s.compare(confID)
	assert.Equal(t, want, d.Diffs, "the user of cluster b is not in it")
	s.file("/etc/ceph/ceph.conf", string(s.ops(d)[0].(remote.WriteFile).Data))
	assert.Equal(t, "/etc/ceph/ceph.conf root:root 0644", s.compare(confID).Have)
	s.file("/etc/ceph/ceph.conf", strings.ReplaceAll(string(s.v.Host.Files["/etc/ceph/ceph.conf"].Data), "10.0.0.1",
		"10.0.0.7"))
	diffs := s.compare(confID).Diffs
	require.Len(t, diffs, 1)
	assert.Equal(t, "[v2:10.0.0.7:3300/0,v1:10.0.0.7:6789/0]", diffs[0].Observed)
}

// TestSecretsInACephConf matter only where its mode would have to let others read it.
func TestSecretsInACephConf(t *testing.T) {
	s := newScene(t, "controller")
	s.file("/etc/ceph/ceph.conf", "[client.rgw]\nrgw keystone admin password = x\n", 0o644)
	d := s.compare(confID)
	assert.NotNil(t, d.Do, "others can read it already")
	assert.Empty(t, d.Findings)
	s = newScene(t, "controller")
	s.v.Clusters["ceph"].Conf = []byte(minimalConf + "[client.x]\nkey = abc\n")
	assert.Equal(t, step.Create, s.compare(confID).Action, "the file is made of what the cluster gives to everybody")
	k := newScene(t, "controller", inKollaSpec)
	k.file("/etc/kolla/glance-api/ceph/ceph.conf", "[client.x]\nkey = abc\n", 0o664)
	write := k.ops(k.compare("file/controller//etc/kolla/glance-api/ceph.conf"))[0].(remote.WriteFile)
	assert.Equal(t, "0660", words.Octal(write.Mode), "others have no rights in the folder of a container")
}

func TestGuestsHaveOptionsInEveryCephConf(t *testing.T) {
	s := newScene(t, "compute1", func(s *spec.Spec) { s.Prepare = &spec.Prepare{Guests: &spec.Guests{}} })
	data := string(s.ops(s.compare("file/compute1//etc/ceph/ceph.conf"))[0].(remote.WriteFile).Data)
	assert.Contains(t, data, "rbd_concurrent_management_ops = 20")
	assert.Contains(t, data, "admin_socket = /run/ceph/guests/")
}

// TestTheContainerOfLibvirt has a ceph.conf only where it copies that.
func TestTheContainerOfLibvirt(t *testing.T) {
	const id = "file/compute1//etc/kolla/nova-libvirt/ceph.conf"
	s := newScene(t, "compute1", inKollaSpec)
	d := s.compare(id)
	assert.Equal(t, "/etc/kolla/nova-libvirt/ceph/ceph.conf", d.Name)
	write := s.ops(d)[0].(remote.WriteFile)
	assert.Equal(t, []any{"42401", "42402", "0660"}, []any{write.Owner, write.Group, words.Octal(write.Mode)})
	s.copies("/etc/kolla/nova-libvirt", map[string]string{"secrets": "/etc/libvirt/secrets"})
	s.again()
	assert.Equal(t, step.Delta{}, s.compare(id))
}

// TestFilesOfAnUnfitContainer are left alone without a word: the service says it.
func TestFilesOfAnUnfitContainer(t *testing.T) {
	s := newScene(t, "compute1", inKollaSpec)
	s.copies("/etc/kolla/nova-compute", nil)
	s.again()
	for _, r := range s.resources() {
		if k := r.ID().Kind; k == "file" || k == "secret" || k == "directory" {
			d := r.Compare(s.v)
			s.v.Ledger.Put(r.ID(), &d)
			assert.True(t, d.Refused, r.ID().String())
			assert.Empty(t, d.Findings)
			assert.Nil(t, d.Do)
		}
	}
	d := s.compare("file/compute1//etc/kolla/nova-libvirt/ceph.conf")
	assert.Equal(t, s.n.ServiceID("nova-compute"), d.Because)
}

func TestWhatSeveralErrorsOfAFileAre(t *testing.T) {
	d := left(step.Delta{Name: "n"}, "o", errors.New("plain"), "other")
	assert.Equal(t, []string{"other o"}, codes(d.Findings))
	d = left(step.Delta{}, "o", refuse("code", "because %w", remote.ErrAuth), "other")
	assert.Equal(t, []string{"code o"}, codes(d.Findings))
	require.ErrorIs(t, d.Findings[0].Err, remote.ErrAuth)
}
