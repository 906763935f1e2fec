package step_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
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

func TestDigest(t *testing.T) {
	assert.Empty(t, step.Digest(""))
	assert.Regexp(t, `^sha256:[0-9a-f]{8}$`, step.Digest("key"))
	assert.NotEqual(t, step.Digest("key"), step.Digest("another key"))
}

func TestLastWords(t *testing.T) {
	assert.Equal(t, "out err", step.LastWords(remote.Result{Data: []byte(" out\n"), Stderr: []byte("\terr\n")}))
	long := step.LastWords(remote.Result{Stderr: []byte(strings.Repeat("x", 400) + "end")})
	assert.Equal(t, "…"+strings.Repeat("x", 297)+"end", long)
}

func TestContentDiff(t *testing.T) {
	want := []byte("a\nb\n")
	assert.Equal(t, []step.FieldDiff{{Field: "content", Desired: "a\nb"}}, step.ContentDiff(step.File{Missing: true}, want))
	assert.Equal(t, []step.FieldDiff{{Field: "content", Observed: "other content", Desired: "a\nb"}}, step.ContentDiff(step.File{}, want))
}

func TestAdvice(t *testing.T) {
	wrapped := fmt.Errorf("cloud1: %w", ceph.ErrUnreachable)
	assert.Equal(t, "see that the cluster's monitors answer: ceph -s", step.Next(wrapped))
	assert.Equal(t, "; see that the cluster's monitors answer: ceph -s, and run again", step.Advice(wrapped))
	assert.Equal(t, "settle whether the host is the right one, as it says", step.Next(remote.ErrHostKey))
	assert.Empty(t, step.Advice(errors.New("something else")))
	assert.Empty(t, step.Next(nil))
}
