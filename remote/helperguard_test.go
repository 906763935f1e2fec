package remote_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// TestLeftoversTellNothing: the user makes symlinks with the names of what killed runs leave behind. Whether
// the helper removes one must not depend on what is behind it.
func TestLeftoversTellNothing(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d, own := s.dir+"/work", s.dir+"/home/plain"
		s.put(t, "work/secret", "secret", 0o600)
		write := remote.WriteFile{Path: own + "/file", Data: []byte("x")}
		s.allow(t, write)
		for i, target := range []string{"secret", "", "none", "none/none", "secret/x"} {
			s.asPlain(t, fmt.Sprintf("ln -s %s/%s .cephstack.99999999%d.x", d, target, i))
		}
		require.NoError(t, single(t, s.helped(t), write).Err, shell)
		left, err := filepath.Glob(own + "/.cephstack.*")
		require.NoError(t, err)
		require.Empty(t, left, shell)
		require.FileExists(t, d+"/secret")
	}
}

// TestTheLoginLimitsNothing: what the user has lowered for what it starts, and the keys of a terminal that
// stop a process. Root may raise the hard limits, too, where it has all of its rights.
func TestTheLoginLimitsNothing(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		show := remote.Run{Argv: []string{"sh", "-c",
			"ulimit -t; ulimit -f; ulimit -v; ulimit -n; grep SigIgn /proc/self/status"}}
		s.allow(t, show)
		r := s.raw(t, "ulimit -S -t 5; ulimit -S -f 0; ulimit -S -v 500000; ulimit -S -n 20; ", ran(show))
		require.Contains(t, string(r.Data), "\nunlimited\nunlimited\nunlimited\n1024\n", shell)
		_, after, _ := strings.Cut(string(r.Data), "SigIgn:\t")
		ignored, err := strconv.ParseUint(after[:16], 16, 64)
		require.NoError(t, err)
		require.NotZero(t, ignored&(1<<19), "%s: TSTP", shell)
	}
}

// TestANoteOfAnotherWay: a restart by a login that may do all wrote a note, with digests of files that the
// helper does not read to its user.
func TestANoteOfAnotherWay(t *testing.T) {
	const unit = "good.service"
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d := s.dir + "/work"
		s.put(t, "work/file", "content", 0o600)
		s.put(t, "work/bare", "content", 0o600)
		s.put(t, "units/good", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
		s.allow(t, remote.UnitState{Unit: unit}, remote.ReadFile{Path: d + "/file"})
		h, all := s.helped(t), s.open(t, "admin")
		told := func(inputs ...string) map[string]string {
			r := single(t, all, remote.RestartUnit{Unit: unit, Settle: 1, Inputs: inputs})
			require.NoError(t, r.Err, shell)
			require.Len(t, r.Unit.Read, len(inputs), shell)
			r = single(t, h, remote.UnitState{Unit: unit})
			require.NoError(t, r.Err, shell)
			return r.Unit.Read
		}
		require.Nil(t, told(d+"/file", d+"/bare"), shell)
		require.Equal(t, map[string]string{d + "/file": fmt.Sprintf("%x", sha256.Sum256([]byte("content")))},
			told(d+"/file"), shell)
		require.NoError(t, os.Remove(d+"/bare"))
		require.Nil(t, told(d+"/bare"), "%s: whether it is there", shell)
	}
}

// TestARequestThatComesSlowly: what the list has no more is not done, although the request began before.
func TestARequestThatComesSlowly(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		s.put(t, "work/file", "secret", 0o600)
		run, read := idle(), remote.ReadFile{Path: s.dir + "/work/file"}
		s.allow(t, run, read)
		part := func(lines ...string) string {
			text := strings.Join(append(lines, ""), "\n")
			return fmt.Sprintf("printf '%d\n%s'\n", len(text), text)
		}
		more := time.AfterFunc(time.Second, func() { s.allow(t) })
		defer more.Stop()
		r := s.asPlain(t, "(printf 'cephstack 2 x\n'\n"+part(ran(run)...)+part("files", "99", "2", "0", "r"+read.Path)+
			"sleep 7\n"+part("0", "r"+read.Path)+part(ran(run)...)+part("end")+") | sudo -n "+helper.Path)
		require.Equal(t, 1, strings.Count(string(r.Data), "secret"), "%s: %s", shell, r.Data)
		require.Contains(t, string(r.Data), "\nx err1 denied", shell)
		require.Equal(t, 1, strings.Count(string(r.Data), "\nx exit 0"), "%s: %s", shell, r.Data)
		require.Contains(t, string(r.Data), "\nx err denied", shell)
	}
}

// TestNamesInAFolderOfTheUser: symlinks are named, whatever is behind them.
func TestNamesInAFolderOfTheUser(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d, own := s.dir+"/work", s.dir+"/home/plain"
		s.put(t, "work/secret", "secret", 0o600)
		s.put(t, "work/file", "file", 0o600)
		s.allow(t, remote.ReadDir{Path: own + "/conf.d", Suffix: ".conf"}, remote.ReadFile{Path: d + "/file"},
			remote.ReadFile{Path: d + "/gone"})
		targets := []string{"secret", "", "none", "none/none", "file", "gone"}
		s.asPlain(t, "mkdir conf.d")
		for i, target := range targets {
			s.asPlain(t, fmt.Sprintf("ln -s %s/%s conf.d/%d.conf", d, target, i))
		}
		r := single(t, s.helped(t), remote.ReadDir{Path: own + "/conf.d", Suffix: ".conf"})
		require.Len(t, r.Files, 5, shell) // and not what may be read, and is not there
		for _, f := range r.Files[:4] {
			require.ErrorIs(t, f.Err, helper.ErrDenied, shell)
		}
		require.Equal(t, "file", string(r.Files[4].Data), shell)
	}
}
