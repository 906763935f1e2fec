package integrate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

// keyDigests remembers the digest of each key that a plan may show, with the name
// that it gets in the golden files.
type keyDigests map[string]string

// learn remembers the keys that users have now. A user whose key was replaced has
// several.
func (d keyDigests) learn(t *testing.T, w *integratetest.World) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(w.Ceph)) {
		fail := w.Ceph[name].Fail
		w.Ceph[name].Fail = nil
		reply, err := w.Ceph[name].Command(t.Context(), ceph.Command{JSON: []byte(`{"prefix":"auth ls","format":"json"}`)})
		w.Ceph[name].Fail = fail
		require.NoError(t, err)
		var list struct {
			Users []struct{ Entity, Key string } `json:"auth_dump"`
		}
		require.NoError(t, json.Unmarshal([]byte(reply.Data.Reveal()), &list))
		for _, u := range list.Users {
			sum := sha256.Sum256([]byte("cephstack plan " + u.Key))
			digest := "sha256:" + hex.EncodeToString(sum[:4])
			if d[digest] != "" {
				continue
			}
			called, number := "", 1
			for taken := true; taken; number++ {
				called = fmt.Sprintf("sha256:(key %d of %s in %s)", number, u.Entity, name)
				taken = slices.Contains(slices.Collect(maps.Values(d)), called)
			}
			d[digest] = called
		}
	}
}

// normalize takes out of a text what differs from run to run, and nothing else:
//   - the digest of a plan, which has the digests of keys in it;
//   - the digests of users' keys, as the fake cluster makes keys at random. Each
//     becomes the name of its user and cluster;
//   - the port that the fake APIs listen at;
//   - the IDs that the fake APIs give to images, volumes and VMs, as some of those are
//     made at the same time, and what a guest says of its data and of its uptime.
func normalize(text string, keys keyDigests) string {
	plain := text
	for digest, called := range keys {
		text = strings.ReplaceAll(text, digest, called)
	}
	if text != plain { // and so has the plan's digest another value each time
		text = regexp.MustCompile(`sha256:[0-9a-f]{64}`).ReplaceAllString(text, "sha256:(DIGEST)")
	}
	for _, r := range []struct{ pattern, with string }{
		{`127\.0\.0\.1:\d+`, "127.0.0.1:PORT"},
		{`[0-9a-f]{8}-0000-4000-8000-[0-9a-f]{12}`, "(ID)"},
		{`sha256 [0-9a-f]{16}`, "sha256 (SUM)"},
		{`in \d+ s; the guest's uptime went on from \d+ s to \d+ s`, "in N s; the guest's uptime went on from N s to N s"},
		{`\(line \d+\)`, "(line N)"},
		{`and \d+ lines that only`, "and N lines that only"},
		{`"digest": "sha256:[0-9a-f]{64}"`, `"digest": "(of all the rest)"`},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	return text
}

// unifiedDiff is how two texts differ, by lines with three lines around each
// difference. It is empty when they do not.
func unifiedDiff(file, want, got string) string {
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	lines := edits(a, b)
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ what it is now\n", file)
	const around = 3
	was, now, shown := 1, 1, -1 // line numbers, and the last index that was shown
	for i, line := range lines {
		near := slices.ContainsFunc(lines[max(0, i-around):min(len(lines), i+around+1)],
			func(l string) bool { return l[0] != ' ' })
		if near {
			if shown != i-1 || i == 0 {
				fmt.Fprintf(&out, "@@ -%d +%d @@\n", was, now)
			}
			out.WriteString(line + "\n")
			shown = i
		}
		if line[0] != '+' {
			was++
		}
		if line[0] != '-' {
			now++
		}
	}
	return out.String()
}

// edits are the lines of two texts in order, each marked as that of both (a space),
// of the first (-) or of the second (+), by a longest common subsequence.
func edits(a, b []string) []string {
	long := make([][]int, len(a)+1) // of a[i:] and b[j:]
	for i := range long {
		long[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			long[i][j] = max(long[i+1][j], long[i][j+1])
			if a[i] == b[j] {
				long[i][j] = long[i+1][j+1] + 1
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, " "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && long[i+1][j] >= long[i][j+1]:
			out = append(out, "-"+a[i])
			i++
		default:
			out = append(out, "+"+b[j])
			j++
		}
	}
	return out
}

func TestUnifiedDiff(t *testing.T) {
	const want = "--- f\n+++ what it is now\n@@ -2 +2 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n"
	if got := unifiedDiff("f", "a\nb\nc\nd\ne\nf\ng\nh\ni", "a\nb\nc\nd\nE\nf\ng\nh\ni"); got != want {
		t.Error(got)
	}
	if got := unifiedDiff("f", "a", "a"); got != "" {
		t.Error(got)
	}
}
