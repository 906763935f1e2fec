package integrate_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// helpedSpec lets the normal login do only what the helper does.
func helpedSpec() spec.Spec {
	s := bareSpec()
	s.Prepare.Sudo.Helper = true
	s.Prepare.Guests = &spec.Guests{}
	s.SSH.Entry = &spec.Entry{User: "first", PasswordFile: "/password"}
	return s
}

// openHelped gives a world in which all hosts have what the Spec wants, by a helper.
func openHelped(t *testing.T) (*integratetest.World, *integrate.Integration, *integrate.Plan) {
	t.Helper()
	w, in := openBare(t, helpedSpec())
	first := plan(t, in)
	require.Empty(t, first.Problems(), "%s", first)
	_, err := in.Apply(t.Context(), first, integrate.ApplyOptions{})
	require.NoError(t, err)
	return w, in, first
}

func TestTheHelperDoesAllButThePreparation(t *testing.T) {
	w, in, first := openHelped(t)
	list := change(first, "file/compute1/"+helper.AllowPath)
	require.NotNil(t, list, "%s", first)
	var lines []string
	for _, d := range list.Diffs {
		if d.Field == "allows" {
			require.Empty(t, d.Observed)
			lines = append(lines, d.Desired)
		}
	}
	text := "\n" + strings.Join(lines, "\n")
	assert.Contains(t, lines, "write /etc/nova/nova.conf - - -")
	assert.Contains(t, lines, "write /etc/ceph/ceph.client.cinder.keyring root nova 0640")
	assert.Contains(t, text, "\n# as nova: rbd --conf /etc/ceph/ceph.conf --id cinder create volumes/"+helper.AnyProbe+
		" --size 1\nprobe ")
	assert.Contains(t, lines, "restart nova-compute.service")
	assert.NotContains(t, lines, "restart cinder-volume.service", "it is not on the host")
	for _, verb := range []string{"install ", "write /etc/sudo", "write /etc/apt", "write /home", "write " + helper.Path,
		"write " + helper.AllowPath, "write /etc/tmpfiles.d", "write /etc/ceph/ceph.conf", "write /etc/apparmor.d",
		"mkdir /etc", "attr ", "remove "} {
		assert.NotContains(t, text, "\n"+verb)
	}
	entries := maps.Clone(w.Entries)
	clear(w.Entries) // the helper does from now on
	settled(t, in)
	report, err := verify(t, in) // its probes run on the hosts
	require.NoError(t, err, "%s", report)
	require.Contains(t, check(report, "rights client.glance").Evidence, "as glance@controller: ")

	// Drift, of each thing that is not prepared by the entry.
	m := w.Machines["compute1"]
	nova, _ := m.Contents("/etc/nova/nova.conf")
	m.AddFile("/etc/nova/nova.conf", []byte(strings.ReplaceAll(string(nova), "rbd_user", "other")), 0o640)
	_, err = m.Do(t.Context(), remote.Remove{Path: "/etc/ceph/ceph.client.cinder.keyring"},
		remote.SetAttr{Path: "/run/ceph/guests", Mode: 0o777})
	require.NoError(t, err)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	require.Len(t, p.Changes, 4, "%s", p) // with a restart
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	settled(t, in)

	// What root's programs read.
	m.AddFile("/etc/ceph/ceph.conf", []byte("[global]\n"), 0o644)
	m.AddFile("/etc/tmpfiles.d/cephstack-guests.conf", []byte("d /x\n"), 0o644)
	_, err = m.Do(t.Context(), remote.SetAttr{Path: "/etc/ceph", Mode: 0o777})
	require.NoError(t, err)
	p = plan(t, in)
	for _, object := range []string{"/etc/ceph", "/etc/tmpfiles.d/cephstack-guests.conf"} {
		require.Contains(t, p.String(), "compute1 "+object+": it differs, the helper on the host does not change it")
	}
	maps.Copy(w.Entries, entries)
	p = plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	settled(t, in)
}

// TestTheHelperOnEachLayout: what a plan changes by the helper is in the list, and is nothing that
// the helper never changes.
func TestTheHelperOnEachLayout(t *testing.T) {
	for _, layout := range []string{"debian", "rdo"} {
		s := helpedSpec()
		s.Layout = layout
		w, in := openBare(t, s)
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s: %s", layout, p)
		_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.NoError(t, err, layout)
		clear(w.Entries)
		settled(t, in)
	}
}

// TestAnAllowListThatIsTooShort is written by the entry, and the rest of the change then goes by
// the helper.
func TestAnAllowListThatIsTooShort(t *testing.T) {
	w, in, _ := openHelped(t)
	m := w.Machines["compute1"]
	m.AddFile(helper.AllowPath, []byte("cephstack allow 1\nread /etc/passwd\n"), 0o644)
	m.AddFile("/etc/ceph/ceph.conf", []byte("[global]\n"), 0o644)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	list := change(p, "file/compute1/"+helper.AllowPath)
	require.NotNil(t, list, "%s", p)
	assert.Contains(t, list.Diffs, integrate.FieldDiff{Field: "allows", Observed: "read /etc/passwd"})
	conf := change(p, "file/compute1//etc/ceph/ceph.conf")
	require.NotNil(t, conf, "%s", p)
	assert.Contains(t, conf.Needs, list.ID)
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	settled(t, in)

	m.AddFile(helper.AllowPath, []byte("cephstack allow 1\n"), 0o644)
	delete(w.Entries, "compute1")
	p = plan(t, in)
	require.NotEmpty(t, p.Problems())
	require.ErrorIs(t, p.Problems()[0].Err, helper.ErrDenied, "%s", p)
}

// TestChangesThatNeedTheEntry are not begun where there is none.
func TestChangesThatNeedTheEntry(t *testing.T) {
	w, in, _ := openHelped(t)
	m := w.Machines["compute1"]
	list, _ := m.Contents(helper.AllowPath)
	m.AddFile(helper.AllowPath, append(list, "write /x\n"...), 0o644)
	m.AddFile("/etc/ceph/ceph.conf", []byte("[global]\n"), 0o644)
	entry := w.Entries["compute1"]
	delete(w.Entries, "compute1")
	p := plan(t, in)
	require.Empty(t, p.Changes, "%s", p)
	require.Contains(t, p.Problems()[0].Message, "the World has no first entry of the host: connect with ssh.entry")
	w.Entries["compute1"] = entry
	_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.NoError(t, err)
	settled(t, in)
}

// TestAHostOnWhichTheHelperCannotStart has no helper, and is told what to do.
func TestAHostOnWhichTheHelperCannotStart(t *testing.T) {
	w, in := openBare(t, helpedSpec())
	w.Machines["compute1"].Handle("env", func(remote.Run) (stdout, stderr []byte, exit int) {
		return nil, []byte("env: invalid option -- 'S'\n"), 125
	})
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	require.Contains(t, p.Problems()[0].Message, "env knows no -S (env: invalid option -- 'S'): install coreutils 8.30")
	require.Nil(t, change(p, "file/compute1//etc/ceph/ceph.conf"), "nothing comes to the host")
}

// TestFromTheNarrowRuleToTheHelperAndBack is a change of the Spec, and a plan.
func TestFromTheNarrowRuleToTheHelperAndBack(t *testing.T) {
	s := helpedSpec()
	s.Prepare.Sudo = &spec.Sudo{Narrow: true}
	w, in := openBare(t, s)
	apply(t, in)
	to := func(sudo spec.Sudo, change string) {
		prepare := *s.Prepare
		s.Prepare, prepare.Sudo = &prepare, &sudo
		w.Relogin(s)
		in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
		require.NoError(t, err)
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s", p)
		var ids []string
		for _, c := range p.Changes {
			if c.Target == "compute1" {
				ids = append(ids, c.ID)
			}
		}
		require.Equal(t, strings.Fields(change), ids, "%s", p)
		_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.NoError(t, err)
		settled(t, in)
	}
	const rule = "sudo-rule/compute1/" + ruleFile
	to(spec.Sudo{Helper: true}, rule+" file/compute1/"+helper.Path+" file/compute1/"+helper.AllowPath)
	to(spec.Sudo{Narrow: true}, rule)
	to(spec.Sudo{Helper: true}, rule)
}

// TestAHelperOfAnotherVersion: sudo runs a helper with its own rule until both are replaced; with one
// of the two, sudo refuses the helper.
func TestAHelperOfAnotherVersion(t *testing.T) {
	for name, old := range map[string]string{"the helper": helper.Path, "the rule": ruleFile} {
		w, in, _ := openHelped(t)
		text, _ := w.Machines["compute1"].Contents(old)
		w.Machines["compute1"].AddFile(old, []byte(strings.Replace(string(text), "sha256:", "sha256:0", 1)+"#\n"), 0o755)
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s: %s", name, p)
		entry := w.Entries["compute1"]
		delete(w.Entries, "compute1")
		without := plan(t, in)
		require.NotEmpty(t, without.Problems(), name)
		require.ErrorIs(t, without.Problems()[0].Err, remote.ErrSudo, name)
		w.Entries["compute1"] = entry
		_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.NoError(t, err, name)
		settled(t, in)
	}
}

// TestAPathThatTheListDoesNotHave comes with a Spec that asks for more: the plan shows its line, and
// the list comes by the entry before what needs it.
func TestAPathThatTheListDoesNotHave(t *testing.T) {
	w, _, _ := openHelped(t)
	s := helpedSpec()
	s.Prepare.Guests.Options = map[string]string{"log_file": "/var/log/other/$pid.log"}
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	list := change(p, "file/compute1/"+helper.AllowPath)
	require.NotNil(t, list, "%s", p)
	require.Contains(t, p.String(), "mkdir /var/log/other")
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	settled(t, in)
}

func TestAnotherHelperIsReplaced(t *testing.T) {
	w, in, _ := openHelped(t)
	w.Machines["compute1"].AddFile(helper.Path, []byte("#!/bin/sh\n"), 0o755)
	p := plan(t, in)
	require.Len(t, p.Changes, 1, "%s", p)
	require.Equal(t, "file/compute1/"+helper.Path, p.Changes[0].ID)
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	settled(t, in)
}
