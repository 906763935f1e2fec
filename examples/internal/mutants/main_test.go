package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEachMutantHasItsPlace: the code has the text that each mutant replaces, once.
func TestEachMutantHasItsPlace(t *testing.T) {
	t.Chdir("../../..")
	all, err := chosen("")
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, m := range all {
		name := filepath.Join(t.TempDir(), "mutant")
		_, err := m.overlay(name)
		assert.NoError(t, err, m.Breaks)
		assert.NotEmpty(t, m.Tests, m.Breaks)
		assert.False(t, seen[m.Breaks], "%s: twice", m.Breaks)
		seen[m.Breaks] = true
	}
	assert.GreaterOrEqual(t, len(all), 40)
}
