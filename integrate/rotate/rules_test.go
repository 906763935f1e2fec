package rotate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestANameOfSeveralOwners: owners choose the names of guests. A rule with a name does not touch the guest of another
// owner that has the same name.
func TestANameOfSeveralOwners(t *testing.T) {
	c := newCloud(t)
	mine, theirs := c.guest("db", "compute1", false), c.guest("db", "compute2", false)
	c.API.ChangeServer(theirs.ID, func(s *api.Server) { s.Project = "theirs" })
	for wait, rule := range map[string]spec.GuestRule{
		"ambiguous 2": {Servers: []string{"db"}},
		"ambiguous 1": {Servers: []string{"db", mine.ID}},
		"no-rule 1":   {Servers: []string{"db"}, Projects: []string{"theirs"}},
	} {
		s := during()
		rule.May = []string{"hard-reboot"}
		s.Rotate[0].Guests = []spec.GuestRule{rule}
		report, err := rotate.Plan(t.Context(), c.config(s), rotate.Options{})
		require.NoError(t, err)
		assert.Equal(t, wait, waits(report), "%s", report)
	}
}

// TestARuleForNobody: a rule that is to keep a guest from harm has a name that no guest has, such as the name of a
// project in place of its ID. What is meant would fall to the next rule, which allows more.
func TestARuleForNobody(t *testing.T) {
	c := newCloud(t)
	c.guest("db", "compute1", false)
	for _, first := range []spec.GuestRule{
		{Servers: []string{"dbb"}},
		{Projects: []string{"bank"}},
		{Servers: []string{"dbb"}, May: []string{"live-migration"}},
	} {
		s := during()
		s.Rotate[0].Guests = []spec.GuestRule{first, {May: []string{"live-migration", "hard-reboot"}}}
		report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
		require.ErrorIs(t, err, rotate.ErrUnfinished)
		assert.Equal(t, "rule-astray 1", waits(report), "%s", report)
	}
	s := during()
	s.Rotate[0].Guests = []spec.GuestRule{
		{Servers: []string{"gone"}, May: []string{"live-migration", "hard-reboot"}}, {May: []string{"hard-reboot"}}}
	report, err := rotate.Plan(t.Context(), c.config(s), rotate.Options{})
	require.NoError(t, err)
	assert.Empty(t, report.Rotations[0].Waits, "the later rule does not allow more: %s", report)
}
