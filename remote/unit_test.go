package remote_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// testPrograms stand in for systemd and apt on the test's sshd. DIR is its
// folder: units/NAME holds a unit's state, units/NAME.how how it fails.
func testPrograms() map[string]string {
	return map[string]string{
		"systemctl": `#!/bin/sh
D=DIR/units
for a in "$@"; do
	case $a in show|restart) cmd=$a ;; sysinit.target) ;; *) unit=${a%.service} ;; esac
done
boot() { printf "\nId=sysinit.target\nLoadState=loaded\nActiveState=active\nSubState=active\nInvocationID=boot\n"; }
read -r state inv since <"$D/$unit"
how=$(cat "$D/$unit.how" 2>/dev/null)
stamp() { date -u "+%a %Y-%m-%d %H:%M:%S.%6N UTC"; }
case $cmd in
restart)
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
sub=running; pid=77
[ "$state" = active ] || { sub=failed; pid=0; }
printf "Id=%s.service\nLoadState=loaded\nActiveState=%s\nSubState=%s\nMainPID=%s\n" "$unit" "$state" "$sub" "$pid"
printf "ExecMainStartTimestamp=%s\n" "$since"
printf "ActiveEnterTimestamp=%s\nInvocationID=%s\nUnitFileState=enabled\nNRestarts=0\n" "$since" "$inv"
boot
`,
		"journalctl": "#!/bin/sh\nprintf 'line one\\n\\033[31mline two\\n'\n",
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
	require.ErrorContains(t, r[2].Err, "Job for bad.service failed. | line one | ?[31mline two")
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
