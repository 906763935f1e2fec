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
		"300.0.0.1,10.0.0.2,10.0.0.1": false, "10.0.0.2,10.0.0.1": true, "10.0.0.1:6789 10.0.0.2": true,
		"10.0.0.1": false, "": false, "mon.example.org": false, "10.0.0.1:3300;10.0.0.2:6789": true,
		"v1:10.0.0.1:6789/0 v2:10.0.0.2": true, "[v2:10.0.0.1:3300],[v1:10.0.0.2:6789/0]": true,
		"10.0.0.1:6790,10.0.0.2": false, "10.0.0.1,v2:10.0.0.2:6789/0": false, "v1:10.0.0.1:3300,10.0.0.2": false,
		"10.0.0.1 10.0.0.2 10.0.0.3": false, "10.0.0.1/x,10.0.0.2": false, "10.0.0.1:99999,10.0.0.2": false,
	} {
		assert.Equal(t, same, sameMonitors(other, full), "%q", other)
	}
	assert.False(t, sameMonitors("", ""), "no monitors are never right")
	assert.True(t, sameMonitors("2001:db8::1", "[v2:[2001:db8::1]:3300/0,v1:[2001:db8::1]:6789/0]"))
	assert.True(t, sameMonitors("[2001:db8::1]:6789", "[v2:[2001:db8::1]:3300/0,v1:[2001:db8::1]:6789/0]"))
	assert.False(t, sameMonitors("[2001:db8::1]:6790", "[v2:[2001:db8::1]:3300/0,v1:[2001:db8::1]:6789/0]"))
	assert.False(t, sameMonitors("10.0.0.1", "[v2:10.0.0.1:3301/0,v1:10.0.0.1:6790/0]"), "no usual port")
	assert.True(t, sameMonitors("10.0.0.1:6790", "[v2:10.0.0.1:3301/0,v1:10.0.0.1:6790/0]"))
	assert.False(t, sameMonitors("10.0.0.1:3301", "[v2:10.0.0.1:3301/0] [v2:10.0.0.1:3302/0]"),
		"the second one is not there")
	assert.True(t, sameMonitors("10.0.0.1", "10.0.0.1:6789"), "a cluster that is older than Nautilus")
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

// fitConf is a ceph.conf that needs no change on the controller.
func fitConf(s *scene) string {
	return string(s.ops(s.compare(confID))[0].(remote.WriteFile).Data)
}

// TestACephConfThatCephCannotRead is repaired, or left alone with a problem.
func TestACephConfThatCephCannotRead(t *testing.T) {
	s := newScene(t, "controller")
	fit := fitConf(s)
	s.file("/etc/ceph/ceph.conf", fit)
	assert.Nil(t, s.compare(confID).Do)
	for text, fault := range map[string]string{
		strings.TrimSuffix(fit, "\n"):                                   "the last line has no line end",
		strings.Replace(fit, "[client.glance]", "\t[client.glance]", 1): "a section line is indented",
		" \n" + fit:    "line 1: white space in a blank line before the first section",
		fit + "  ":     "white space behind the last line",
		"\ufeff" + fit: "line 1: a byte order mark",
	} {
		s.file("/etc/ceph/ceph.conf", text)
		d := s.compare(confID)
		require.Len(t, d.Diffs, 1, text)
		assert.Contains(t, d.Diffs[0].Observed, fault)
		assert.Equal(t, []string{"form", "a file that Ceph reads"}, []string{d.Diffs[0].Field, d.Diffs[0].Desired})
		assert.Equal(t, "Ceph cannot read the file", d.Reason)
		s.file("/etc/ceph/ceph.conf", string(s.ops(d)[0].(remote.WriteFile).Data))
		assert.Nil(t, s.compare(confID).Do)
	}
	s.file("/etc/ceph/ceph.conf", fit+"[client.rgw]\nhost = caf\u00e9\n")
	d := s.compare(confID)
	f := s.one(d, "conf-not-parsed")
	assert.True(t, d.Refused)
	assert.Contains(t, f.Message, "cannot be read by Ceph, so it is left alone; take the character away")
	s.file("/etc/ceph/ceph.conf", strings.Replace(fit, "mon_host = ", "mon_host = \u00e9", 1))
	d = s.compare(confID)
	require.Len(t, d.Diffs, 1, "an option of cephstack is set anew")
	assert.Equal(t, "[global] mon_host", d.Diffs[0].Field)
	assert.Empty(t, d.Findings)
}

// TestWhatAClientSeesCounts: an option in [client] or in the client's own section is before [global].
func TestWhatAClientSeesCounts(t *testing.T) {
	s := newScene(t, "controller")
	fit := fitConf(s)
	for _, section := range []string{"client", "client.cinder"} {
		s.file("/etc/ceph/ceph.conf", fit+"["+section+"]\nmon host = 10.0.0.7\n")
		d := s.compare(confID)
		require.Len(t, d.Diffs, 1)
		assert.Equal(t, step.FieldDiff{Field: "[" + section + "] mon_host", Observed: "10.0.0.7",
			Desired: s.v.Clusters["ceph"].Monitors}, d.Diffs[0])
		s.file("/etc/ceph/ceph.conf", string(s.ops(d)[0].(remote.WriteFile).Data))
		assert.Nil(t, s.compare(confID).Do)
		s.file("/etc/ceph/ceph.conf", fit+"["+section+"]\nmon_host = 10.0.0.1\n")
		assert.Nil(t, s.compare(confID).Do, "the same monitors")
	}
	for line, says := range map[string]string{
		"[client]\nkey = " + otherKey: "has the option key in [client], which client.",
		"[global]\nkey = x":           "option key in [global]",
		"[client.cinder]\nkeyfile = /root/key": "has the option keyfile in [client.cinder], which client.cinder takes in " +
			"place of the keyring, so the file is left alone; remove the option keyfile from [client.cinder] of this file",
		"[client]\nmonmap = /tmp/monmap": "in place of mon_host",
	} {
		s.file("/etc/ceph/ceph.conf", fit+line+"\n")
		d := s.compare(confID)
		assert.Contains(t, s.one(d, "conf-bypasses").Message, says)
		assert.True(t, d.Refused)
		assert.NotContains(t, d.Findings[0].Message, otherKey)
	}
	cinder := s.v.Clusters["ceph"].Users["client.cinder"].Key.Reveal()
	s.file("/etc/ceph/ceph.conf", fit+"[client.cinder]\nkey = "+cinder+"\nkeyfile = /x\n[client.x]\nkey = "+otherKey+"\n")
	assert.Equal(t, step.Delta{Name: "/etc/ceph/ceph.conf", Have: "/etc/ceph/ceph.conf root:root 0644"}, s.compare(confID),
		"the right key, and one of somebody else")
	s.file("/etc/ceph/ceph.conf", fit+"[client]\nkeyfile = /x\n[client.cinder]\nkeyfile =\n[client.glance]\nkeyfile =\n"+
		"[client.cinder-backup]\nkeyfile =\n")
	assert.Empty(t, s.compare(confID).Findings, "an empty option counts")
}

// TestTheMonitorsOfTheSpecStay: what the Spec sets in [client] is not taken away.
func TestTheMonitorsOfTheSpecStay(t *testing.T) {
	s := newScene(t, "controller", func(s *spec.Spec) {
		s.Clusters[0].Conf = map[string]map[string]string{"client": {"mon_host": "10.0.0.9"}}
	})
	assert.Contains(t, fitConf(s), "[client]\nmon_host = 10.0.0.9\n")
}
