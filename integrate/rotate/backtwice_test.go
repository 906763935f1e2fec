package rotate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestBackFromAUserOfTwoRotations: nobody can tell which user takes whose place again, and the error says what to do.
func TestBackFromAUserOfTwoRotations(t *testing.T) {
	c := newCloud(t)
	s := during("live-migration", "hard-reboot")
	s.Rotate = append(s.Rotate, spec.Rotation{From: "cinder-older", To: s.Rotate[0].To, KeyType: s.Rotate[0].KeyType})
	_, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Back: true})
	require.ErrorContains(t, err, "client.cinder and client.cinder-older were both replaced by client.cinder.1")
	require.ErrorContains(t, err, "with one entry of rotate from client.cinder.1")
}
