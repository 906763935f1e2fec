package integrate_test

import (
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
	assert.Contains(t, lines, "write /etc/ceph/ceph.conf")
	assert.Contains(t, lines, "restart nova-compute.service")
	assert.NotContains(t, lines, "restart cinder-volume.service", "it is not on the host")
	text := "\n" + strings.Join(lines, "\n")
	for _, verb := range []string{"install ", "write /etc/sudo", "write /etc/apt", "write /home", "write " + helper.Path,
		"write " + helper.AllowPath, "owner deploy"} {
		assert.NotContains(t, text, "\n"+verb)
	}
	for name := range w.Entries { // the helper does from now on
		delete(w.Entries, name)
	}
	settled(t, in)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)

	// Drift, of each thing that is not prepared by the entry.
	m := w.Machines["compute1"]
	m.AddFile("/etc/ceph/ceph.conf", []byte("[global]\n"), 0o644)
	_, err = m.Do(t.Context(), remote.Remove{Path: "/etc/ceph/ceph.client.cinder.keyring"},
		remote.SetAttr{Path: "/etc/ceph", Mode: 0o777})
	require.NoError(t, err)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	require.NotEmpty(t, p.Changes)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	settled(t, in)
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
