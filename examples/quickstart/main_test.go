package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunTellsTheWholeStory(t *testing.T) {
	var out bytes.Buffer
	began := time.Now()
	require.NoError(t, run(t.Context(), &out))
	assert.Less(t, time.Since(began), 3*time.Second)
	for _, want := range []string{"A second plan: Nothing to do.", "30 of 30 changes made", "33 of 33 checks passed."} {
		assert.Contains(t, out.String(), want)
	}
}
