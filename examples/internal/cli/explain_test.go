package cli

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/explain"
	"github.com/cephstack/cephstack/integrate/spec/reference"
)

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
	}{
		{"cinder.backends.pool", []string{"field cinder.backends[].pool (", "Default: ", "Example:"}},
		{"cinder.backends[0].pool", []string{"field cinder.backends[].pool ("}},
		{"files/compute1", []string{"check files/HOST\n", "Why it matters", "See it by hand", "  ls -l /etc/ceph\n",
			"What to do next"}},
		{"vm on compute3", []string{"check vm-on-COMPUTE\n"}}, // as the report names it
		{"pool-in-use", []string{"finding pool-in-use (problem)\n"}},
		{"secret", []string{"change of the kind secret\n"}},
		{"packages", []string{"field packages (", "check packages/HOST\n", "change of the kind packages\n"}},
	} {
		code, stdout, stderr := call(t, append([]string{"explain"}, strings.Split(c.args, " ")...)...)
		assert.Equal(t, exitDone, code, c.args)
		assert.Empty(t, stderr, c.args)
		for _, text := range c.want {
			assert.Contains(t, stdout, text, c.args)
		}
	}
}

// TestExplainOfAChange: a line of apply is explained by its status, and leads to the kind of the change.
func TestExplainOfAChange(t *testing.T) {
	for status, meant := range map[string]string{"applied": "was made", "unchanged": "there already",
		"failed": "not made", "unknown": "nobody knows", "skipped": "because of", "cancelled": "not begun"} {
		code, stdout, stderr := call(t, "explain", fmt.Sprintf("%-9s c1: restart unit nova-compute.service (0.0s) because "+
			"of settings/c1//etc/nova/nova.conf", status))
		assert.Equal(t, exitDone, code, stderr)
		assert.Contains(t, stdout, status+": ")
		assert.Contains(t, stdout, meant)
		assert.Contains(t, stdout, "'cephstack explain unit'")
	}
}

func TestExplainListsAllTopics(t *testing.T) {
	code, stdout, stderr := call(t, "explain")
	assert.Equal(t, exitDone, code)
	assert.Empty(t, stderr)
	for _, topic := range explain.All() {
		assert.Contains(t, stdout, "\n  "+topic.Name)
	}
	assert.Contains(t, stdout, "\n  cinder ")
	for line := range strings.Lines(stdout) {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, line)
	}
}

func TestExplainSaysWhatWasMeant(t *testing.T) {
	for name, meant := range map[string]string{"pol-in-use": "pool-in-use", "flies": "files",
		"kolla": "undone-by-kolla-ansible", "cinder.backends.pol": "cinder.backends[].pool", "image": "image-in-ceph"} {
		code, stdout, stderr := call(t, "explain", name)
		assert.Equal(t, exitUsage, code, name)
		assert.Empty(t, stdout, name)
		assert.Regexp(t, `is neither .*; did you mean .*`+regexp.QuoteMeta(meant), stderr, name)
	}
	_, _, stderr := call(t, "explain", "xxxxxxxxxxxxxxxxxxx")
	assert.NotContains(t, stderr, "did you mean")
	_, _, stderr = call(t, "explain", strings.Repeat("x: ", 40_000))
	assert.Less(t, len(stderr), 500, "a file that somebody pasted is not repeated")
}

// TestExplainCompletes holds that each name that a shell completes is explained.
func TestExplainCompletes(t *testing.T) {
	code, stdout, _ := call(t, "__complete", "explain", "")
	assert.Equal(t, exitDone, code)
	names := strings.Split(stdout, "\n")
	assert.Greater(t, len(names), len(explain.Codes())+len(reference.Fields()))
	for _, line := range names {
		name, _, found := strings.Cut(line, "\t")
		if !found {
			continue
		}
		_, err := explained(name)
		assert.NoError(t, err)
	}
	_, stdout, _ = call(t, "__complete", "explain", "vm-disks-l")
	assert.Contains(t, stdout, "vm-disks-local\t")
	assert.NotContains(t, stdout, "files")
	_, stdout, _ = call(t, "__complete", "explain", "files", "")
	assert.NotContains(t, stdout, "\t")
}

// TestExplainOfAWordNamesTheFieldsThatMentionIt: an operator knows Redis, and not yet cinder.coordination.
func TestExplainOfAWordNamesTheFieldsThatMentionIt(t *testing.T) {
	for word, field := range map[string]string{"redis": "cinder.coordination", "active/active": "cinder, cinder.cluster"} {
		code, stdout, stderr := call(t, "explain", word)
		assert.Equal(t, exitUsage, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "; it is mentioned at "+field+"\n", word)
	}
	_, _, stderr := call(t, "explain", "xyzzy")
	assert.NotContains(t, stderr, "mentioned")
}

// A fullDisk takes nothing.
type fullDisk struct{}

// Write implements io.Writer.
func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestALostAnswerIsNoWrongUsage: help and the version, too, end with status 1.
func TestALostAnswerIsNoWrongUsage(t *testing.T) {
	for _, arg := range []string{"--version", "--help", "explain", "help"} {
		var stderr bytes.Buffer
		p := Program{Stdin: strings.NewReader(""), Stdout: fullDisk{}, Stderr: &stderr}
		assert.Equal(t, exitFailed, p.Run(t.Context(), []string{arg}), arg)
		assert.Contains(t, stderr.String(), "no space left", arg)
	}
}

// TestOptionsAndCommandsAreExplained: an operator has such a name from a file, or from the help.
func TestOptionsAndCommandsAreExplained(t *testing.T) {
	for name, want := range map[string]string{
		"images_type":      "[libvirt] of nova-compute: VM disks go to Ceph\n'cephstack explain nova' ",
		"rbd_store_pool":   "[glance_store] of glance-api: ",
		"rbd_secret_uuid":  "of cinder-volume: ",
		"backup_ceph_user": "[DEFAULT] of cinder-backup: ",
		"drift":            "command drift: ",
		"exit-status":      "'cephstack help exit-status' tells the rest.",
	} {
		code, stdout, stderr := call(t, "explain", name)
		assert.Equal(t, exitDone, code, stderr)
		assert.Contains(t, stdout, want)
	}
}
