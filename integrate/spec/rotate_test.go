package spec_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

// TestWindows: windows within a day and over midnight, at their edges. A window that never opens is refused, as guests
// would wait for it for ever.
func TestWindows(t *testing.T) {
	for _, c := range []struct {
		window, at string
		open       bool
	}{
		{"", "12:00", true},
		{"08:00-12:00", "07:59", false},
		{"08:00-12:00", "08:00", true},
		{"08:00-12:00", "11:59", true},
		{"08:00-12:00", "12:00", false},
		{"22:00-05:00", "21:59", false},
		{"22:00-05:00", "22:00", true},
		{"22:00-05:00", "00:00", true},
		{"22:00-05:00", "04:59", true},
		{"22:00-05:00", "05:00", false},
		{"00:00-23:59", "00:00", true},
		{"00:00-23:59", "23:59", false},
		{"23:59-00:00", "23:59", true},
	} {
		at, err := time.Parse("15:04", c.at)
		require.NoError(t, err)
		open, from := spec.GuestRule{Window: c.window}.Open(at)
		assert.Equal(t, c.open, open, "%s at %s", c.window, c.at)
		if !open {
			assert.Equal(t, c.window[:5], from)
		}
	}
	s := spec.Spec{Clusters: []spec.Cluster{{Name: "ceph"}}, Rotate: []spec.Rotation{{From: "cinder",
		Guests: []spec.GuestRule{{Window: "10:00-10:00"}, {Window: "24:00-05:00"}, {Window: "22-05"}}}}}
	err := s.Validate()
	require.ErrorContains(t, err, `rotate[0].guests[0].window: "10:00-10:00" never opens; leave window out for all day`)
	require.ErrorContains(t, err, `rotate[0].guests[1].window: "24:00-05:00" is not two times such as 22:00-05:00`)
	require.ErrorContains(t, err, `rotate[0].guests[2].window: "22-05" is not two times such as 22:00-05:00`)
}
