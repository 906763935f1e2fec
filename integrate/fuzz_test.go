package integrate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

// FuzzParsePlan: a text is a plan only as it was stored. What is read can be printed.
func FuzzParsePlan(f *testing.F) {
	p, err := integratetest.Open(f, exampleSpec()).Integration(f).Plan(f.Context(), integrate.PlanOptions{})
	require.NoError(f, err)
	data, err := json.Marshal(p)
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte("null"))
	f.Add([]byte(`{"format": 1, "changes": []}`))
	f.Add([]byte(strings.Repeat(`{"changes":[`, 1000)))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := integrate.ParsePlan(text)
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		assert.Equal(t, -1, strings.IndexFunc(p.String(), func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' }))
		again, err := json.Marshal(p)
		require.NoError(t, err)
		same, err := integrate.ParsePlan(again)
		require.NoError(t, err)
		assert.Equal(t, p.Digest, same.Digest)
	})
}
