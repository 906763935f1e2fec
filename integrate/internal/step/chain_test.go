package step_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

func TestChain(t *testing.T) {
	a, b, c := remote.Stat{Path: "/a"}, remote.Stat{Path: "/b"}, remote.Stat{Path: "/c"}
	given := []remote.Op{a, b, c}
	assert.Equal(t, []remote.Op{a, remote.If{OK: []int{0}, Op: b}, remote.If{OK: []int{1}, Op: c}}, step.Chain(given...))
	assert.Equal(t, []remote.Op{a, b, c}, given, "the caller's operations stay as they are")
	assert.Empty(t, step.Chain())
}

func TestContentDiffs(t *testing.T) {
	want := []byte("a\nb\n")
	assert.Equal(t, []step.FieldDiff{{Field: "content", Desired: "a\nb"}},
		step.File{Missing: true}.ContentDiffs(want))
	assert.Equal(t, []step.FieldDiff{{Field: "content", Observed: "other content", Desired: "a\nb"}},
		step.File{}.ContentDiffs(want))
}
