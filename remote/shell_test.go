package remote

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
)

func TestSecretsDoNotPrint(t *testing.T) {
	for _, v := range []any{
		WriteFile{Path: "/k", Data: []byte("secret")}, Run{Argv: []string{"x"},
			Stdin: cephstack.Redact("secret")},
		Config{Keys: []cephstack.Redacted{cephstack.Redact("secret")}},
		&Config{Keys: []cephstack.Redacted{cephstack.Redact("secret")}},
		[]Op{Run{Argv: []string{"x"}, Stdin: cephstack.Redact("secret")}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t"} {
			text := fmt.Sprintf(verb, v)
			require.NotContains(t, text, "secret")
			require.NotContains(t, text, "115 101 99")
			require.NotContains(t, text, "0x73")
			require.NotContains(t, strings.ToLower(text), "736563")
			require.NotContains(t, text, "163 145 143")
		}
	}
}

// TestNoiseIsOnlyTheBeginning keeps contents of files, which an answer has,
// out of what an error tells.
func TestNoiseIsOnlyTheBeginning(t *testing.T) {
	said := func(text string) process {
		return process{stdout: bytes.NewReader([]byte(text)), stderr: bytes.NewReader(nil)}
	}
	sh := newShell(said("login\nanswer"), false, question{})
	_, err := sh.out.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, sh.noise.String(), "login")
	sh = newShell(said("answer"), false, question{})
	sh.spoken.Store(true)
	_, err = io.ReadAll(sh.out)
	require.NoError(t, err)
	require.Empty(t, sh.noise.String())
}

// TestWhatHasThePasswordIsNotQuoted: whatever took the password may repeat it whole, in part, or in another form.
func TestWhatHasThePasswordIsNotQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"sudo: s3cret-of-ops: 1 incorrect password attempt": "incorrect password attempt",
		"sudo: ret-of: is not in the sudoers file":          "is not in the sudoers file",
		"sudo: czNjcmV0LW9mLW9wcw== is bad":                 "",
		"7333637265742d6f662d6f7073":                        "",
	} {
		sh := newShell(process{stdout: bytes.NewReader(nil), stderr: strings.NewReader(text)}, true,
			question{"prompt", NewPassword("s3cret-of-ops")})
		<-sh.ended
		sh.asked.Store(1)
		require.Equal(t, want, sh.said(nil))
	}
}
