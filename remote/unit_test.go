package remote_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

const testSystemctl = `#!/bin/sh
D=DIR/units
for a in "$@"; do
	case $a in show|restart|reset-failed) cmd=$a ;; sysinit.target) ;; *) unit=${a%.service} ;; esac
done
boot() { printf "\nId=sysinit.target\nLoadState=loaded\nActiveState=active\nSubState=active\nInvocationID=boot\n"; }
read -r state inv since <"$D/$unit"
how=$(cat "$D/$unit.how" 2>/dev/null)
stamp() { date -u "+%a %Y-%m-%d %H:%M:%S.%6N UTC"; }
case $cmd in
reset-failed)
	echo reset >>"$D/$unit.calls"
	rm -f "$D/$unit.limit"
	exit 0 ;;
restart)
	echo restart >>"$D/$unit.calls"
	if [ -e "$D/$unit.limit" ]; then # the process is stopped, and the start refused
		[ -z "$inv" ] || echo "failed $inv $since" >"$D/$unit"
		echo "Job for $unit.service failed." >&2
		exit 1
	fi
	[ -n "$state" ] || { echo "Failed to restart $unit.service: Unit $unit.service not found." >&2; exit 5; }
	state=active
	[ "$how" = fail ] && state=failed
	echo "$state $((inv + 1)) $(stamp)" >"$D/$unit"
	[ "$how" = fail ] && { echo "Job for $unit.service failed." >&2; exit 1; }
	exit 0 ;;
esac
if [ -z "$state" ]; then
	echo "Id=$unit.service"; echo LoadState=not-found; echo ActiveState=inactive; echo SubState=dead; echo InvocationID=
	boot
	exit 0
fi
[ "$how" = flap ] && [ "$inv" -gt 1 ] && echo "active $((inv + 1)) $(stamp)" >"$D/$unit"
sub=running; pid=1
[ "$state" = active ] || { sub=failed; pid=0; }
printf "Id=%s.service\nLoadState=loaded\nActiveState=%s\nSubState=%s\nMainPID=%s\n" "$unit" "$state" "$sub" "$pid"
printf "ExecMainStartTimestamp=%s\n" "$since"
run=$inv
[ "$how" = old ] && run=
printf "ActiveEnterTimestamp=%s\nInvocationID=%s\nUnitFileState=enabled\nNRestarts=0\n" "$since" "$run"
boot
`

// testPrograms stand in for systemd and apt on the test's sshd. DIR is its
// folder: units/NAME holds a unit's state, units/NAME.how how it fails.
func testPrograms() map[string]string {
	return map[string]string{
		"systemctl":  testSystemctl,
		"journalctl": "#!/bin/sh\nprintf 'line one of amqp://a:b@c\\n\\033[31mline two\\n'\n",
		"dpkg-query": `#!/bin/sh
code=0
while [ "$1" != -- ]; do shift; done
shift
for p in "$@"; do
	grep "^ii  $p " DIR/installed || { echo "dpkg-query: no packages found matching $p" >&2; code=1; }
done
exit $code
`,
		"apt-get": `#!/bin/sh
echo "$DEBIAN_FRONTEND: $*" >>DIR/apt.log
case "$*" in *update*) touch DIR/updated; exit 0 ;; esac
[ -e DIR/updated ] || { echo "E: Unable to locate package" >&2; exit 100; }
while [ "$1" != install ]; do shift; done
shift
for p in "$@"; do
	case $p in no-*) echo "E: Unable to locate package $p" >&2; exit 100 ;; esac
	echo "ii  $p 1.0" >>DIR/installed
done
`,
	}
}

func TestUnitsOfAScriptedSystemd(t *testing.T) {
	t.Parallel()
	needRoot(t, "/usr/bin/systemctl")
	s := startSSHD(t)
	for _, name := range []string{"good", "bad", "flap"} {
		s.put(t, "units/"+name, "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
	}
	s.put(t, "units/bad.how", "fail", 0o644)
	s.put(t, "units/flap.how", "flap", 0o644)
	remotetest.TestUnits(t, func(t *testing.T) (remote.Host, string, string) { return s.open(t, "root"), "good", "bad" })

	begin := time.Now()
	r, err := s.open(t, "root").Do(t.Context(),
		remote.RestartUnit{Unit: "flap", Settle: time.Second},
		remote.RestartUnit{Unit: "good", Settle: time.Second},
		remote.RestartUnit{Unit: "bad"})
	require.NoError(t, err)
	require.ErrorIs(t, r[0].Err, remote.ErrUnitFailed)
	require.NoError(t, r[1].Err)
	require.GreaterOrEqual(t, time.Since(begin), time.Second)
	require.ErrorContains(t, r[2].Err, "Job for bad.service failed. | line one of amqp://a:[redacted]@c | ?[31mline two")
}

// TestAUnitThatWasStartedTooOften has units whose start systemd refuses, as StartLimitBurst is reached. The fake does
// the same as a systemd: a refused start leaves the run of before, and reset-failed lets the unit start again.
func TestAUnitThatWasStartedTooOften(t *testing.T) {
	t.Parallel()
	needRoot(t, "/usr/bin/systemctl")
	s := startSSHD(t)
	for name, c := range map[string]struct{ state, how, calls string }{
		"failed":  {"failed", "", "reset restart"},
		"active":  {"active", "", "restart reset restart"},
		"broken":  {"failed", "fail", "reset restart"},
		"breaks":  {"active", "fail", "restart reset restart"},
		"no-unit": {"", "", "restart"},
	} {
		if c.state != "" {
			s.put(t, "units/"+name, c.state+" 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
			s.put(t, "units/"+name+".limit", "", 0o644)
		}
		s.put(t, "units/"+name+".how", c.how, 0o644)
		r, err := s.open(t, "root").Do(t.Context(), remote.RestartUnit{Unit: name})
		require.NoError(t, err)
		if c.state == "" || c.how == "fail" {
			require.ErrorIs(t, r[0].Err, remote.ErrUnitFailed, name)
		} else {
			require.NoError(t, r[0].Err, name)
			require.True(t, r[0].Changed)
			require.Equal(t, "active", r[0].Unit.Active)
		}
		calls, err := os.ReadFile(filepath.Join(s.dir, "units", name+".calls"))
		require.NoError(t, err)
		require.Equal(t, c.calls, strings.Join(strings.Fields(string(calls)), " "), name)
	}
}

// TestNotesThatAreNotBelieved has notes about what a unit has read that nobody would believe.
func TestNotesThatAreNotBelieved(t *testing.T) {
	needRoot(t, "/usr/bin/systemctl")
	s := startSSHD(t)
	const unit, file = `a@b\x2dc`, "/run/cephstack/a@b\\x2dc.service"
	s.put(t, "units/"+unit, "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
	h := s.open(t, "root")
	do := func(ops ...remote.Op) remote.Result {
		t.Helper()
		r, err := h.Do(t.Context(), ops...)
		require.NoError(t, err)
		for _, one := range r {
			require.NoError(t, one.Err)
		}
		return r[len(r)-1]
	}
	restart := remote.RestartUnit{Unit: unit, Settle: time.Millisecond, Inputs: []string{"/etc/passwd", "/etc/group"}}
	read := func() map[string]string { t.Helper(); return do(remote.UnitState{Unit: unit}).Unit.Read }
	shell := func(script string) {
		t.Helper()
		r := do(remote.Run{Argv: []string{"sh", "-ec", script, "sh", file}})
		require.Zero(t, r.Exit, "%s: %s", script, r.Stderr)
	}
	require.Nil(t, read())
	require.Len(t, do(restart).Unit.Read, 2)
	require.Len(t, read(), 2)
	require.WithinDuration(t, time.Now(), do(remote.UnitState{Unit: unit}).Unit.Now, 5*time.Second)
	stat := do(remote.Stat{Path: "/run/cephstack"}, remote.Stat{Path: file}).File
	require.Equal(t, "root root -rw-------", strings.Join([]string{stat.Owner, stat.Group, stat.Mode.String()}, " "))
	for _, script := range []string{
		`chmod 644 "$1"`, `chown daemon "$1"`, `printf "x\000y\n" >>"$1"`, `head -c 70000 /dev/zero >"$1"`, `: >"$1"`,
		`mv "$1" /run/n; ln -s /run/n "$1"`, `rm "$1"; mkdir "$1"`, `rm "$1"; mkfifo -m 600 "$1"`, `chmod 755 "${1%/*}"`,
		`chown daemon "${1%/*}"`, `mv "${1%/*}" /run/o; ln -s /run/o "${1%/*}"`, `rm -r "${1%/*}"; echo >"${1%/*}"`,
	} {
		shell(script)
		require.Nil(t, read(), script)
		do(restart) // a note that cannot be written does not keep the unit from its restart
		shell(`if [ -e /run/n ] && ! grep -q "cephstack 1" /run/n; then exit 1; fi; rm -rf "${1%/*}" /run/n /run/o`)
		do(restart)
		require.Len(t, read(), 2, script)
	}
	shell(`: >"${1%/*}/.cephstack.999999999.note"`) // of a program that was killed
	do(restart)
	left := do(remote.Run{Argv: []string{"ls", "-A", "/run/cephstack"}}).Data
	require.Equal(t, "a@b\\x2dc.service\n", string(left), "nothing else is left behind")

	s.put(t, "units/"+unit+".how", "old", 0o644) // as systemd 219, which does not name runs
	require.Nil(t, read())
	require.Len(t, do(restart).Unit.Read, 2)
	require.Empty(t, do(remote.UnitState{Unit: unit}).Unit.Invocation)
	require.Len(t, read(), 2)
	shell(`sed -i "1s/ 1\./ 77./" "$1"`)
	require.Nil(t, read(), "another process")
}

func TestInstallPackagesWithScriptedApt(t *testing.T) {
	needRoot(t, "/usr/bin/apt-get")
	s := startSSHD(t)
	r, err := s.open(t, "root").Do(t.Context(),
		remote.InstallPackages{Names: []string{"coreutils", "ceph-common", "python3-rbd"}},
		remote.InstallPackages{Names: []string{"ceph-common"}},
		remote.InstallPackages{Names: []string{"no-such"}})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	require.True(t, r[0].Changed)
	require.Equal(t, map[string]string{"coreutils": "9.1", "ceph-common": "1.0", "python3-rbd": "1.0"}, r[0].Versions)
	require.False(t, r[1].Changed)
	require.ErrorContains(t, r[2].Err, "Unable to locate package no-such")
	log, err := os.ReadFile(s.dir + "/apt.log")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	require.Len(t, lines, 6, "%s", log)
	require.Contains(t, lines[1], " update")
	require.Contains(t, lines[2], "noninteractive: -y -q --no-install-recommends")
	require.True(t, strings.HasSuffix(lines[2], " install ceph-common python3-rbd"))
}
