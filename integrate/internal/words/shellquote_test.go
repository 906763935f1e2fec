package words_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
)

// TestShellQuote lets a shell read each word: it is one word, and nothing of it is carried out.
func TestShellQuote(t *testing.T) {
	made := filepath.Join(t.TempDir(), "made")
	for text, want := range map[string]string{"anna": "anna", "volumes/rbd_1.a-b": "volumes/rbd_1.a-b", "": "''",
		"$(touch " + made + ")": "'$(touch " + made + ")'", "`touch " + made + "`": "'`touch " + made + "`'",
		"it's": `'it'\''s'`, "'; touch " + made + " '": `''\''; touch ` + made + ` '\'''`, "a b": "'a b'",
		"~root": "'~root'", "!x": "'!x'", `\`: `'\'`, "ü": "'ü'", "#": "'#'", "x\n\x1b[Ay": "'x??[Ay'"} {
		got := cephstack.ShellQuote(text)
		require.Equal(t, want, got)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s|' "+got).Output()
		require.NoError(t, err, text)
		if text != "x\n\x1b[Ay" {
			assert.Equal(t, text+"|", string(out))
		}
		assert.NoFileExists(t, made)
	}
}
