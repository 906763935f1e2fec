package pubkey

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

func TestAKeyIsALineOfAPubFile(t *testing.T) {
	k, err := Parse("  " + ed25519 + "  operator at  work ")
	require.NoError(t, err)
	assert.Equal(t, "ssh-ed25519", k.Type)
	assert.Equal(t, "operator at work", k.Comment)
	assert.Equal(t, ed25519+" operator at work", k.Line())
	k.Comment = ""
	assert.Equal(t, ed25519, k.Line())
}

func TestWhatIsNotAPublicKey(t *testing.T) {
	for _, text := range []string{
		"", "ssh-ed25519", "ssh-dss AAAAB3NzaC1kc3MAAAAA x", "-----BEGIN OPENSSH PRIVATE KEY-----",
		"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAg==", "ssh-ed25519 !!!!", "ssh-ed25519 AAAA", "ssh-ed25519 /////w==",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "a\n" + ed25519, ed25519 + "\x7f", "from=\"10.0.0.1\" " + ed25519,
	} {
		_, err := Parse(text)
		assert.Equal(t, ErrSyntax, err, "%q", text)
	}
}

// TestTheFingerprintIsThatOfSSHKeygen, which nobody here wrote.
func TestTheFingerprintIsThatOfSSHKeygen(t *testing.T) {
	k, err := Parse(ed25519)
	require.NoError(t, err)
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal("ssh-keygen is not installed: make deps installs it")
		}
		t.Skip("ssh-keygen is not installed")
	}
	file := filepath.Join(t.TempDir(), "key.pub")
	require.NoError(t, os.WriteFile(file, []byte(k.Line()+"\n"), 0o600))
	out, err := exec.Command("ssh-keygen", "-l", "-f", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, strings.Fields(string(out))[1], k.Fingerprint())
}

func TestAKeyAmongOthers(t *testing.T) {
	k, err := Parse(ed25519 + " operator")
	require.NoError(t, err)
	for text, want := range map[string][2]bool{
		"":                                   {false, false},
		ed25519 + " of another name\n":       {true, false},
		"# comment\n\n" + ed25519:            {true, false},
		"#" + ed25519 + "\n":                 {false, false},
		"# " + ed25519 + "\n":                {false, false},
		"no-pty " + ed25519 + "\n":           {false, true},
		"no-pty " + ed25519 + "\n" + ed25519: {false, true}, // sshd takes the first
		"ssh-ed25519 AAAA " + k.Blob + "\n":  {false, false},
	} {
		there, optioned := k.In([]byte(text))
		assert.Equal(t, want, [2]bool{there, optioned}, "%q", text)
	}
}

// FuzzParse: a key that is read is read again from its line.
func FuzzParse(f *testing.F) {
	f.Add(ed25519 + " operator")
	f.Add("ssh-rsa AAAAB3NzaC1yc2EAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(k.Line())
		require.NoError(t, err)
		require.Equal(t, k, again)
		there, optioned := k.In([]byte(k.Line() + "\n"))
		assert.True(t, there)
		assert.False(t, optioned)
	})
}

// FuzzIn: a key is in a file to which its line was added, unless a line of the file has options on the key.
func FuzzIn(f *testing.F) {
	f.Add([]byte("# comment\n\n" + ed25519))
	f.Add([]byte("no-pty,command=\"a b\" " + ed25519 + "\r\n"))
	f.Add([]byte("ssh-ed25519\n#" + ed25519))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := Parse(ed25519)
		require.NoError(t, err)
		there, optioned := k.In(data)
		assert.False(t, there && optioned)
		again, options := k.In([]byte(string(data) + "\n" + k.Line() + "\n"))
		assert.True(t, again != options && options == optioned, "%q", data)
	})
}
