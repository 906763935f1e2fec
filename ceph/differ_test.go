package ceph_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
)

// The differential tests have Ceph's own programs read texts from a seed, and compare. They do a
// few texts in each run of the tests, and many with CEPHSTACK_DIFFER=long (make differ).

// rounds is how many texts a differential test tries.
func rounds(few, many int) int {
	if os.Getenv("CEPHSTACK_DIFFER") == "long" {
		return many
	}
	return few
}

// A differ counts what Ceph and this package read otherwise.
type differ struct {
	t      *testing.T
	counts map[string]int
	shown  int
}

func newDiffer(t *testing.T) *differ { return &differ{t: t, counts: map[string]int{}} }

// differs counts a disagreement, and shows the first ones.
func (d *differ) differs(kind, format string, args ...any) {
	d.counts[kind]++
	if d.shown++; d.shown <= 20 {
		d.t.Errorf("%s: %s", kind, fmt.Sprintf(format, args...))
	}
	d.t.Fail()
}

// count counts something that is not a disagreement.
func (d *differ) count(kind string) { d.counts[kind]++ }

func (d *differ) print(texts int) {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(d.counts)) {
		all = append(all, fmt.Sprintf("%s: %d", kind, d.counts[kind]))
	}
	fmt.Printf("%s: %d texts, %d disagreements (%s)\n", d.t.Name(), texts, d.shown, strings.Join(all, ", "))
}

// librados is a process that reads texts as librados does.
type librados struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

// startLibrados starts the process that the ceph program has as its interpreter. conf is a file that
// it may write, or the ceph.conf of a cluster.
func startLibrados(t *testing.T, conf string) *librados {
	t.Helper()
	cephlive.Need(t, "ceph", "ceph-authtool", "/usr/bin/python3")
	script, err := filepath.Abs("testdata/oracle.py")
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", script, conf)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<22)
	return &librados{t, in, lines}
}

func (l *librados) ask(order map[string]any, answer any) {
	l.t.Helper()
	text, err := json.Marshal(order)
	require.NoError(l.t, err)
	_, err = l.in.Write(append(text, '\n'))
	require.NoError(l.t, err)
	require.True(l.t, l.out.Scan(), "the process that reads as librados does has ended")
	require.NoError(l.t, json.Unmarshal(l.out.Bytes(), answer))
}

// read gives the options that clients see; nil if librados refuses the text.
func (l *librados) read(text []byte, clients ...string) map[string]map[string]string {
	l.t.Helper()
	var answer map[string]map[string]string
	l.ask(map[string]any{"conf": append([]byte{}, text...), "clients": clients}, &answer) // nil would be null
	return answer
}

var (
	differClients = []string{"client.cinder", "client.glance"}
	differOptions = []string{"mon_host", "keyring", "key", "keyfile", "log_file", "admin_socket", "crush_location"}
)

// TestConfDiffers: what librados reads, this package reads alike, and what librados refuses, too.
func TestConfDiffers(t *testing.T) {
	oracle := startLibrados(t, filepath.Join(t.TempDir(), "ceph.conf"))
	d, r := newDiffer(t), rand.New(rand.NewPCG(15, 1))
	n := rounds(200, 5000)
	unset := oracle.read([]byte{}, differClients...)
	for range n {
		text := randomConf(r)
		theirs := oracle.read([]byte(text), pick(r, differClients...))
		conf, err := ceph.ParseConf([]byte(text))
		ours := err == nil && conf.Fault() == nil && len(conf.Repairs()) == 0
		switch {
		case theirs == nil && ours:
			d.differs("read by us only", "%q", text)
		case theirs != nil && !ours:
			d.differs("read by Ceph only", "%q: %v", text, err)
		case theirs != nil:
			d.count("read by both")
			d.compare(conf, theirs, unset)
		case err != nil || conf.Fault() != nil:
			d.count("refused by both")
		default:
			d.count("repaired")
			if theirs = oracle.read(conf.Render(), pick(r, differClients...)); theirs == nil {
				d.differs("repaired, and not read", "%q, as %q", text, conf.Render())
			} else {
				d.compare(conf, theirs, unset)
			}
		}
	}
	d.print(n)
}

// compare compares the values that clients see with those that librados says.
func (d *differ) compare(conf *ceph.Conf, theirs, unset map[string]map[string]string) {
	for client := range theirs {
		for _, option := range differOptions {
			want := unset[client][option]
			if v, _, ok := conf.Effective(client, option); ok {
				want, _, _ = strings.Cut(v, "\x00")
			}
			if got := theirs[client][option]; got != want {
				d.differs("other value", "%q: %s of %s is %q for Ceph and %q for us", conf.Render(), option, client,
					got, want)
			}
		}
	}
}

// TestSetsDiffer: after a Set, librados reads what was asked for, and all else as before.
func TestSetsDiffer(t *testing.T) {
	oracle := startLibrados(t, filepath.Join(t.TempDir(), "ceph.conf"))
	d, r := newDiffer(t), rand.New(rand.NewPCG(15, 2))
	n := rounds(100, 2000)
	unset := oracle.read([]byte{}, differClients...)
	for done := 0; done < n; {
		text := randomConf(r)
		conf, err := ceph.ParseConf([]byte(text))
		if err != nil || conf.Fault() != nil {
			continue
		}
		done++
		section, option := pick(r, "global", "client", "client.cinder", "osd"), pick(r, differOptions...)
		value := pick(r, "192.0.2.11", "[v2:192.0.2.11:3300/0,v1:192.0.2.11:6789/0]", "", "a b", "#x", "a;b", `\`, `"x"`,
			"'", "x\\ y", "=", "[x]", `x"y`)
		was := values(conf)
		if err := conf.Set(section, option, value); err != nil {
			d.differs("not set", "%q: [%s] %s = %q: %v", text, section, option, value, err)
			continue
		}
		was[[2]string{section, option}] = value
		if now := values(conf); !maps.Equal(was, now) {
			d.differs("other options changed", "%q: [%s] %s = %q gives %q", text, section, option, value, conf.Render())
		}
		if theirs := oracle.read(conf.Render(), pick(r, differClients...)); theirs == nil {
			d.differs("written, and not read", "%q: [%s] %s = %q gives %q", text, section, option, value, conf.Render())
		} else {
			d.count("read back")
			d.compare(conf, theirs, unset)
		}
	}
	d.print(n)
}

// values are all options that the tests look at.
func values(conf *ceph.Conf) map[[2]string]string {
	all := map[[2]string]string{}
	for _, section := range append(conf.Sections(), "global", "client", "client.cinder", "osd") {
		for _, option := range differOptions {
			if v, ok := conf.Lookup(section, option); ok {
				all[[2]string{section, option}] = v
			}
		}
	}
	return all
}

// TestKeyringsDiffer: what ceph-authtool lists, this package reads alike.
func TestKeyringsDiffer(t *testing.T) {
	cephlive.Need(t, "ceph-authtool")
	d, r := newDiffer(t), rand.New(rand.NewPCG(15, 3))
	n := rounds(200, 5000)
	path := filepath.Join(t.TempDir(), "keyring")
	list := func(text []byte) (string, bool) {
		require.NoError(t, os.WriteFile(path, text, 0o600))
		out, err := exec.CommandContext(t.Context(), "ceph-authtool", "-l", path).Output()
		return string(out), err == nil
	}
	for range n {
		text := randomKeyring(r)
		theirs, read := list([]byte(text))
		ring, err := ceph.ParseKeyring([]byte(text))
		ours := err == nil && len(ring.Faults) == 0
		switch {
		case read && !ours && namesThatAreNotRead.MatchString(text):
			d.count("names that only Ceph reads")
		case !read && ours && (strings.Contains(text, "pending key") || strings.Contains(text, "AgBT")):
			d.count("pending keys and aes256k, after 16.2")
		case read && !ours:
			d.differs("read by Ceph only", "%q: %v %v", text, err, ring.Faults)
		case !read && ours:
			d.differs("read by us only", "%q", text)
		case read:
			d.count("read by both")
			if got := listed(ring); got != inOrder(theirs) {
				d.differs("other content", "%q: Ceph lists %q, and we %q", text, inOrder(theirs), got)
			}
		default:
			d.count("refused by both")
			if _, read := list(ring.Render()); err == nil && !read && !hasOddKey(ring) {
				d.differs("rendered, and not read", "%q as %q", text, ring.Render())
			}
		}
	}
	d.print(n)
}

// listed is a keyring as ceph-authtool lists it, in the order of the names.
func listed(ring ceph.Keyring) string {
	var b strings.Builder
	for _, u := range ring.Users {
		key := u.Key.Reveal()
		if key == "" && len(u.Caps) == 0 {
			continue
		} else if key == "" {
			key = "AAAAAAAAAAAAAAAA"
		}
		b.WriteString("[" + u.Entity + "]\n\tkey = " + key + "\n")
		for _, daemon := range slices.Sorted(maps.Keys(u.Caps)) {
			b.WriteString("\tcaps " + daemon + " = \"" + strings.ReplaceAll(u.Caps[daemon], `"`, `\"`) + "\"\n")
		}
	}
	return inOrder(b.String())
}

func inOrder(list string) string {
	entities := strings.Split("\n"+strings.TrimSuffix(list, "\n"), "\n[")
	slices.Sort(entities)
	return strings.Join(entities, "\n[")
}

// hasOddKey reports a key of a type that 16.2 does not know, or of none.
func hasOddKey(ring ceph.Keyring) bool {
	return slices.ContainsFunc(ring.Users, func(u ceph.User) bool { return !u.Key.IsZero() && u.Key.Type() != "aes" })
}

// namesThatAreNotRead are entities that ParseKeyring refuses, as no line could be written of them.
var namesThatAreNotRead = regexp.MustCompile(`(?:^|[\r\n])\s*\[[^]]*[^\[\w.\]-]`)
