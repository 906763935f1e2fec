package proof

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inGuest runs a line with the functions of the guest's script, on files that stand for disks of 1 GiB.
func inGuest(t *testing.T, shell []string, line string) string {
	t.Helper()
	functions, _, ok := strings.Cut(guestBody, "M=/mnt/cephstack;")
	require.True(t, ok)
	cmd := exec.Command(shell[0], append(shell[1:], "-c", functions+"\n"+line)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}

// shells are sh, and that of busybox, with its own dd and cmp, where it is there.
func shells() map[string][]string {
	all := map[string][]string{"sh": {"sh"}}
	if busybox, err := exec.LookPath("busybox"); err == nil {
		all["busybox"] = []string{busybox, "sh"}
	}
	return all
}

// TestAGuestReadsDisksAsAWhole: a disk with holes, and what was restored over blocks that were there before. Data
// alone, without the zeros of the holes, is not the same.
func TestAGuestReadsDisksAsAWhole(t *testing.T) {
	t.Parallel()
	const size = 1 << 30
	shell, ok := shells()["busybox"]
	if !ok {
		shell = shells()["sh"]
	}
	dir := t.TempDir()
	source, target := filepath.Join(dir, "source"), filepath.Join(dir, "target")
	for _, disk := range []string{source, target} {
		require.NoError(t, os.WriteFile(disk, nil, 0o600))
		require.NoError(t, os.Truncate(disk, size))
	}
	sum := inGuest(t, shell, "sparse "+source+" s1 2>/dev/null")
	require.True(t, isDigest(sum), sum)
	require.Equal(t, sumOf(t, source), sum)
	require.Equal(t, "written", inGuest(t, shell, "dirty "+target))
	for _, disk := range []string{source, target} {
		stat, err := os.Stat(disk)
		require.NoError(t, err)
		require.Equal(t, int64(size), stat.Size(), "nothing is behind the end")
	}
	assert.Equal(t, "no", inGuest(t, shell, "begins "+target+" s1 || echo no"))
	assert.Equal(t, "no", inGuest(t, shell, "begins "+source+" s2 || echo no"))
	require.NoError(t, restoreExtents(source, target))
	assert.Equal(t, "yes", inGuest(t, shell, "begins "+target+" s1 && echo yes"))
	assert.NotEqual(t, sum, inGuest(t, shell, "whole "+target), "holes have bytes of another disk")
}

func sumOf(t *testing.T, disk string) string {
	t.Helper()
	f, err := os.Open(disk)
	require.NoError(t, err)
	defer f.Close()
	_, sum, err := digestOf(f)
	require.NoError(t, err)
	return sum
}

// restoreExtents does what a restore does that skips the holes of a disk.
func restoreExtents(source, target string) error {
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer to.Close()
	hole, block := make([]byte, 4096), make([]byte, 4096)
	read := bufio.NewReaderSize(from, 1<<20)
	for at := int64(0); ; at += int64(len(block)) {
		if _, err := io.ReadFull(read, block); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if bytes.Equal(block, hole) {
			continue
		}
		if _, err := to.WriteAt(block, at); err != nil {
			return err
		}
	}
}

// TestAGuestThatCannotWriteSaysSo.
func TestAGuestThatCannotWriteSaysSo(t *testing.T) {
	for name, shell := range shells() {
		assert.Equal(t, "write-failed", inGuest(t, shell, "sparse /nonexistent/disk s1"), name)
		assert.Equal(t, "write-failed", inGuest(t, shell, "dirty /nonexistent/disk"), name)
	}
}

// TestTasksOfAGuest: each is done once, and whole waits for a disk that begins as the sparse disk.
func TestTasksOfAGuest(t *testing.T) {
	task := guestTask{"whole", "s1", "s2"}
	assert.Equal(t, "whole:s1:s2", task.String())
	assert.Equal(t, "read:s1", guestTask{verb: "read", serial: "s1"}.String())
	_, loop, ok := strings.Cut(guestBody, "DONE=\" \"\n")
	require.True(t, ok)
	work, _, ok := strings.Cut(loop, "say ready")
	require.True(t, ok)
	said := inGuest(t, []string{"sh"}, `DONE=" "; TASKS="whole:s1:s2 sparse:s2 dirty:s1 read:s3"
say() { echo "$*"; }
disk() { case "$THERE" in *" $1 "*) echo "/dev/$1" ;; esac; }
begins() { [ "$1 $2" = "$BEGINS" ]; }
whole() { echo "sum of $1"; }; sparse() { echo "$1 $2"; }; dirty() { echo "on $1"; }; read_sum() { echo "file of $1"; }
`+work+`
THERE=" s2 "; work; THERE=" s3 "; work; THERE=" s1 "; work; work; THERE=" "; work
THERE=" s1 "; BEGINS="/dev/s1 s2"; work; work`)
	assert.Equal(t, "sparse s2 /dev/s2 s2\nread s3 file of /dev/s3\ndirty s1 on /dev/s1\nwhole s1 sum of /dev/s1", said)
}
