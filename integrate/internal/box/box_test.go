package box_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/internal/box"
	"github.com/cephstack/cephstack/remote"
)

// engine stands for docker: the containers that run are in $RUNS, and those that are stopped in $STOPPED.
const engine = `#!/bin/sh
case $1 in
inspect)
	[ "$2 $3 $4 $5" = "--type container --format {{.State.Running}}" ] || exit 64
	case " $RUNS " in *" $6 "*) echo true; exit 0 ;; esac
	case " $STOPPED " in *" $6 "*) echo false; exit 0 ;; esac
	echo "Error: No such container: $6" >&2
	exit 1
	;;
exec)
	[ "$2" = -i ] || exit 64
	echo "in $3"
	shift 3
	exec "$@"
	;;
esac
exit 64
`

// sh runs the program of Enter as a host does, with some engines.
func sh(t *testing.T, engines []string, env []string, op remote.Run) (stdout, stderr string, exit int) {
	t.Helper()
	dir := t.TempDir()
	for _, tool := range []string{"sh", "cat", "tail", "wc", "false"} {
		path, err := exec.LookPath(tool)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(dir, tool)))
	}
	for _, name := range engines {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(engine), 0o755)) //nolint:gosec // a program
	}
	c := exec.CommandContext(t.Context(), filepath.Join(dir, op.Argv[0]), op.Argv[1:]...) //nolint:gosec // of this test
	c.Env, c.Stdin = append(env, "PATH="+dir), strings.NewReader(op.Stdin.Reveal())
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run() // the exit status is what counts
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

func TestTheFirstContainerThatRunsIsEntered(t *testing.T) {
	cat := remote.Run{Argv: []string{"cat", "/dev/stdin"}, Stdin: cephstack.Redact([]byte("a b\n"))}
	op := box.Enter(cat, "first", "second", "third")
	for name, c := range map[string]struct {
		engines, env []string
		stdout       string
		stderr       string
	}{
		"the first":      {[]string{"docker"}, []string{"RUNS=second first"}, "in first\na b\n", ""},
		"by podman":      {[]string{"podman"}, []string{"RUNS=third"}, "in third\na b\n", ""},
		"one is stopped": {[]string{"docker", "podman"}, []string{"STOPPED=first", "RUNS=second"}, "in second\na b\n", ""},
		"all are stopped": {[]string{"docker"}, []string{"STOPPED=third"}, "",
			"none of these containers runs here: first second third (third does not run)\n"},
		"there is none": {[]string{"docker"}, nil, "",
			"none of these containers runs here: first second third (Error: No such container: third)\n"},
		"no engine": {nil, nil, "",
			"none of these containers runs here: first second third (neither docker nor podman is installed)\n"},
	} {
		stdout, stderr, exit := sh(t, c.engines, c.env, op)
		assert.Equal(t, c.stdout, stdout, name)
		assert.Equal(t, c.stderr, stderr, name)
		assert.Equal(t, c.stderr != "", exit == 125, name)
	}
	_, _, exit := sh(t, []string{"docker"}, []string{"RUNS=first"},
		box.Enter(remote.Run{Argv: []string{"false"}}, "first"))
	assert.Equal(t, 1, exit, "the exit status is that of the program")
}

func TestAnswer(t *testing.T) {
	op := remote.Run{Argv: []string{"nova-manage", "--version"}}
	inner, names, ok := box.Answer(box.Enter(op, "a", "b"))
	assert.True(t, ok)
	assert.Equal(t, op, inner)
	assert.Equal(t, []string{"a", "b"}, names)
	_, _, ok = box.Answer(op)
	assert.False(t, ok)
}
