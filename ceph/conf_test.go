package ceph_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
)

// confCases are files and what Ceph 16.2 sees as fsid in [global]: "" is an
// error or nothing. Those marked lenient are read by releases before Octopus only,
// and are repaired here.
var confCases = []struct {
	name, text, want string
	lenient          bool
}{
	{"plain", "[global]\nfsid = abc\n", "abc", false},
	{"no line end", "[global]\nx = 1\nfsid = abc", "abc", true},
	{"tabs", "[global]\n\tfsid\t=\tabc\n", "abc", false},
	{"blank line first", "  \n[global]\nfsid = abc\n", "abc", true},
	{"empty lines first", "\n\n[global]\nfsid = abc\n", "abc", false},
	{"comments first", "# x\n  ; y\n[global]\nfsid = abc\n", "abc", false},
	{"indented section", "[global]\nx=1\n [client]\nfsid=2\n[global]\nfsid = abc\n", "abc", true},
	{"trailing comment", "[global]\nfsid = abc ; def\n", "abc", false},
	{"trailing comment without space", "[global]\nfsid = abc# def\n", "abc", false},
	{"escapes", "[global]\nfsid = ab\\#c\\d\\\\e\n", "ab#cd\\e", false},
	{"continuation", "[global]\nfsid = ab\\\n  cd\n", "ab  cd", false},
	{"continuations", "[global]\nfsid = ab \\\ncd \\\nef\n", "ab cd ef", false},
	{"continuation at once", "[global]\nfsid = \\\nabc\n", "abc", false},
	{"comments do not continue", "[global]\nfsid = ab # x \\\nx=2\n", "ab", false},
	{"quotes", "[global]\nfsid = \"abc\"\n", "abc", false},
	{"white space in quotes", "[global]\nfsid = \"  abc \"\n", "abc", false},
	{"comment sign in quotes", "[global]\nfsid = \"ab#c\"\n", "", false},
	{"escapes in quotes", "[global]\nfsid = \"ab\\\"c\\#\"\n", "ab\"c#", false},
	{"comment after quotes", "[global]\nfsid = \"abc\" # foo\n", "abc", false},
	{"text after quotes", "[global]\nfsid = \"abc\" foo\n", "", false},
	{"quotes inside", "[global]\nfsid = a\"bc\" \n", "a\"bc\"", false},
	{"single quotes", "[global]\nfsid = 'abc'\n", "abc", false},
	{"continuation in quotes", "[global]\nfsid = \"ab\\\ncd\"\n", "", false},
	{"spaces in heading", "[ global ]\nfsid = abc\n", "", false},
	{"comment after heading", "[global] # c\nfsid = abc\n", "abc", false},
	{"text after heading", "[global] x\nfsid = abc\n", "", false},
	{"sections merge", "[global]\nfsid = abc\n[x]\ny=1\n[global]\nfsid = def\n", "def", false},
	{"last value counts", "[global]\nfsid = abc\nfsid = def\n", "def", false},
	{"no equals sign", "[global]\nfsid\nx=1\n", "", false},
	{"colon", "[global]\nfsid : abc\n", "", false},
	{"before any section", "fsid = abc\nx=1\n[global]\nfsid=2\n", "", false},
	{"CRLF", "[global]\r\nfsid = ab\\\r\nc\r\n", "abc", false},
	{"blank lines", "[global]\n  \nx=1\n \t\n\nfsid = abc\n", "abc", false},
	{"blank line last", "[global]\nfsid = abc\n  ", "abc", true},
	{"byte order mark", "\xef\xbb\xbf[global]\nfsid = abc\n", "abc", true},
	{"not UTF-8", "[global]\nx=\xff\nfsid = abc\n", "", false},
	{"equals sign in value", "[global]\nfsid = a=b\n", "a=b", false},
	{"brackets in value", "[global]\nfsid = [v2:1.2.3.4:3300/0,v1:1.2.3.4:6789/0]\n",
		"[v2:1.2.3.4:3300/0,v1:1.2.3.4:6789/0]", false},
	{"bracket in name", "[global]\na[b = 1\nfsid=2\n", "", false},
	{"CR", "[global]\rfsid = abc\r", "abc", false},
	{"indented comments", "[global]\n   # hi\nfsid = abc\n   ; hi\n# end", "abc", false},
	{"include", "[global]\ninclude /etc/x\nfsid=1\n", "", false},
	{"empty heading", "[]\nfsid=1\n", "", false},
	{"backslash last", "[global]\nfsid = ab\\", "", false},
	{"continuation last", "[global]\nfsid = ab\\\n", "ab", true},
	{"backslash and space", "[global]\nfsid = ab\\ \nx=1\n", "ab", false},
}

func TestConfReadsWhatCephReads(t *testing.T) {
	for _, c := range confCases {
		conf, err := ceph.ParseConf([]byte(c.text))
		if err != nil {
			require.ErrorIs(t, err, ceph.ErrInvalid, c.name)
			assert.Empty(t, c.want, c.name)
			assert.NotContains(t, err.Error(), "abc", c.name)
			continue
		}
		got, _ := conf.Lookup("global", "fsid")
		assert.Equal(t, c.want, got, c.name)
		assert.Equal(t, c.lenient, string(conf.Render()) != c.text, c.name)
		assert.Equal(t, c.lenient, len(conf.Repairs()) > 0, c.name)
		require.NoError(t, conf.Fault(), c.name)
	}
}

// TestConfRepairs: what Ceph refuses is named by its line, and written so that Ceph reads it.
func TestConfRepairs(t *testing.T) {
	for _, c := range []struct {
		text, want string
		repairs    []string
	}{
		{"[a]\nx = 1", "[a]\nx = 1\n", []string{"line 2: the last line has no line end"}},
		{"[a]\r\nx = 1 # why", "[a]\r\nx = 1 # why\r\n", []string{"line 2: the last line has no line end"}},
		{"[a]", "[a]\n", []string{"line 1: the last line has no line end"}},
		{"[a]\nx = 1\n\n\t[b]\ny = 2\n  ", "[a]\nx = 1\n\n[b]\ny = 2\n", []string{
			"line 4: a section line is indented", "line 6: white space behind the last line"}},
		{"# head\n \n\t\n [a]\nx = 1\n", "# head\n\n\n[a]\nx = 1\n", []string{
			"line 2: white space in a blank line before the first section",
			"line 3: white space in a blank line before the first section", "line 4: a section line is indented"}},
		{"\ufeff[a]\n", "[a]\n", []string{"line 1: a byte order mark"}},
		{"  ", "", []string{"line 1: white space behind the last line"}},
		{"[a]\nx = 1 \\\n [b]\n", "[a]\nx = 1 \\\n [b]\n", nil},
		{"[a]\n  x = 1\n  \n# \u00e9\n  # end", "[a]\n  x = 1\n  \n# \u00e9\n  # end", nil},
	} {
		conf, err := ceph.ParseConf([]byte(c.text))
		require.NoError(t, err, "%q", c.text)
		assert.Equal(t, c.repairs, conf.Repairs(), "%q", c.text)
		assert.Equal(t, c.want, string(conf.Render()), "%q", c.text)
	}
}

// TestConfWithAFault: an option can be set anew, and the fault of another one stays.
func TestConfWithAFault(t *testing.T) {
	conf, err := ceph.ParseConf([]byte("# \u00e9\n[a]\nx = \"\u00e9\"\ny = \u00e9\n"))
	require.NoError(t, err)
	require.ErrorIs(t, conf.Fault(), ceph.ErrInvalid)
	require.ErrorContains(t, conf.Fault(), "line 4: a character beyond ASCII")
	require.NoError(t, conf.Set("a", "z", "1"))
	require.Error(t, conf.Fault())
	require.NoError(t, conf.Set("a", "y", "1"))
	require.NoError(t, conf.Fault())
}

func TestConfEffective(t *testing.T) {
	conf, err := ceph.ParseConf([]byte("[client]\nmon host = b\nkey =\n[global]\nmon_host = a\nfsid = f\n[client.x]\n" +
		"mon_host = c\n"))
	require.NoError(t, err)
	for _, c := range [][4]string{{"client.x", "mon_host", "c", "client.x"}, {"client.y", "mon host", "b", "client"},
		{"osd.0", "mon_host", "a", "global"}, {"client.x", "fsid", "f", "global"}, {"client.x", "key", "", "client"}} {
		value, section, ok := conf.Effective(c[0], c[1])
		assert.True(t, ok)
		assert.Equal(t, c[2:], []string{value, section}, c[0])
	}
	_, _, ok := conf.Effective("client.x", "keyring")
	assert.False(t, ok)
}

// TestConfOfOneOption: an option without a section is one of [global], and cannot stay so beside others.
func TestConfOfOneOption(t *testing.T) {
	conf, err := ceph.ParseConf([]byte("fsid = a\n"))
	require.NoError(t, err)
	assert.Empty(t, conf.Repairs())
	require.NoError(t, conf.Set("global", "fsid", "b"))
	assert.Equal(t, "fsid = b\n", string(conf.Render()))
	require.NoError(t, conf.Set("client", "x", "1"))
	assert.Equal(t, "[global]\nfsid = b\n\n[client]\nx = 1\n", string(conf.Render()))
}

func TestConfOracle(t *testing.T) {
	cephlive.Need(t, "ceph-conf")
	for _, c := range confCases {
		got, ok := cephConf(t, c.text, "global", "fsid")
		if c.lenient {
			assert.False(t, ok, c.name)
			continue
		}
		assert.Equal(t, c.want, got, c.name)
	}
	for name, same := range map[string]bool{"mon host": true, "mon_host": true, "mon  host": true, "mon\thost": true,
		" mon_host ": true,
		"mon-host":   false, "mon _host": false, "Mon Host": false} {
		text := "[global]\n" + name + " = abc\n"
		conf, err := ceph.ParseConf([]byte(text))
		require.NoError(t, err)
		_, ours := conf.Lookup("global", "mon_host")
		_, theirs := cephConf(t, text, "global", "mon_host")
		assert.Equal(t, same, ours, name)
		assert.Equal(t, same, theirs, name)
	}
}

func TestConfSetOracle(t *testing.T) {
	cephlive.Need(t, "ceph-conf")
	for _, base := range []string{"", "# only a comment", "[client]\r\n\tx = 1\r\n", "[global]\nfsid = abc",
		"[global]\nrbd cache = \"old\" ; why\n[x]\n"} {
		for _, value := range []string{"true", "", "a b", "a#b;c", `back\slash`, `"quoted"`, "'x", "[v2:1/0,v1:2/0]",
			"$cluster.$id"} {
			conf, err := ceph.ParseConf([]byte(base))
			require.NoError(t, err)
			require.NoError(t, conf.Set("client", "rbd cache", value))
			require.NoError(t, conf.Set("global", "rbd_cache", value))
			for _, section := range []string{"client", "global"} {
				got, _ := cephConf(t, string(conf.Render()), section, "rbd_cache")
				assert.Equal(t, value, got, "%q in %q gives %q", value, base, conf.Render())
			}
		}
	}
}

// cephConf asks ceph-conf for the raw text of an option.
func cephConf(t *testing.T, text, section, option string) (string, bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ceph.conf")
	// $ is expanded by ceph-conf and not by us.
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(text, "$", "%")), 0o600))
	out, err := exec.Command("ceph-conf", "-c", path, "-s", section, "--lookup", option).Output()
	return strings.ReplaceAll(strings.TrimSuffix(string(out), "\n"), "%", "$"), err == nil
}

func TestConfSetKeepsEveryOtherByte(t *testing.T) {
	const was = "# head\n\n[global]\n\tfsid = abc ; cluster\n\tmon host = a, \\\n\t b\n\n; about clients\n[client]\n  " +
		"rbd cache = \"true\"   # quick\n\n\n[osd] ; last\n"
	conf, err := ceph.ParseConf([]byte(was))
	require.NoError(t, err)
	require.NoError(t, conf.Set("global", "fsid", "abc"))
	assert.Equal(t, was, string(conf.Render()), "what is set already is not touched")
	require.NoError(t, conf.Set("global", "mon_host", "c"))
	require.NoError(t, conf.Set("client", "rbd_cache", "false"))
	require.NoError(t, conf.Set("client", "admin socket", "/run/$name.asok"))
	require.NoError(t, conf.Set("global", "log_file", "/dev/null"))
	require.NoError(t, conf.Set("client.cinder", "keyring", "/etc/ceph/ceph.client.cinder.keyring"))
	assert.Equal(t, "# head\n\n[global]\n\tfsid = abc ; cluster\n\tmon host = c\n\tlog_file = /dev/null\n\n; about "+
		"clients\n[client]\n"+
		"  rbd cache = false   # quick\n  admin_socket = /run/$name.asok\n\n\n[osd] ; last\n\n[client.cinder]\nkeyring = "+
		"/etc/ceph/ceph.client.cinder.keyring\n",
		string(conf.Render()))
	assert.Equal(t, []string{"global", "client", "osd", "client.cinder"}, conf.Sections())
}

func TestConfSetsTheLineThatCounts(t *testing.T) {
	conf, err := ceph.ParseConf([]byte("[a]\nx = 1\nx = 2\n[b]\n[a]\r\nx = 3\r\n"))
	require.NoError(t, err)
	require.NoError(t, conf.Set("a", "x", "4"))
	assert.Equal(t, "[a]\nx = 1\nx = 2\n[b]\n[a]\r\nx = 4\r\n", string(conf.Render()))
	v, ok := conf.Lookup("a", "x")
	assert.True(t, ok)
	assert.Equal(t, "4", v)
	_, ok = conf.Lookup("b", "x")
	assert.False(t, ok)
}

// TestConfSetRefusesWhatDoesNotReadBack: nothing is written otherwise than it was asked for.
func TestConfSetRefusesWhatDoesNotReadBack(t *testing.T) {
	const was = "[client]\nx = 1\n"
	conf, err := ceph.ParseConf([]byte(was))
	require.NoError(t, err)
	refuse := func(section, option, value string) {
		err := conf.Set(section, option, value)
		require.ErrorIs(t, err, ceph.ErrInvalid, "%q %q %q", section, option, value)
		assert.NotContains(t, err.Error(), "secret")
		assert.Equal(t, was, string(conf.Render()))
	}
	for _, value := range []string{" secret", "secret ", "\tsecret", "sec\tret", "secret\nx = 2", "secret\r", "secret\x00",
		"secret\x1b[2J", "secret\x7f", "secr\u00e9t", "secret\xff", "\u2028secret", "secret\u00a0", "secret${",
		"secret${cluster",
		"${}secret", "${ cluster}secret", "${cluster}${secret"} {
		refuse("client", "x", value)
		refuse("client.new", "y", value)
	}
	for _, name := range []string{"", "a\nb", "\u00e9", "\xff", "\x00"} {
		refuse(name, "x", "secret")
		refuse("client", name, "secret")
	}
	for _, name := range []string{" ", "x = y", "[x", "#x", "x;y", "x\\"} {
		refuse("client", name, "secret")
	}
	require.NoError(t, conf.Set("a]b;#", "x", "2"))
	value, ok := conf.Lookup("a]b;#", "x")
	assert.True(t, ok)
	assert.Equal(t, "2", value)
}

func FuzzConf(f *testing.F) {
	for _, c := range confCases {
		f.Add([]byte(c.text), "global", "fsid", "value")
	}
	f.Add([]byte("[a]\nx = 1"), "a]b", "x", "${cluster}/a#b")
	f.Fuzz(func(t *testing.T, data []byte, section, option, value string) {
		conf, err := ceph.ParseConf(data)
		if err != nil {
			return
		}
		if got := conf.Render(); string(got) != string(data) && len(conf.Repairs()) == 0 {
			t.Fatalf("%q became %q", data, got)
		}
		data = conf.Render()
		before := map[string]string{}
		for _, s := range conf.Sections() {
			before[s], _ = conf.Lookup(s, "fsid")
		}
		if conf.Set(section, option, value) != nil {
			if got := conf.Render(); string(got) != string(data) {
				t.Fatalf("a refused Set changed %q to %q", data, got)
			}
			return
		}
		after := conf.Render()
		again, err := ceph.ParseConf(after)
		if err != nil {
			t.Fatalf("after Set: %v: %q", err, after)
		}
		if got, ok := again.Lookup(section, option); !ok || got != value {
			t.Fatalf("set %q, got %q in %q", value, got, after)
		}
		if err := again.Set(section, option, value); err != nil || string(again.Render()) != string(after) {
			t.Fatalf("not idempotent: %q, %q, %v", after, again.Render(), err)
		}
		for s, v := range before {
			if got, _ := again.Lookup(s, "fsid"); s != section && got != v {
				t.Fatalf("fsid of %q was %q, is %q", s, v, got)
			}
		}
	})
}
