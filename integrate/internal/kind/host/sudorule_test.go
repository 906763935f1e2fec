package host_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestSudoReadsTheNameOfAUser has sudo's own programs read the rule of each user that a Spec
// may name, and of those that it may not.
func TestSudoReadsTheNameOfAUser(t *testing.T) {
	for _, program := range []string{"visudo", "cvtsudoers"} {
		_, err := exec.LookPath(program)
		if live := os.Getenv("CEPHSTACK_LIVE"); err != nil && live == "1" {
			t.Fatal(program + " is needed")
		} else if err != nil || live == "0" {
			t.Skip("live test: needs " + program)
		}
	}
	for _, user := range []string{"ops", "Ops", "_ops", "_OPS", "jane.doe", "jane-doe", "OPS-1", "O.", "defaults",
		"include",
		"list", "A", "ALL", "OPS", "OPS_1", "X1", "DEFAULTS", "Defaults", "User_Alias", "Host_Alias", "Cmnd_Alias",
		"Cmd_Alias",
		"Runas_Alias", "User_alias", "NOPASSWD", "ROLE", "CWD", "TZ", "sha224", "sha256", "sha384", "sha512", "sha1"} {
		for _, narrow := range []bool{false, true} {
			s := earlySpec(&spec.Prepare{Sudo: &spec.Sudo{Narrow: narrow}})
			s.SSH.User = user
			m := bareMachine(t)
			m.AddUser(user, user)
			site := want.Resolve(s)
			n := host.NewNode(site, site.Host("compute1"))
			e := compareEarly(t, n, look(t, n, m))
			d := e.at(e.SudoRuleID())
			require.NotNil(t, d.Do, user)
			_, err := perform(t, d, m)
			require.NoError(t, err)
			text, _ := m.Contents(e.SudoRuleID().Name)
			// sudo itself takes ALL for a user's name in this form of its output.
			assert.Equal(t, s.Validate() == nil, sudoersUser(t, text) == user && user != "ALL", "%s: %s", user, text)
		}
	}
}

// sudoersUser is the user whom the one rule of a file is for; empty if it is for somebody else,
// or the file is not accepted.
func sudoersUser(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rule")
	require.NoError(t, os.WriteFile(path, text, 0o440))
	if exec.Command("visudo", "-c", "-f", path).Run() != nil {
		return ""
	}
	out, err := exec.Command("cvtsudoers", "-f", "json", path).Output()
	require.NoError(t, err)
	type who struct {
		Username string `json:"username"`
	}
	var rules struct {
		Defaults []struct{ Binding []who }
		Specs    []struct {
			Users []who `json:"User_List"`
		} `json:"User_Specs"`
	}
	require.NoError(t, json.Unmarshal(out, &rules), "%s", out)
	if len(rules.Defaults) != 1 || len(rules.Specs) != 1 || len(rules.Specs[0].Users) != 1 ||
		len(rules.Defaults[0].Binding) != 1 || rules.Defaults[0].Binding[0] != rules.Specs[0].Users[0] {
		return ""
	}
	return rules.Specs[0].Users[0].Username
}

// TestASudoRuleIsForSomebodyWhoExists: a rule for nobody is for whoever gets the name later.
func TestASudoRuleIsForSomebodyWhoExists(t *testing.T) {
	for name, c := range map[string]struct {
		said       string
		exit       int
		code, says string
	}{
		"there":   {"deploy:x:1000:1000::/home/deploy:/bin/sh\n", 0, "", ""},
		"missing": {"", 2, "login-user-missing", "there is no user deploy on this host"},
		"another case": {"Deploy:x:1000:1000::/home/deploy:/bin/sh\n", 0, "login-user-missing",
			"has the name Deploy on this host"},
		"no getent": {"", 127, "login-user-unknown", "does not tell whether there is a user deploy"},
		"silent":    {"", 0, "login-user-unknown", "does not tell whether there is a user deploy"},
	} {
		m := bareMachine(t)
		m.Handle("getent", func(remote.Run) (stdout, stderr []byte, exit int) { return []byte(c.said), nil, c.exit })
		e := compareOn(t, earlySpec(&spec.Prepare{Sudo: &spec.Sudo{}}), m)
		d := e.at(e.SudoRuleID())
		if c.code == "" {
			assert.NotNil(t, d.Do, name)
			continue
		}
		assert.Nil(t, d.Do, name)
		f := e.only(t, e.SudoRuleID())
		assert.Equal(t, c.code, f.Code, name)
		assert.Contains(t, f.Message, c.says, name)
	}
}
