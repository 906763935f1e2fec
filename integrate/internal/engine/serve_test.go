package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

func TestWhatIsSaidOfAServiceThatIsNotUp(t *testing.T) {
	err := notUp([]string{"cinder-volume a@x", "cinder-volume a@y"}, nil, "a")
	require.ErrorIs(t, err, remote.ErrUnitFailed)
	require.EqualError(t, err, "remote: unit did not stay active: restarted and active, but the APIs do not report it "+
		"up: cinder-volume a@x, cinder-volume a@y; look at its log on a")
	err = notUp(nil, api.ErrUnreachable, "a")
	require.ErrorIs(t, err, api.ErrUnreachable)
	assert.NotContains(t, err.Error(), "%!")
}
