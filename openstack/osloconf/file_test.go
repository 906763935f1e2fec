package osloconf_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/osloconf"
)

func parse(t testing.TB, text string) *osloconf.File {
	t.Helper()
	f, err := osloconf.Parse([]byte(text))
	require.NoError(t, err)
	return f
}

func TestSetPlaces(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"empty file", "", "[s]\no = v\n"},
		{"new section", "[a]\nx=1\n", "[a]\nx=1\n\n[s]\no = v\n"},
		{"new section below a blank line", "[a]\n\n", "[a]\n\n[s]\no = v\n"},
		{"new section below an unfinished line", "[a]\nx=1", "[a]\nx=1\n\n[s]\no = v\n"},
		{"only comments", "# hello\n", "# hello\n\n[s]\no = v\n"},
		{"unfinished header", "[s]", "[s]\no = v\n"},
		{"in place", "[s]\no=1\np=2\n", "[s]\no=v\np=2\n"},
		{"in place keeps the spacing", "[s]\no :  1  \n", "[s]\no :  v\n"},
		{"in place, empty", "[s]\no=\n", "[s]\no=v\n"},
		{"in place, empty with space", "[s]\no =\n", "[s]\no = v\n"},
		{"in place, unfinished", "[s]\no=1", "[s]\no=v"},
		{"in place, quoted", "[s]\no = \"1\"\n", "[s]\no = v\n"},
		{"in place, several lines", "[s]\no = 1\n  2\n\t3\np = 4\n", "[s]\no = v\np = 4\n"},
		{"last duplicate", "[s]\no=1\n[a]\n[S]\no=2\n", "[s]\no=1\n[a]\n[S]\no=v\n"},
		{"default", "[s]\n#o = 1\n\n#p = 2\n", "[s]\n#o = 1\no = v\n\n#p = 2\n"},
		{"last default", "[s]\n#o = 1\n#o = 2\n# o = x\n", "[s]\n#o = 1\n#o = 2\no = v\n# o = x\n"},
		{"spaced default", "[s]\n# o = 1\np = 2\n", "[s]\n# o = 1\no = v\np = 2\n"},
		{"default of another section", "[a]\n#o = 1\n[s]\n[b]\n#o = 2\n", "[a]\n#o = 1\n[s]\no = v\n[b]\n#o = 2\n"},
		{"longer name", "[s]\n#o_p = 1\n\n#x = 2\n", "[s]\n#o_p = 1\n\n#x = 2\no = v\n"},
		{"end of section", "[s]\np=1\n\n\n[b]\n", "[s]\np=1\no = v\n\n\n[b]\n"},
		{"above the next banner", "[s]\np=1\n\n# ---\n# b\n[b]\n", "[s]\np=1\no = v\n\n# ---\n# b\n[b]\n"},
		{"below the own comment", "[s]\n# about s\n[b]\n", "[s]\n# about s\no = v\n[b]\n"},
		{"below a default", "[s]\n#p = 1\n[b]\n", "[s]\n#p = 1\no = v\n[b]\n"},
		{"exact spelling", "[s]\n[S]\n", "[s]\no = v\n[S]\n"},
		{"CRLF", "[s]\r\np=1\r\n", "[s]\r\np=1\r\no = v\r\n"},
		{"CRLF new section", "[a]\r\np=1", "[a]\r\np=1\r\n\r\n[s]\r\no = v\r\n"},
		{"CR", "[s]\rp=1\r", "[s]\rp=1\ro = v\r"},
		{"mixed", "[s]\r\np=1\n", "[s]\r\np=1\no = v\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, c.before)
			require.NoError(t, f.Set("s", "o", "v"))
			assert.Equal(t, c.after, string(f.Bytes()))
			require.NoError(t, f.Set("s", "o", "v"))
			assert.Equal(t, c.after, string(f.Bytes()), "again")
			v, ok := parse(t, c.after).Lookup("s", "o")
			assert.True(t, ok)
			assert.Equal(t, "v", v)
		})
	}
}

func TestSetKeepsWhatIsInEffect(t *testing.T) {
	for value, text := range map[string]string{
		"a\nb": "[s]\no = a\n   b\n",
		" a ":  "[s]\no = ' a '\n",
		`"a"`:  "[s]\no = \"\"a\"\"\n",
		"":     "[s]\no =  \n",
	} {
		f := parse(t, text)
		require.NoError(t, f.Set("S", "o", value))
		assert.Equal(t, text, string(f.Bytes()))
	}
}

func TestSetRefuses(t *testing.T) {
	const secret = "hunter2"
	f := parse(t, "[s]\no = 1\n")
	for _, c := range [][3]string{
		{"", "o", "v"}, {"s", "", "v"}, {"a\nb", "o", "v"}, {"s", "a\nb", "v"}, {"s", "a=b", "v"}, {"s", "a:b", "v"},
		{"s", "[a", "v"}, {"s", "#a", "v"}, {"s", ";a", "v"}, {"s", " a", "v"}, {"s", "a ", "v"}, {"s\xff", "a", "v"},
		{"s", "a\xff", "v"},
		{"s", "o", secret + "\nx"}, {"s", "o", secret + "\r"}, {"s", "o", " " + secret}, {"s", "o", secret + "\u2003"},
		{"s", "o", secret + "\x1f"},
		{"s", "o", `"` + secret + `"`}, {"s", "o", "'"}, {"s", "o", `"a","b"`}, {"s", "o", secret + "\xff"},
	} {
		err := f.Set(c[0], c[1], c[2])
		var e *osloconf.Error
		require.ErrorAs(t, err, &e, "%q", c)
		assert.NotContains(t, err.Error(), secret)
		assert.Equal(t, c[0], e.Section)
	}
	assert.Equal(t, "[s]\no = 1\n", string(f.Bytes()))
}

func TestSetValues(t *testing.T) {
	for _, v := range []string{"", "$$x", "$x", `\$x`, "a # b", "a ; b", "=", ":", "[x]", "#x", `a"`, `"a`, `"a'`, "ü",
		"a\tb", "\u200b", "a\x00b", "%(x)s"} {
		f := parse(t, "[s]\nx = 1\n")
		require.NoError(t, f.Set("s", "o", v), "%q", v)
		got, ok := parse(t, string(f.Bytes())).Lookup("s", "o")
		assert.True(t, ok)
		assert.Equal(t, v, got)
	}
}

func TestParseRefusesWithLine(t *testing.T) {
	for text, line := range map[string]int{
		"\ufeff[s]\na=1\n":         1,
		"a=1\n[s]\n":               1,
		"\n# x\n\na=1\n":           4,
		"[s]\n  [t]\na=1":          2,
		"[s]\na=1\n\n b\n":         4,
		"[s]\na=1\n# c\n b\n":      4,
		"[s]\na=\xff\n":            2,
		"[s]\na\n":                 2,
		"[s\n":                     1,
		"[]\n":                     1,
		"[s]\n = 1\n":              2,
		"[s]\n=1\n":                2,
		"[s]\r\na=1\rb\nc=hunter2": 3,
	} {
		f, err := osloconf.Parse([]byte(text))
		assert.Nil(t, f)
		var e *osloconf.Error
		require.ErrorAs(t, err, &e, "%q", text)
		assert.Equal(t, line, e.Line, "%q: %v", text, err)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestNames(t *testing.T) {
	f := parse(t, "[b]\nx=1\ny=2\nx=3\n[DEFAULT]\n[default]\nd=1\n[B]\nz=1\na-b=1\n")
	assert.Equal(t, []string{"b", "DEFAULT", "default"}, f.Sections())
	assert.Equal(t, []string{"x", "y", "z", "a-b"}, f.Options("B"))
	assert.Empty(t, f.Options("none"))
	_, ok := f.Lookup("DEFAULT", "d")
	assert.False(t, ok, "[default] is not [DEFAULT]")
	_, ok = f.Lookup("b", "X")
	assert.False(t, ok, "option names have a case")
	_, ok = f.Lookup("b", "a-b")
	assert.False(t, ok, "oslo.config looks for a_b")
	require.NoError(t, f.Set("b", "a-b", "2"))
	v, _ := f.Lookup("b", "a-b")
	assert.Equal(t, "2", v)
	assert.Contains(t, string(f.Bytes()), "\na_b = 2\n")
}

func TestUnset(t *testing.T) {
	f := parse(t, "[s]\no=1\n  2\n#o=3\np=4\n[t]\no=5\n[S]\no=6")
	f.Unset("s", "o")
	assert.Equal(t, "[s]\n#o=3\np=4\n[t]\no=5\n[S]\n", string(f.Bytes()))
	f.Unset("none", "o")
	f.Unset("s", "none")
	assert.Equal(t, "[s]\n#o=3\np=4\n[t]\no=5\n[S]\n", string(f.Bytes()))
}

func TestZeroFile(t *testing.T) {
	var f osloconf.File
	assert.Empty(t, f.Bytes())
	assert.Empty(t, f.Sections())
	require.NoError(t, f.Set("s", "o", "v"))
	assert.Equal(t, "[s]\no = v\n", string(f.Bytes()))
}

func TestFiles(t *testing.T) {
	a, b := parse(t, "[S]\no=1\np=1\n"), parse(t, "[s]\no=2\n")
	v, ok := osloconf.Files{a, nil, b}.Lookup("s", "o")
	assert.True(t, ok)
	assert.Equal(t, "2", v)
	v, _ = osloconf.Files{a, b}.Lookup("s", "p")
	assert.Equal(t, "1", v)
	_, ok = osloconf.Files{a, b}.Lookup("s", "q")
	assert.False(t, ok)
	_, ok = osloconf.Files(nil).Lookup("s", "o")
	assert.False(t, ok)
}

func TestErrorText(t *testing.T) {
	assert.Equal(t, "osloconf: line 3: x", (&osloconf.Error{Line: 3, Reason: "x"}).Error())
	assert.Equal(t, "osloconf: [s] o: x", (&osloconf.Error{Section: "s", Option: "o", Reason: "x"}).Error())
	assert.False(t, errors.Is(&osloconf.Error{}, errors.ErrUnsupported))
}

// A file of nothing but one kind of line end must not take quadratic time.
func TestLoneCarriageReturns(t *testing.T) {
	text := "[s]\r" + strings.Repeat("a=1\r", 200_000)
	f := parse(t, text)
	assert.Equal(t, text, string(f.Bytes()))
}

// merge is what an integration sets in nova.conf.
var merge = [][3]string{
	{"libvirt", "images_type", "rbd"},
	{"libvirt", "images_rbd_pool", "vms"},
	{"libvirt", "images_rbd_ceph_conf", "/etc/ceph/ceph.conf"},
	{"libvirt", "rbd_user", "nova"},
	{"libvirt", "rbd_secret_uuid", "7ad2f6f6-6fd8-5d0d-a9f8-6d8a9c0a5ea2"},
	{"libvirt", "disk_cachemodes", "network=writeback"},
	{"libvirt", "hw_disk_discard", "unmap"},
	{"libvirt", "live_migration_flag", "VIR_MIGRATE_LIVE"},
	{"DEFAULT", "force_raw_images", "true"},
	{"glance", "rbd_user", "nova"},
}

func BenchmarkMergeNova(b *testing.B) {
	data := sample(b, "nova.conf")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := osloconf.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range merge {
			if err := f.Set(m[0], m[1], m[2]); err != nil {
				b.Fatal(err)
			}
		}
		if len(f.Bytes()) <= len(data) {
			b.Fatal("nothing set")
		}
	}
}
