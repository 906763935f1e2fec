package remote

import (
	"encoding/base64"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

func TestParseStat(t *testing.T) {
	var f File
	require.NoError(t, parseStat("41ed:4096:0:5:1700000000.000000001:1700000001.5:root:UNKNOWN", &f))
	require.Equal(t, File{
		Kind: "dir", Size: 4096, Owner: "root", Group: "5", Mode: 0o755,
		Modified: time.Unix(1700000000, 1), Changed: time.Unix(1700000001, 500_000_000),
	}, f)
	require.NoError(t, parseStat("8de8:1:0:0:1:1:a:b", &f))
	require.Equal(t, fs.ModeSetuid|fs.ModeSetgid|0o750, f.Mode)
	for _, bad := range []string{"", "1:2", "zz:1:0:0:1:1:a:b", "81a4:x:0:0:1:1:a:b", "81a4:1:0:0:1.x:1:a:b"} {
		require.Error(t, parseStat(bad, &f), bad)
	}
}

func TestParseUnit(t *testing.T) {
	show := "Id=x.service\nMainPID=77\nLoadState=loaded\nActiveState=active\nSubState=running\n" +
		"UnitFileState=enabled\nInvocationID=0123\n" +
		"ExecMainStartTimestamp=Fri 2023-11-17 11:51:04.123456 UTC\nActiveEnterTimestamp=Fri 2023-11-17 11:51:05 UTC\n"
	u, err := parseUnit("x", []byte(show), clock{})
	require.NoError(t, err)
	require.Equal(t, Unit{
		Name: "x", Load: "loaded", Active: "active", Sub: "running", Invocation: "0123", Enabled: "enabled",
		Since: time.Date(2023, 11, 17, 11, 51, 4, 123456000, time.UTC),
	}, u)
	boot := "\nId=sysinit.target\nLoadState=masked\nActiveState=no\nInvocationID=4567\n"
	both, err := parseUnit("x", []byte(show+boot), clock{})
	require.NoError(t, err)
	u.Boot = "4567"
	require.Equal(t, u, both, "of sysinit.target only the start counts")
	u, err = parseUnit("x", []byte(strings.Replace(show, "MainPID=77", "MainPID=0", 1)), clock{})
	require.NoError(t, err)
	require.Equal(t, 5, u.Since.Second(), "a unit without a main process")
	u, err = parseUnit("x", []byte(strings.Replace(show, "ActiveState=active", "ActiveState=failed", 1)), clock{})
	require.NoError(t, err)
	require.True(t, u.Since.IsZero())
	for _, bad := range []string{"", "nonsense", strings.Replace(show, "11:51:04.123456 UTC", "11:51 CET", 1)} {
		_, err = parseUnit("x", []byte(bad), clock{})
		require.Error(t, err, bad)
	}
}

// TestSinceByTheClockAsItIsNow has clocks that were set after the unit's start.
func TestSinceByTheClockAsItIsNow(t *testing.T) {
	show := "Id=x.service\nMainPID=77\nLoadState=loaded\nActiveState=active\nSubState=running\n" +
		"ExecMainStartTimestamp=Fri 2023-11-17 13:00:00.500000 UTC\nExecMainStartTimestampMonotonic=1000000000\n"
	start := time.Date(2023, 11, 17, 13, 0, 0, 5e8, time.UTC)
	for name, c := range map[string]struct {
		now  string // by the clock, and in hundredths of a second since the host's start
		want time.Time
	}{
		"the clock was not set":         {"1700226600.5 160000", start},
		"not asked":                     {"", start},
		"it was an hour ahead":          {"1700223000.5 160000", start.Add(-time.Hour).Truncate(time.Second)},
		"it was an hour behind":         {"1700230200.5 160000", start},
		"it was adjusted by a second":   {"1700226599.5 160000", start},
		"the host seems to be younger":  {"1700223000.5 1000", start},
		"started while the clock is at": {"1700226000.5 100000", start},
	} {
		now, err := parseClock(c.now)
		require.NoError(t, err, name)
		u, err := parseUnit("x", []byte(show), now)
		require.NoError(t, err, name)
		require.Equal(t, c.want, u.Since, name)
		require.Equal(t, c.now == "", u.Now.IsZero(), name)
	}
	for _, bad := range []string{"x", "1", "1 x", "1 -1", "1.x 1", "1 99999999999999999999"} {
		_, err := parseClock(bad)
		require.Error(t, err, bad)
	}
}

// TestReadIsOfTheRunThatIsThere has notes that are about another run, or not notes at all.
func TestReadIsOfTheRunThatIsThere(t *testing.T) {
	note := "cephstack 1 0123\nabsent /a b\n" + strings.Repeat("0a", 32) + " /c\n"
	read := func(state, run, note string) map[string]string {
		r := reply("show0", "Id=x.service", "show1", "LoadState=loaded", "show2", "ActiveState="+state,
			"show3", "ActiveEnterTimestamp=Fri 2023-11-17 11:51:05 UTC", "run", run,
			"note", base64.StdEncoding.EncodeToString([]byte(note)))
		u, err := answer{r, "host", false}.unit("x")
		require.NoError(t, err)
		return u.Read
	}
	require.Equal(t, map[string]string{"/a b": Absent, "/c": strings.Repeat("0a", 32)}, read("active", "0123", note))
	require.Nil(t, read("failed", "0123", note))
	require.Nil(t, read("active", "4567", note))
	require.Nil(t, read("active", "", note))
	require.Nil(t, read("active", "0123", ""))
	require.Nil(t, read("active", "0123", note[:len(note)-1]))
	require.Nil(t, read("active", "0123", note+"\x00"))
}

// TestTheRestOfASecretIsNotShown has words whose begin the host cut off, and so few
// characters that all of them would be shown.
func TestTheRestOfASecretIsNotShown(t *testing.T) {
	said := "Pq0yp0eRfw==\n" + strings.Repeat("\U0001F600", 1490)
	said += strings.Repeat(".", mostSaid-len(said))
	for _, class := range []string{"unit", "install"} {
		detail, _ := classify(class, said)
		require.True(t, strings.HasPrefix(detail, "\U0001F600"), detail[:20])
		detail, _ = classify(class, said[1:])
		require.True(t, strings.HasPrefix(detail, "q0yp"), "nothing was cut off: %s", detail[:20])
	}
}

func reply(facts ...string) wire.Reply {
	r := wire.Reply{Begun: true, Done: true, Facts: map[string]string{}, Raw: map[string][]byte{}}
	for i := 0; i < len(facts); i += 2 {
		if facts[i] == "out" {
			r.Raw["out"] = []byte(facts[i+1])
		} else {
			r.Facts[facts[i]] = facts[i+1]
		}
	}
	return r
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestDecodeClassifiesOnPositiveEvidence(t *testing.T) {
	for text, want := range map[string]error{
		"stat: cannot statx '/x': No such file or directory":            fs.ErrNotExist,
		"stat: cannot statx '/x': Permission denied":                    fs.ErrPermission,
		"cat: write error: No space left on device":                     syscall.ENOSPC,
		"first line\nmv: cannot move 'a' to 'b': Disk quota exceeded\n": syscall.EDQUOT,
	} {
		r := decode("c1", Stat{Path: "/x"}, reply("err", "sys "+b64(text)))
		require.ErrorIs(t, r.Err, want)
	}
	other := "stat: cannot statx '/: No such file or directory': Input/output error"
	r := decode("c1", Stat{Path: "/x"}, reply("err", "sys "+b64(other)))
	require.NotErrorIs(t, r.Err, fs.ErrNotExist)
	whole := "81a4:1:0:0:1:1:a:b"
	require.NoError(t, decode("c1", Stat{Path: "/x"}, reply("stat", whole, "acl", "-")).Err)
	for _, none := range []wire.Reply{reply(), reply("stat", "81a4", "acl", "-"),
		reply("stat", whole, "acl", "-", "link", "?"), reply("stat", whole), reply("stat", whole, "acl", "")} {
		r := decode("c1", Stat{Path: "/x"}, none)
		require.ErrorIs(t, r.Err, wire.ErrAnswer)
		require.NotErrorIs(t, r.Err, fs.ErrNotExist)
	}
}

func TestDecodeRun(t *testing.T) {
	r := decode("c1", Run{Argv: []string{"x"}}, reply("out", "out", "exit", "3", "errors", b64("err")))
	require.NoError(t, r.Err)
	require.Equal(t, "out err 3", string(r.Data)+" "+string(r.Stderr)+" "+string(rune('0'+r.Exit)))
	r = decode("c1", Run{Argv: []string{"x"}}, reply("out", ""))
	require.ErrorIs(t, r.Err, wire.ErrAnswer, "no exit status")
	r = decode("c1", Run{Argv: []string{"x"}}, reply("out", "out", "exit", "late", "errors", b64("Terminated")))
	require.ErrorIs(t, r.Err, ErrTimeout)
	r = decode("c1", Run{Argv: []string{"x"}}, reply("out", strings.Repeat("x", defaultMax+1), "exit", "0"))
	require.ErrorIs(t, r.Err, ErrTooLarge)
	require.Len(t, r.Data, defaultMax)
}

func TestCheckNamesTheFault(t *testing.T) {
	for want, op := range map[string]Op{
		"not an absolute, clean path":           ReadFile{Path: "/a/../b"},
		"a control character in the path":       Stat{Path: "/a\nb"},
		"not a user name":                       WriteFile{Path: "/a", Owner: "-x"},
		"not a group name":                      SetAttr{Path: "/a", Group: "a:b"},
		"more than permission bits in the mode": Mkdir{Path: "/a", Mode: fs.ModeDir},
		"Was is neither a digest nor Absent":    Remove{Path: "/a", Was: "x"},
		"not a unit name":                       UnitState{Unit: "--force"},
		"not a package name: a;b":               InstallPackages{Names: []string{"a;b"}},
		"a NUL in an argument":                  Run{Argv: []string{"a\x00"}},
		"no program":                            Run{},
		"a negative time":                       RestartUnit{Unit: "a", Settle: -1},
		"more than an hour to settle":           RestartUnit{Unit: "a", Settle: time.Hour + 1},
		"more than 24 hours":                    Run{Argv: []string{"a"}, Timeout: 24*time.Hour + 1},
		"not an operation":                      nil,
		"a negative limit":                      ReadFile{Path: "/a", Max: -1},
		"the path is too long":                  Stat{Path: "/" + strings.Repeat("a", 256)},
		"not a file":                            Remove{Path: "/"},
		"an argument is longer than 120,000":    Run{Argv: []string{"a", strings.Repeat("a", 1<<17)}},
		"longer than 1 MiB together":            Run{Argv: slices.Repeat([]string{strings.Repeat("a", 100_000)}, 11)},
		"more than 4096 arguments":              Run{Argv: slices.Repeat([]string{"a"}, 4097)},
		"more than 64 MiB of standard input": Run{Argv: []string{"a"},
			Stdin: cephstack.Redact(make([]byte, 64<<20+1))},
		"more than 4096 packages":                  InstallPackages{Names: slices.Repeat([]string{"a"}, 4097)},
		"invalid argument: not a user name":        Run{Argv: []string{"a"}, User: "a b"},
		"write /: invalid argument: not a file":    WriteFile{Path: "/"},
		"packages a b: invalid argument: not a pa": Packages{Names: []string{"a", "b", ""}},
	} {
		err := Check(op)
		require.ErrorIs(t, err, fs.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, Check(Run{Argv: []string{"a=b"}}))
}

func TestAnswersMayBeAsLongAsAnOpAllows(t *testing.T) {
	const most = 1 << 30
	for _, op := range []Op{
		ReadFile{Path: "/a", Max: most}, ReadDir{Path: "/a", Max: most}, If{Op: ReadFile{Path: "/a", Max: most}},
	} {
		rooms, all := newExchange("c1", []Op{op}).rooms()
		require.Greater(t, rooms[0].Line, most, "%v", op)
		require.Greater(t, all, most, "%v", op)
	}
}

func TestAPointerIsNotAnOperation(t *testing.T) {
	for _, op := range []Op{&Stat{Path: "/"}, (*Stat)(nil), &If{Op: Stat{Path: "/"}}, If{Op: &Stat{Path: "/"}}, If{}} {
		require.ErrorIs(t, Check(op), fs.ErrInvalid)
		require.ErrorContains(t, Check(op), "not an operation")
		x := newExchange("c1", []Op{op, Stat{Path: "/"}})
		require.ErrorIs(t, x.results(nil)[0].Err, fs.ErrInvalid)
	}
}

// TestAnAnswerThatCannotBeReadIsUnknown spoils each fact of the answer to a change that the host has made, or refused.
func TestAnAnswerThatCannotBeReadIsUnknown(t *testing.T) {
	const stat = "81a0:1:0:0:1:1:root:root"
	show := "Id=x.service\nMainPID=77\nLoadState=loaded\nActiveState=active\nSubState=running\n" +
		"ExecMainStartTimestamp=Fri 2023-11-17 11:51:05 UTC\n"
	good := map[string]string{"stat": stat, "acl": "-", "changed": "1", "sha": "5e"}
	with := func(name, value string) map[string]string {
		facts := maps.Clone(good)
		facts[name] = value
		return facts
	}
	without := func(name string) map[string]string {
		facts := maps.Clone(good)
		delete(facts, name)
		return facts
	}
	file := []Op{WriteFile{Path: "/x"}, SetAttr{Path: "/x"}, Mkdir{Path: "/x"}}
	for _, op := range file {
		require.NoError(t, decode("c1", op, wire.Reply{Facts: good}).Err)
		for _, facts := range []map[string]string{with("stat", "81a0:1:0:0:1:1"), with("acl", "x"), with("link", "?"),
			with("changed", "3"), with("changed", ""),
			with("erq", "unknown"), without("changed"), without("stat"), without("acl")} {
			err := decode("c1", op, wire.Reply{Facts: facts}).Err
			require.ErrorIs(t, err, ErrUnknown, "%T %v", op, facts)
			require.ErrorIs(t, err, wire.ErrAnswer)
		}
	}
	unit := map[string]string{"changed": "1", "now": "x"}
	for i, line := range strings.Split(show, "\n") {
		unit["show"+string(rune('0'+i))] = line
	}
	require.ErrorIs(t, decode("c1", RestartUnit{Unit: "x"}, wire.Reply{Facts: unit}).Err, ErrUnknown)
	for _, op := range append(file, Remove{Path: "/x"}, RestartUnit{Unit: "x"}, If{Op: file[0]}) {
		for _, fact := range []string{"unknowo", "conflict ?", ""} {
			err := decode("c1", op, wire.Reply{Facts: map[string]string{"err": fact}}).Err
			require.ErrorIs(t, err, ErrUnknown, "%T %q", op, fact)
		}
		err := decode("c1", op, wire.Reply{Facts: map[string]string{"err": "conflict"}}).Err
		require.ErrorIs(t, err, ErrConflict)
		require.NotErrorIs(t, err, ErrUnknown)
	}
	err := decode("c1", ReadFile{Path: "/x"}, wire.Reply{Facts: map[string]string{"err": "unknowo"}}).Err
	require.ErrorIs(t, err, wire.ErrAnswer)
	require.NotErrorIs(t, err, ErrUnknown, "a look has no effect")
}
