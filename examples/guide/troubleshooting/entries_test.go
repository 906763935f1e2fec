package troubleshooting_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/examples/guide/troubleshooting"
)

const root = "../../.."

// pageOf says to which page a new sentence of a folder goes. The most special folder comes first.
var pageOf = []struct{ dir, page string }{
	{"ceph/cephx", "keys.md"}, {"ceph/internal/ciphers", "keys.md"}, {"ceph", "ceph.md"},
	{"remote", "ssh.md"}, {"libvirtsecret", "libvirt.md"}, {"openstack/api", "apis.md"},
	{"openstack", "options.md"}, {"integrate/spec", "spec.md"}, {"integrate/detect", "spec.md"},
	{"integrate/connect", "ssh.md"}, {"integrate/internal/sshconfig", "ssh.md"}, {"integrate/internal/cause", "ssh.md"},
	{"integrate/internal/login", "keys.md"}, {"integrate/internal/pubkey", "spec.md"},
	{"integrate/internal/running", "audit-hosts.md"}, {"integrate/internal/rotation", "rotate.md"},
	{"integrate/internal/kind/host", "hosts.md"}, {"integrate/internal/kind/cluster", "ceph.md"},
	{"integrate/internal/kind/cloud", "apis.md"}, {"integrate/internal/place", "hosts.md"},
	{"integrate/internal/proof", "verify.md"}, {"integrate/adopt", "adopt.md"},
	{"integrate/rotate", "rotate.md"}, {"integrate/audit", "audit.md"}, {"integrate/drift", "drift.md"},
	{"integrate/bundle", "program.md"}, {"integrate", "plans.md"},
	{"examples/internal/cli", "program.md"},
}

// TestEachSentenceHasAnEntry: what a user can meet is on a page, and what is on a page can be met.
func TestEachSentenceHasAnEntry(t *testing.T) {
	listed := map[string]string{}
	for _, e := range troubleshooting.Entries() {
		for _, s := range e.Sentences {
			if other, twice := listed[s]; twice {
				t.Errorf("%s: %q is in two entries: %q and %q", e.Page, s, other, e.Title)
			}
			listed[s] = e.Title
		}
	}
	met := map[string]bool{}
	for _, s := range sentences(t, root) {
		if _, ok := listed[s.text]; !ok && !met[s.text] {
			t.Errorf("%s: this sentence has no entry: %q; add it to examples/guide/troubleshooting/%s", s.at, s.text, page(s.at))
		}
		met[s.text] = true
	}
	for _, e := range troubleshooting.Entries() {
		for _, s := range e.Sentences {
			if !met[s] {
				t.Errorf("%s: %q: this sentence of the entry does not exist in the code any more: %q", e.Page, e.Title, s)
			}
		}
	}
	t.Logf("%d sentences, %d entries", len(met), len(troubleshooting.Entries()))
}

// TestEachCodeHasAnEntry: an entry names the codes of its sentences, and each code of a finding is in an entry.
func TestEachCodeHasAnEntry(t *testing.T) {
	text, err := os.ReadFile(root + "/integrate/finding.go")
	require.NoError(t, err)
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^//   - ([a-z0-9-]+): `).FindAllStringSubmatch(string(text), -1) {
		known[m[1]] = false
	}
	codes := map[string]map[string]bool{}
	for _, s := range sentences(t, root) {
		if _, ok := known[s.code]; !ok {
			continue
		}
		if codes[s.text] == nil {
			codes[s.text] = map[string]bool{}
		}
		codes[s.text][s.code] = true
	}
	for _, e := range troubleshooting.Entries() {
		for _, c := range e.Codes {
			_, ok := known[c]
			assert.True(t, ok, "%s: %s: %s is not the code of a finding", e.Page, e.Title, c)
			known[c] = true
		}
		for _, s := range e.Sentences {
			for c := range codes[s] {
				assert.Contains(t, e.Codes, c, "%s: %s: %q has this code: add it to the line of codes", e.Page, e.Title, s)
			}
		}
	}
	for c, named := range known {
		assert.True(t, named, "no entry names the code %s", c)
	}
}

func page(at string) string {
	for _, p := range pageOf {
		if strings.HasPrefix(at, p.dir+"/") {
			return p.page
		}
	}
	return "authors.md"
}

// TestANewSentenceGoesToItsNeighbours: where most sentences of a folder are on one page, a new sentence of the folder
// is sent to that page.
func TestANewSentenceGoesToItsNeighbours(t *testing.T) {
	on := map[string]string{}
	for _, e := range troubleshooting.Entries() {
		for _, s := range e.Sentences {
			on[s] = e.Page
		}
	}
	counts, all := map[string]map[string]int{}, map[string]int{}
	for _, s := range sentences(t, root) {
		file, _, _ := strings.Cut(s.at, ":")
		dir := path.Dir(file)
		if counts[dir] == nil {
			counts[dir] = map[string]int{}
		}
		counts[dir][on[s.text]]++
		all[dir]++
	}
	for dir, pages := range counts {
		for name, n := range pages {
			if all[dir] >= 20 && 3*n > 2*all[dir] {
				assert.Equal(t, name, page(dir+"/x.go"), "pageOf of %s: %d of %d sentences", dir, n, all[dir])
			}
		}
	}
	assert.Greater(t, len(counts), 30)
}

// TestEntriesSayWhatHelps: each has its sentences and what they mean, and a heading of its own on the page.
func TestEntriesSayWhatHelps(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range troubleshooting.Entries() {
		at := e.Page + ": " + e.Title
		assert.NotEmpty(t, e.Sentences, at)
		assert.Contains(t, e.Text, "- **Meaning.** ", at)
		assert.False(t, seen[e.Link()], "%s: two entries of one heading", at)
		seen[e.Link()] = true
	}
	assert.Greater(t, len(seen), 200)
}

// TestFind gives the entry for lines as they are printed.
func TestFind(t *testing.T) {
	for line, title := range map[string]string{
		"c1: authenticate: remote: authentication refused: user a with 2 keys: no": "The login is refused",
		`c.yaml:3:1: hots: is not a field of a Spec; did you mean "hosts"?`:        "A field that the Spec does not have",
		"/etc/ceph/ceph.client.cinder.keyring: is not a keyring, so it is left alone: ceph: invalid: keyring: " +
			"line 1; to move it away, run `mv -- a a.old` on this host": "A keyring that is left alone",
		"  c1: sudo: remote: sudo refused: sudo: a password is required\n": "sudo is refused",
		"FAIL  settings c1  0.0s  /etc/nova/nova.conf: options are not as the services need them (a: b -> c)": "Why a " +
			"file of options changes",
		"nova-compute.service was restarted and is active; whether the APIs report it up was not awaited: interrupted": "" +
			"Restarted, and nobody waited until it was up",
		"cephstack: 12 were left alone: interrupted": "Hosts that were left alone",
		"not begun: compute[06-12], controller":      "Hosts that were left alone",
		// A line that was cut, as by the width of a terminal.
		"controller x: /etc/kolla/a/config.json does not copy /etc/ceph/ceph.conf into container glance_a": "config.json " +
			"does not copy what is needed",
		"changed since the plan was made: the plan is of another Spec, or the Spec was chan": "A plan of another Spec",
	} {
		found := troubleshooting.Find(line)
		if assert.NotEmpty(t, found, line) {
			assert.Equal(t, title, found[0].Title, line)
		}
	}
	assert.Empty(t, troubleshooting.Find(""))
	assert.Empty(t, troubleshooting.Find("nothing of this is known"))
	assert.LessOrEqual(t, len(troubleshooting.Find("the disk is full: cannot be read: is missing")), 3)
}

// TestFindFindsEachSentence: a message as it is printed leads to its entry, whatever is filled in.
func TestFindFindsEachSentence(t *testing.T) {
	letter := regexp.MustCompile(`\pL`)
	for _, e := range troubleshooting.Entries() {
		for _, s := range e.Sentences {
			if len(letter.FindAllString(s, -1)) < 12 { // others have as many words in common with it
				continue
			}
			found := troubleshooting.Find("c1: " + strings.ReplaceAll(s, "…", "7"))
			var titles []string
			for _, f := range found {
				titles = append(titles, f.Title)
			}
			assert.Contains(t, titles, e.Title, s)
		}
	}
}

// TestFindKnowsWhatIsPrinted: each problem, note and fault in the golden files of plans leads to an entry.
func TestFindKnowsWhatIsPrinted(t *testing.T) {
	files, err := filepath.Glob(root + "/integrate/testdata/golden/*.txt")
	require.NoError(t, err)
	more, err := filepath.Glob(root + "/integrate/testdata/golden/*/*.txt")
	require.NoError(t, err)
	message := regexp.MustCompile(`(?m)^(?:PROBLEM|note|spec|create|restart|update|unable|skipped|  next)\b.*: .*$`)
	lines := map[string]bool{}
	for _, f := range append(files, more...) {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, line := range message.FindAllString(string(text), -1) {
			lines[line] = true
		}
	}
	assert.Greater(t, len(lines), 100)
	delete(lines, "note: ceph access: is reached another way [cluster-access]") // the words of the test itself
	for line := range lines {
		assert.NotEmpty(t, troubleshooting.Find(line), line)
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+\.md)\)`)

// TestPagesAreLinked: the page of pages names all of them, and no link leads nowhere.
func TestPagesAreLinked(t *testing.T) {
	index, err := os.ReadFile("../troubleshooting.md")
	require.NoError(t, err)
	names, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, name := range names {
		assert.Contains(t, string(index), "(troubleshooting/"+name+")")
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			assert.FileExists(t, m[1], name)
		}
	}
	for _, m := range link.FindAllStringSubmatch(string(index), -1) {
		assert.FileExists(t, filepath.Join("..", m[1]))
	}
}
