package laws_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// knownFile lists the violations that the tree still has: law, path and name.
// A violation that is not listed fails, and so does an entry that is no longer
// violated. To remove the list, delete this file, the data file and the two
// uses of known in TestLaws. CEPHSTACK_LAWS_UPDATE=1 writes the file anew.
const knownFile = "testdata/known"

type knownList struct{ entries map[string]bool }

func readKnown(t *testing.T) knownList {
	t.Helper()
	k := knownList{entries: map[string]bool{}}
	if os.Getenv("CEPHSTACK_LAWS_UPDATE") == "1" {
		k.rewrite(t)
	}
	text, err := os.ReadFile(knownFile)
	if err != nil {
		t.Fatal(err)
	}
	for entry := range strings.Lines(string(text)) {
		if entry = strings.TrimSpace(entry); entry != "" && !strings.HasPrefix(entry, "#") {
			k.entries[entry] = true
		}
	}
	return k
}

// without leaves out the violations that are listed. An entry of the law that
// is no longer violated fails the test.
func (k knownList) without(t *testing.T, law string, found []violation) []violation {
	t.Helper()
	var fresh []violation
	seen := map[string]bool{}
	for _, v := range found {
		if entry := v.entry(law); k.entries[entry] {
			seen[entry] = true
		} else {
			fresh = append(fresh, v)
		}
	}
	for entry := range k.entries {
		if strings.HasPrefix(entry, law+" ") && !seen[entry] {
			t.Errorf("%s: %q is no longer violated: remove it from the list", knownFile, entry)
		}
	}
	return fresh
}

func (v violation) entry(law string) string { return fmt.Sprintf("%s %s %s", law, v.path, v.name) }

func (k knownList) rewrite(t *testing.T) {
	t.Helper()
	tree := readTree(t)
	var entries []string
	for _, l := range allLaws() {
		for _, v := range l.check(tree) {
			entries = append(entries, v.entry(l.name))
		}
	}
	slices.Sort(entries)
	text := "# Violations that are known: law, path, name. Keep it shrinking.\n" +
		strings.Join(slices.Compact(entries), "\n") + "\n"
	if err := os.WriteFile(knownFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
