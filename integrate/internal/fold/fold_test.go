package fold

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLists(t *testing.T) {
	type said struct{ host, text string }
	all := Lists([]said{{"a", "x"}, {"b", "y"}, {"c", "x"}, {"c", "x"}, {"d", ""}, {"e", ""}},
		func(s said) string { return s.host }, func(s said) string { return s.text })
	assert.Equal(t, [][]said{
		{{"a", "x"}, {"c", "x"}},
		{{"b", "y"}},
		{{"c", "x"}}, // the same host has it twice
		{{"d", ""}},
		{{"e", ""}},
	}, all)
}

func TestWithoutName(t *testing.T) {
	for text, want := range map[string]string{
		"c1 has it": "HOST has it", "on c1": "on HOST", "c11 and c1": "c11 and HOST", "ac1.x": "ac1.x",
		"files/c1": "files/HOST", "": "",
	} {
		assert.Equal(t, want, WithoutName(text, "c1", Itself))
	}
	assert.Equal(t, "text", WithoutName("text", "", Itself))
}
