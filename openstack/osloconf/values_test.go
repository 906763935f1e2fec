package osloconf_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/osloconf"
)

// valuesOf are the values of files, with options that a service has in a section.
func valuesOf(t testing.TB, own [][2]string, files ...string) osloconf.Values {
	t.Helper()
	v := osloconf.Values{Own: func(section, option string) bool {
		return slices.Contains(own, [2]string{section, option})
	}}
	for _, text := range files {
		v.Files = append(v.Files, parse(t, text))
	}
	return v
}

func TestReferencesAreReplaced(t *testing.T) {
	const text = `[DEFAULT]
host = ctl1
top = $host-top
ceph = not the section
[ceph]
pool = volumes
name = $pool
braced = a${pool}b
far = ${glance.pool}/$glance.pool
above = $top.
above_too = ${top}
own = $host
nested = $braced/$name
money = $$pool \$pool 5$ $5 ${ ${a b} $
circle = $round
round = ${circle}
nothing = $unknown
section = $ceph
case = $GLANCE.pool
[glance]
pool = images
`
	v := valuesOf(t, [][2]string{{"ceph", "host"}}, text)
	for option, want := range map[string]string{
		"name": "volumes", "braced": "avolumesb", "far": "images/images", "above_too": "ctl1-top",
		"nested": "avolumesb/volumes", "money": "$pool $pool 5$ $5 ${ ${a b} $",
	} {
		got, ok := v.Lookup("CEPH", option)
		assert.True(t, ok)
		assert.Equal(t, want, got, option)
		assert.False(t, v.Open("ceph", option), option)
	}
	// With own, host of the section is meant, whose default the files do not tell.
	for _, option := range []string{"above", "circle", "round", "nothing", "section", "case", "own"} {
		got, ok := v.Lookup("ceph", option)
		raw, _ := v.Text("ceph", option)
		assert.True(t, ok)
		assert.Equal(t, raw, got, option)
		assert.True(t, v.Open("ceph", option), option)
	}
	got, _ := v.Lookup("DEFAULT", "top")
	assert.Equal(t, "ctl1-top", got)
	assert.Equal(t, "volumes!", v.Expand("ceph", "$pool!"))
	_, ok := v.Lookup("ceph", "none")
	assert.False(t, ok)
	assert.False(t, v.Open("ceph", "none"))
}

// TestALaterFileIsReferredTo: references are replaced when a service asks, not when a file is read.
func TestALaterFileIsReferredTo(t *testing.T) {
	v := valuesOf(t, nil, "[s]\na = $b\nb = 1\n", "[S]\nb = 2\n")
	got, _ := v.Lookup("s", "a")
	assert.Equal(t, "2", got)
}

// TestTextWithoutEndIsNotMade: a file of a hostile host is small, and what it asks for is not.
func TestTextWithoutEndIsNotMade(t *testing.T) {
	var text strings.Builder
	text.WriteString("[s]\na = " + strings.Repeat("x", 1000) + "\n")
	for i := range 25 {
		text.WriteString(string(rune('b'+i)) + " = " + strings.Repeat("$"+string(rune('a'+i))+" ", 8) + "\n")
	}
	v := valuesOf(t, nil, text.String())
	begin := time.Now()
	got, ok := v.Lookup("s", "z")
	assert.True(t, ok)
	assert.Equal(t, strings.TrimSpace(strings.Repeat("$y ", 8)), got)
	assert.Less(t, time.Since(begin), 5*time.Second)
}

// TestReferencesAsOsloReads compares random files with what oslo.config gives a service.
func TestReferencesAsOsloReads(t *testing.T) {
	o := newOracle(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	pieces := []string{"$a", "$b", "$c", "${a}", "${d}", "$S.a", "$s.b", "${t.a}", "$DEFAULT.a", "$$", `\$`, `\`, "$", "{",
		"}", ".", "-", "_", "x", "1", " ", "$A", "$\u0131", "$\u017f", "${", "$t", "$s.", "$_e", "$a-b", "ü", "$s.a.b"}
	open, odd := 0, 0
	for range 2000 {
		var files []string
		for range 1 + r.IntN(2) {
			var text strings.Builder
			for range 1 + r.IntN(3) {
				text.WriteString("[" + pick("DEFAULT", "s", "S", "t") + "]\n")
				for range r.IntN(5) {
					text.WriteString(pick("a", "b", "c", "d", "A", "_e") + " = v")
					for range r.IntN(4) {
						text.WriteString(pick(pieces...))
					}
					text.WriteString("\n")
				}
			}
			files = append(files, text.String())
		}
		more, of := sameValues(t, o, r.IntN(2) == 0, files)
		open, odd = open+more, odd+of
	}
	t.Logf("%d values stay as written, of which oslo.config tells %d", open, odd)
	assert.Greater(t, open, 100, "some references are to nothing")
	assert.Less(t, odd, open/4)
}

// sameValues compares all options of some files. It counts those that stay as written, and those of
// them that oslo.config gives a value: where an option of a section refers to nothing, what refers
// to the option gets that of [DEFAULT].
func sameValues(t *testing.T, o *oracle, withOwn bool, files []string) (open, odd int) {
	t.Helper()
	own := [][2]string{}
	if withOwn {
		own = [][2]string{{"s", "a"}, {"t", "b"}, {"S", "a"}}
	}
	var data [][]byte
	for _, text := range files {
		data = append(data, []byte(text))
	}
	a := o.get(t, own, data...)
	require.Empty(t, a.Error, "%q", files)
	v := valuesOf(t, own, files...)
	for section, options := range a.Got {
		for option, want := range options {
			got, ok := v.Lookup(section, option)
			require.True(t, ok)
			raw, _ := v.Text(section, option)
			switch {
			case v.Open(section, option):
				open++
				require.Equal(t, raw, got)
				if want != nil && !withOwn {
					odd++
				}
			default:
				require.NotNil(t, want, "[%s] %s of %q: %q", section, option, files, got)
				require.Equal(t, *want, got, "[%s] %s of %q", section, option, files)
			}
		}
	}
	return open, odd
}
