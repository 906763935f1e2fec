package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNote(t *testing.T) {
	n := Note{Run: "0123", Read: map[string]string{"/a b": "absent", "/c": strings.Repeat("0a", 32)}}
	text := "cephstack 1 0123\nabsent /a b\n" + strings.Repeat("0a", 32) + " /c\n"
	require.Equal(t, text, string(n.Render()))
	again, ok := ParseNote([]byte(text))
	require.True(t, ok)
	require.Equal(t, n, again)
	for name, bad := range map[string]string{
		"nothing":            "",
		"no end":             strings.TrimSuffix(text, "\n"),
		"another version":    strings.Replace(text, " 1 ", " 2 ", 1),
		"no run":             "cephstack 1 \n",
		"a space in the run": "cephstack 1 0 1\n",
		"a NUL":              strings.Replace(text, "/c", "/c\x00", 1),
		"a control byte":     strings.Replace(text, "/c", "/c\x1b", 1),
		"a path twice":       text + "absent /c\n",
		"no absolute path":   text + "absent c\n",
		"an unclean path":    text + "absent /c/../d\n",
		"a short digest":     text + "0a /d\n",
		"an empty line":      text + "\n",
		"too long":           text + "absent /" + strings.Repeat("a", MaxNote) + "\n",
	} {
		_, ok := ParseNote([]byte(bad))
		require.False(t, ok, name)
	}
}

func FuzzNote(f *testing.F) {
	f.Add([]byte("cephstack 1 0123\nabsent /a b\n" + strings.Repeat("0a", 32) + " /c\n"))
	f.Add([]byte("cephstack 1 77.1.x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := ParseNote(b)
		if !ok {
			return
		}
		again, ok := ParseNote(n.Render())
		require.True(t, ok)
		require.Equal(t, n, again)
		for p, d := range n.Read {
			require.True(t, strings.HasPrefix(p, "/"))
			require.True(t, d == "absent" || len(d) == 64)
		}
	})
}
