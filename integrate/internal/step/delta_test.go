package step_test

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// TestWordsThatAreStored: plans keep the actions, and callers match the errors.
func TestWordsThatAreStored(t *testing.T) {
	assert.Equal(t, []step.Action{"create", "update", "restart"}, []step.Action{step.Create, step.Update, step.Restart})
	assert.EqualError(t, step.ErrConflict, "integrate: changed since the plan was made")
	assert.EqualError(t, step.ErrNoCloud, "no cloud was given")
	assert.NotErrorIs(t, step.ErrConflict, step.ErrNoCloud)
}

// TestMessagesAndCausesOfFindings: the message is the whole text, and the cause is what the error wraps.
func TestMessagesAndCausesOfFindings(t *testing.T) {
	plain := errors.New("is in the way; remove it")
	wraps := fmt.Errorf("cannot be read: %w", fs.ErrPermission)
	for _, c := range []struct {
		name    string
		why     error
		message string
		cause   error
	}{
		{"a problem of its own", plain, "is in the way; remove it", nil},
		{"with a cause", wraps, "cannot be read: permission denied", fs.ErrPermission},
		{"with a long chain", fmt.Errorf("is unknown: %w", wraps), "is unknown: cannot be read: permission denied", wraps},
	} {
		want := step.Finding{Code: "code", Problem: true, Object: "file /x", Message: c.message, Err: c.cause}
		assert.Equal(t, step.Delta{Refused: true, Findings: []step.Finding{want}},
			step.Refuse("code", "file /x", c.why), c.name)
		d := step.Delta{Action: step.Update, Do: step.HostStep{}}
		d.Problem("code", "file /x", c.why)
		assert.Equal(t, []step.Finding{want}, d.Findings, c.name)
		assert.False(t, d.Refused, "%s: a problem alone leaves nothing alone", c.name)
		assert.NotNil(t, d.Do, c.name)
	}
}

// TestNotesAreNoProblems, and findings stay in the order in which they were found.
func TestNotesAreNoProblems(t *testing.T) {
	var d step.Delta
	d.Note("first", "host a", "has %d of %s", 2, "3")
	d.Problem("second", "host b", errors.New("100% full"))
	d.Note("third", "host c", "is well")
	assert.Equal(t, step.Delta{Findings: []step.Finding{
		{Code: "first", Object: "host a", Message: "has 2 of 3"},
		{Code: "second", Object: "host b", Message: "100% full", Problem: true},
		{Code: "third", Object: "host c", Message: "is well"},
	}}, d)
}

// TestContentsInAPlan end without empty lines, and keep all that is before.
func TestContentsInAPlan(t *testing.T) {
	for content, want := range map[string]string{"": "", "\n\n": "", "a": "a", "\n a\n\nb \n\n": "\n a\n\nb ",
		"a\t\n": "a\t", "END": "END"} {
		for _, have := range []step.File{{Missing: true}, {Err: fs.ErrPermission}, {Data: []byte("key = secret")}} {
			diffs := have.ContentDiffs([]byte(content))
			require.Len(t, diffs, 1)
			assert.Equal(t, "content", diffs[0].Field)
			assert.Equal(t, want, diffs[0].Desired, "%q", content)
			assert.Empty(t, diffs[0].Why)
			assert.Equal(t, map[bool]string{true: "", false: "other content"}[have.Missing], diffs[0].Observed)
		}
	}
}

// TestAChainIsAsLongAsItsOperations: each needs the one right before it, and the first needs nothing.
func TestAChainIsAsLongAsItsOperations(t *testing.T) {
	for n := range 6 {
		var given []remote.Op
		for k := range n {
			given = append(given, remote.Mkdir{Path: fmt.Sprint("/", k)})
		}
		chained := step.Chain(given...)
		require.Len(t, chained, n)
		for k, op := range chained {
			if k == 0 {
				assert.Equal(t, given[0], op)
				continue
			}
			assert.Equal(t, remote.If{OK: []int{k - 1}, Op: given[k]}, op)
		}
	}
}

// joined is what a resource that asks for b adds to the question a.
func joined(a, b ceph.Query) ceph.Query { return step.Asks{Cluster: b}.Joined(a) }

// TestEachQuestionSurvivesAJoin, whichever side asks it. A question that is added to Query later is in this test, too.
func TestEachQuestionSurvivesAJoin(t *testing.T) {
	for k := range reflect.TypeFor[ceph.Query]().NumField() {
		var q ceph.Query
		name, field := reflect.TypeFor[ceph.Query]().Field(k).Name, reflect.ValueOf(&q).Elem().Field(k)
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Slice:
			field.Set(reflect.ValueOf([]string{"b", "a"}))
		default:
			require.Fail(t, name+" is of a kind that this test does not know")
		}
		assert.Equal(t, q, joined(q, ceph.Query{}), name)
		assert.Equal(t, q, joined(ceph.Query{}, q), name)
		assert.Equal(t, q, joined(q, q), name)
	}
	assert.Zero(t, joined(ceph.Query{}, ceph.Query{}))
}

// TestJoinedQuestionsShareNothing: two joins of the same question do not write into each other's lists, nor into that
// of the question, also where these have room left.
func TestJoinedQuestionsShareNothing(t *testing.T) {
	roomy := append(make([]string, 0, 8), "client.a")
	base := ceph.Query{Users: roomy, Profiles: roomy, Images: roomy}
	join := func(name string) ceph.Query {
		list := []string{name}
		return joined(base, ceph.Query{Users: list, Profiles: list, Images: list})
	}
	one, two := join("client.b"), join("client.c")
	for _, list := range [][]string{one.Users, one.Profiles, one.Images} {
		assert.Equal(t, []string{"client.a", "client.b"}, list)
	}
	assert.Equal(t, []string{"client.a", "client.c"}, two.Users)
	assert.Equal(t, make([]string, 7), roomy[1:8], "what is behind the end of the caller's list stays")
}

// TestTargetsAndWhereTheyAre: a target that nobody set is nowhere.
func TestTargetsAndWhereTheyAre(t *testing.T) {
	assert.Equal(t, step.Target{Where: step.OnCluster, Name: "x"}, step.AtCluster("x"))
	assert.Equal(t, step.Target{Where: step.OnHost, Name: "x"}, step.AtHost("x"))
	assert.Equal(t, step.Target{Where: step.OnCloud, Name: "cloud"}, step.AtCloud())
	for _, at := range []step.Target{step.AtCluster("cloud"), step.AtHost("cloud"), step.AtCloud()} {
		assert.NotZero(t, at.Where)
		assert.Equal(t, "k/cloud/n", step.ID{Target: at, Kind: "k", Name: "n"}.String())
		assert.False(t, step.ID{Target: at}.IsZero())
	}
	assert.NotEqual(t, step.AtHost("cloud"), step.AtCloud())
	assert.False(t, step.ID{Kind: "k"}.IsZero())
	assert.False(t, step.ID{Name: "n"}.IsZero())
}
