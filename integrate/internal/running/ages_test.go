package running_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/remote"
)

// TestAgesOfThisMachine: the program that hosts run tells when a process started, and leaves out what is not there.
func TestAgesOfThisMachine(t *testing.T) {
	before := time.Now()
	sleep := exec.CommandContext(t.Context(), "sleep", "60")
	require.NoError(t, sleep.Start())
	t.Cleanup(func() { _ = sleep.Process.Kill(); _ = sleep.Wait() })
	ended := exec.CommandContext(t.Context(), "true")
	require.NoError(t, ended.Run())
	ask := running.AskAges("6c0bb9a1-0000-4000-8000-000000000000", sleep.Process.Pid, os.Getpid(), ended.Process.Pid)
	out, err := exec.CommandContext(t.Context(), ask.Argv[0], ask.Argv[1:]...).Output()
	require.NoError(t, err)
	a := running.ParseAges(remote.Result{Data: out})
	assert.Zero(t, a.Written, "there is no such secret")
	assert.Len(t, a.Started, 2, "%s", out)
	assert.InDelta(t, before.Unix(), a.Started[sleep.Process.Pid], 3)
	assert.LessOrEqual(t, a.Started[os.Getpid()], a.Started[sleep.Process.Pid])
	assert.False(t, a.Newer(sleep.Process.Pid), "nothing is newer than what is not known")
}

// TestNewer: a process is newer than a secret if it is more than a second younger, and if everything is known.
func TestNewer(t *testing.T) {
	const text = "secret 100\nsecret 90\n7 102\n8 101\n9 99\nsecret x\nx 103\n10 \n"
	a := running.ParseAges(remote.Result{Data: []byte(text)})
	for pid, newer := range map[int]bool{7: true, 8: false, 9: false, 10: false, 11: false} {
		assert.Equal(t, newer, a.Newer(pid), pid)
	}
	assert.False(t, running.ParseAges(remote.Result{Data: []byte("7 102\n")}).Newer(7), "no secret")
	assert.False(t, running.ParseAges(remote.Result{Data: []byte(text), Exit: 1}).Newer(7), "the program failed")
	assert.False(t, running.ParseAges(remote.Result{Data: []byte(text), Err: assert.AnError}).Newer(7))
}

// TestFakeAges: what a fake host prints is read as it was given.
func TestFakeAges(t *testing.T) {
	want := running.Ages{Written: 5, Started: map[int]int64{1: 7, 3: 9}}
	out, ok := running.AnswerAges(running.AskAges("uuid", 1, 2, 3), func(secret string, pids []int) running.Ages {
		assert.Equal(t, "uuid", secret)
		assert.Equal(t, []int{1, 2, 3}, pids)
		return want
	})
	require.True(t, ok)
	assert.Equal(t, want, running.ParseAges(remote.Result{Data: out}))
	for _, other := range []remote.Run{{Argv: []string{"sh", "-c", "true"}}, running.Ask(running.Options{})} {
		_, ok := running.AnswerAges(other, nil)
		assert.False(t, ok)
	}
}
