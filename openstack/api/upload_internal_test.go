package api

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnEndedRequestReadsNoMore: the HTTP client may go on reading a body after the answer has come, and the caller
// uses its data again.
func TestAnEndedRequestReadsNoMore(t *testing.T) {
	data := strings.NewReader("a bootable image")
	u := &upload{Reader: data, rewind: func() error { _, err := data.Seek(0, io.SeekStart); return err }}
	first := uploadTurn{u, u.turn}
	n, err := first.Read(make([]byte, 2))
	require.NoError(t, err)
	assert.Equal(t, 2, n)

	_, err = u.Seek(0, io.SeekStart) // the request is sent again
	require.NoError(t, err)
	_, err = first.Read(make([]byte, 2))
	require.ErrorIs(t, err, errTurnEnded)
	second := uploadTurn{u, u.turn}
	whole, err := io.ReadAll(second)
	require.NoError(t, err)
	assert.Equal(t, "a bootable image", string(whole))

	require.NoError(t, u.rewind())
	u.end()
	_, err = second.Read(make([]byte, 2))
	require.ErrorIs(t, err, errTurnEnded)
	assert.Equal(t, 16, data.Len(), "nothing was read of what the caller has now")
}
