package osloconf_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/osloconf"
)

// same compares all that a file says with what oslo.config took from it.
func same(t *testing.T, o *oracle, data []byte) {
	t.Helper()
	a := o.load(t, data)
	f, err := osloconf.Parse(data)
	if a.Error != "" {
		require.Error(t, err, "oslo.config: %s for %q", a.Error, data)
		return
	}
	require.NoError(t, err, "%q", data)
	require.Len(t, f.Sections(), len(a.Files[0]))
	for _, section := range f.Sections() {
		options, ok := a.Values[section], true
		if section != "DEFAULT" {
			options = a.Values[strings.ToLower(section)]
		}
		require.True(t, ok)
		require.Len(t, f.Options(section), len(options), "[%s] of %q", section, data)
		for option, want := range options {
			if strings.Contains(option, "-") {
				continue // no option's name in a file
			}
			got, ok := f.Lookup(section, option)
			require.True(t, ok, "[%s] %s of %q", section, option, data)
			require.Equal(t, want, got, "[%s] %s of %q", section, option, data)
		}
	}
}

func TestDebianFilesAsOsloReads(t *testing.T) {
	o := newOracle(t)
	for _, name := range samples {
		same(t, o, sample(t, name))
	}
}

// TestRandomEdits edits Debian's files at random: the lines that were there
// stay, but for the ones that the edit owns, and oslo.config reads what was
// set.
func TestRandomEdits(t *testing.T) {
	o := newOracle(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, name := range samples {
		for _, end := range []string{"\n", "\r\n"} {
			for range 4 {
				data := bytes.ReplaceAll(sample(t, name), []byte("\n"), []byte(end))
				if r.IntN(2) == 0 {
					data = bytes.TrimRight(data, "\r\n")
				}
				edit(t, o, r, data)
			}
		}
	}
}

func edit(t *testing.T, o *oracle, r *rand.Rand, data []byte) {
	f, err := osloconf.Parse(data)
	require.NoError(t, err)
	defaults := defaults(data)
	want := map[[2]string]string{}
	for i := range 12 {
		at := defaults[r.IntN(len(defaults))]
		switch r.IntN(4) {
		case 0:
			at[1] = fmt.Sprintf("made_up_%d", i)
		case 1:
			at[0] = fmt.Sprintf("made-up-%d", r.IntN(3))
		}
		value := [...]string{"rbd", "", "a, b:c=d", `{"a": 1}`, "$state_path/x", "# not a comment", "ü"}[r.IntN(7)]
		before := f.Bytes()
		old, had := f.Lookup(at[0], at[1])
		require.NoError(t, f.Set(at[0], at[1], value))
		if had && old == value {
			require.Equal(t, before, f.Bytes())
		} else {
			setting{before, f.Bytes(), at[1], had}.ownsOneLine(t)
		}
		want[at] = value
	}
	a := o.load(t, f.Bytes())
	require.Empty(t, a.Error)
	for at, value := range want {
		section := at[0]
		if section != "DEFAULT" {
			section = strings.ToLower(section)
		}
		require.Equal(t, value, a.Values[section][at[1]], "%v", at)
	}
	same(t, o, f.Bytes())
}

// defaults lists section and name of all commented-out options, but for those
// that oslo.config follows while it reads.
func defaults(data []byte) (all [][2]string) {
	section, follows := "DEFAULT", []string{"config_file", "config_dir", "config_source"}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(name, "]")
		}
		name, _, ok := strings.Cut(strings.TrimPrefix(line, "#"), " =")
		if ok && strings.HasPrefix(line, "#") && name != "" && !slices.Contains(follows, name) &&
			!strings.ContainsAny(name, " []#;:-\"'") {
			all = append(all, [2]string{section, name})
		}
	}
	return all
}

// A setting sets an option that a file had or had not.
type setting struct {
	before, after []byte
	option        string
	had           bool
}

// ownsOneLine checks that one line was changed, or that only the lines that the
// edit needs were put in.
func (e setting) ownsOneLine(t *testing.T) {
	t.Helper()
	b, a := bytes.SplitAfter(e.before, []byte("\n")), bytes.SplitAfter(e.after, []byte("\n"))
	head := 0
	for head < min(len(a), len(b)) && bytes.Equal(a[head], b[head]) {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && bytes.Equal(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	gone, come := bytes.Join(b[head:len(b)-tail], nil), bytes.Join(a[head:len(a)-tail], nil)
	if e.had {
		require.Equal(t, 1, len(b)-tail-head)
		require.Equal(t, 1, len(a)-tail-head)
		require.True(t, bytes.HasPrefix(come, []byte(e.option)), "%q", come)
		return
	}
	require.True(t, bytes.HasPrefix(come, gone), "%q became %q", gone, come)
	put := strings.TrimSpace(string(come[len(gone):]))
	if strings.HasPrefix(put, "[") {
		_, put, _ = strings.Cut(put, "\n")
	}
	require.True(t, strings.HasPrefix(put, e.option+" ="), "%q", put)
	require.NotContains(t, put, "\n")
}

func TestDefaultsAreFound(t *testing.T) {
	f, err := osloconf.Parse(sample(t, "nova.conf"))
	require.NoError(t, err)
	require.NoError(t, f.Set("libvirt", "images_type", "rbd"))
	assert.Contains(t, string(f.Bytes()), "\n#images_type = default\nimages_type = rbd\n")
}

// nasty are inputs whose reading libraries differ in.
var nasty = []string{
	"", "\n", " ", "\t\n", "[s]", "[s]\n", "[ ]\na=1\n", "[ s ]\na=1\n", "[s]]\na=1\n", "[[s]\na=1\n", "[]\n", "[\n",
	"[s\n", "[s] # x\n", "[s] \na=1\n",
	" [s]\na=1\n", "[s]\n [t]\n", "[s]\na=1\n [t]\n", "[s]\na=1\n  b=2\n", "[s]\na=1\n\n  2\n", "[s]\na=1\n#c\n  2\n",
	"[s]\na=1\n \t \n  2\n",
	"[s]\na=1\n  # no comment\n", "[s]\na=1\n\t;x\n", "[s]\na=\n 1\n", "[s]\na=\"\n 1\"\n", "[s]\na='1'\n '2'\n",
	"[s]\na\n", "[s]\n=1\n", "[s]\n:1\n",
	"[s]\na:b=c\n", "[s]\na=b:c\n", "[s]\na b = c\n", "[s]\na = b # c\n", "[s]\na = b ; c\n", "[s]\na=\"b\n",
	"[s]\na=b\"\n", "[s]\na=\"\n", "[s]\na='\n",
	"[s]\na=\"\"\n", "[s]\na='\"b\"'\n", "[s]\na=\"b'\n", "[s]\na=\" b \"\n", "[s]\na=1\na=2\n",
	"[s]\na=1\n[t]\n[s]\na=2\n", "[s]\na=1\n[S]\na=2\n",
	"[S]\na=1\n[s]\na=2\n", "[DEFAULT]\na=1\n[default]\na=2\n", "[default]\na=2\n[Default]\na=3\n", "[s]\nA=1\na=2\n",
	"[s]\na-b=1\na_b=2\n",
	"a=1\n", "a=1\n[s]\n", "# c\na=1\n", ";c\n[s]\n", "\ufeff[s]\n", "\ufeff# x\n[s]\na=1\n", "\ufeff#a=b\n[s]\n",
	"\ufeff\n[s]\n", "[s]\n\ufeffa=1\n",
	"[s]\r\na=1\r\n", "[s]\ra=1\r", "[s]\ra=1\r b\r", "[s]\na=1\r\r\nb=2", "[s]\na=1\r b\n", "[s]\na=1\n\r b\n",
	"[s]\na=b\\\nc=d\n", "[s]\na=b\\\n  c\n",
	"[s]\na=\xff\n", "[s]\n#\xc3\n", "[s]\na=\xed\xa0\x80\n", "[s]\na=\xf4\x90\x80\x80\n", "[s]\na=\xc0\x80\n",
	"[s]\na=\x00\n", "[s]\n\x00=1\n",
	"[s]\n\x0ba=1\n", "[s]\n\x0b[t]\n", "[s]\n\x0c#a=1\n", "[s]\n\u00a0a=1\n", "[s]\na=1\n\u00a0b=2\n",
	"[s]\na=\u00a01\u2003\n", "[s]\na=1\x1c\n", "[s]\n\x1fa\x1e=\x1d1\n",
	"[s]\na=1\u2028b=2\n", "[s]\na=1\x85\n", "[s]\na=1\u0085b=2\u0085\n", "[s]\na=1\u200b\n", "[s]\na=1\x0bb=2\n",
	"[s]\n\u180e\n", "[s]\na=\u180e1\n", "[s]\u2028\na=1\n",
	"[s]\n   \x0b\n", "[s]\na=1\n \u2003x\n", "[s]\na=$b\n", "[s]\na=$$b\n", "[s]\na=%(b)s\n", "[s]\na==b\n",
	"[s]\na= =b\n", "[s]\n[a=b]\n", "[s]\n[a=b\n", "[Ü]\na=1\n[ü]\na=2\n",
	"[s]\na=1", "[s]\na=1\n  2", "[s]\na=1\n  ", "[s]\n#", "[s]\n;", "#\n", "\x1a", "[s]\na=1\x1a", "[s]\n- a=1\n",
	"[s]\n!a\n", "[s]\nexport a=1\n", "[s]\n'a'=1\n", "[s]\n\"a=b\"=1\n",
}

func TestNastyInputsAsOsloReads(t *testing.T) {
	o := newOracle(t)
	for _, text := range nasty {
		same(t, o, []byte(text))
	}
}

// TestRandomTextAsOsloReads joins the pieces that the grammar knows at random.
func TestRandomTextAsOsloReads(t *testing.T) {
	o := newOracle(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"[s]\n", "[s]\n", "[S]\n", "[t]\r\n", "[", "]", "\n", "\n", "\n", "\r", "\r\n", " ", "\t", "\u00a0",
		"\x1f", "\u2028", "=", ":", "\"", "'", "#", ";",
		"a=1\n", "b : 2\n", "  c\n", "a", "b_c", "\ufeff", "\xff", "$", "\\", "DEFAULT"}
	for range 3000 {
		var text strings.Builder
		if r.IntN(4) > 0 {
			text.WriteString("[s]\n")
		}
		for range r.IntN(14) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		same(t, o, []byte(text.String()))
	}
}

func TestFilesAsOsloReads(t *testing.T) {
	o := newOracle(t)
	a, b, c := []byte("[s]\nx=1\ny=1\nz=1\n[DEFAULT]\nd=1\n"), []byte("[S]\nx=2\ny=2\n"), []byte("[s]\nx=3\n")
	want := o.load(t, a, b, c)
	require.Empty(t, want.Error)
	var files osloconf.Files
	for _, data := range [][]byte{a, b, c} {
		f, err := osloconf.Parse(data)
		require.NoError(t, err)
		files = append(files, f)
	}
	for section, options := range want.Values {
		for option, value := range options {
			got, ok := files.Lookup(section, option)
			assert.True(t, ok)
			assert.Equal(t, value, got, "[%s] %s", section, option)
		}
	}
}
