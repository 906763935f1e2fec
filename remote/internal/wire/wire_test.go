package wire

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var mark = strings.Repeat("0a", 16)

func TestProgramSurvivesEveryLoginShell(t *testing.T) {
	p := Program()
	require.NotContains(t, p, "'")
	require.NotContains(t, p, "\n", "csh does not quote it")
	require.NotContains(t, p, `\\`, "fish takes it for one backslash")
	require.False(t, regexp.MustCompile(`![^ ]`).MatchString(p), "csh takes it for history")
	require.Less(t, len(p), 100_000, "the kernel's limit is 128 KiB")
	require.Equal(t, p, Program())
	require.True(t, strings.HasSuffix(Command(true, "x"), " sudo -n -- /bin/sh -c '"+p+"' sh 'x'"))
	for _, shell := range []string{"dash", "bash"} {
		if _, err := exec.LookPath(shell); err != nil {
			require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "%s is not installed: make deps installs it", shell)
			continue
		}
		out, err := exec.Command(shell, "-n", "-c", p).CombinedOutput()
		require.NoError(t, err, "%s: %s", shell, out)
	}
}

func ops() []Op {
	return []Op{
		{Name: "unit", Args: []string{"a b"}},
		{Name: "write", Args: []string{"/a", "", "", "", "", "x", "y"}, Data: []byte("end\n\x00")},
		{Name: "run", Args: []string{"", "1", "1000", "text"}, List: []string{"", "two\nlines\n", "\n"}},
		{Name: "packages", List: []string{"a"}},
		{Name: "files", Args: []string{"9"}, List: []string{"r/a", "s/b c"}},
		{Name: "mkdir", Args: []string{"/a", "", "", ""}, Needs: []int{1, 2}},
		{Name: "run", Args: []string{"", "1", "1000", "text"}, List: []string{"a"}, Data: []byte("two\nlines\n")},
		{
			Name: "run", Args: []string{"", "1", "1000", "text"}, List: []string{"a"},
			Data: []byte(strings.Repeat("a", maxText+1)),
		},
		{Name: "write", Args: []string{"/a", "", "", "", "", "x", "y"}, Data: []byte("data"), Needs: []int{4}},
	}
}

func request(ops []Op) []byte {
	r := NewRequest(mark)
	for _, o := range ops {
		r.Add(o)
	}
	r.Close()
	return slices.Concat(r.Parts...)
}

func readRequest(b []byte) ([]Op, error) {
	q, err := NewRequestReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	var ops []Op
	for {
		o, err := q.Next()
		if err == io.EOF {
			return ops, nil
		}
		if err != nil {
			return ops, err
		}
		ops = append(ops, o)
	}
}

func TestRequestIsReadAsItWasWritten(t *testing.T) {
	got, err := readRequest(request(ops()))
	require.NoError(t, err)
	require.Len(t, got, len(ops()))
	for i, o := range ops() {
		require.Equal(t, append(o.Head(), o.Data...), append(got[i].Head(), got[i].Data...))
	}
}

func TestInlineIsPlainForEveryLoginShell(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	text, ok := Inline(all)
	require.True(t, ok)
	require.Regexp(t, `^[A-Za-z0-9_./:=,+@% \\-]+$`, text)
	require.NotContains(t, text, `\\`)
	back, ok := Uninline(text)
	require.True(t, ok)
	require.Equal(t, all, back)
	for _, shell := range []string{"dash", "bash"} {
		if _, err := exec.LookPath(shell); err != nil {
			require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "%s is not installed: make deps installs it", shell)
			continue
		}
		text, _ := Inline(all[1:])
		out, err := exec.Command(shell, "-c", "printf %b '"+text+"'").Output()
		require.NoError(t, err)
		require.Equal(t, all[1:], out, shell)
	}
	_, ok = Inline(make([]byte, maxInline))
	require.False(t, ok, "too long")
	for _, sudo := range []bool{false, true} {
		require.LessOrEqual(t, len(Command(sudo, strings.Repeat("x", maxInline))), 32<<10-64, "the packet of SSH has room")
		inline, ok := Commanded(Command(sudo, text))
		require.True(t, ok)
		require.Equal(t, text, inline)
	}
	_, ok = Commanded("/bin/sh -c id")
	require.False(t, ok)
}

// TestALongOpComesInParts: its end is the end of the last part, and the op before it ends before its first part.
func TestALongOpComesInParts(t *testing.T) {
	long := Op{Name: "run", Args: []string{"", "1", "1000", "text"}, List: []string{strings.Repeat("x", 3*maxLines)}}
	for range 1000 {
		long.List = append(long.List, strings.Repeat("two\nlines", 3))
	}
	unit := Op{Name: "unit", Args: []string{"a"}}
	r := NewRequest(mark)
	for _, o := range []Op{unit, long, unit} {
		r.Add(o)
	}
	r.Close()
	require.False(t, r.Plain)
	for _, part := range r.Parts {
		require.True(t, len(part) <= maxLines || bytes.Count(part, []byte{'\n'}) < 2, "%d bytes", len(part))
	}
	all := slices.Concat(r.Parts...)
	require.Equal(t, r.Size, int64(len(all)))
	for i, end := range r.Ends {
		got, _ := readRequest(all[:end]) // an error, but for the last op
		require.GreaterOrEqual(t, len(got), i+1)
	}
	got, err := readRequest(all[:r.Ends[1]-1])
	require.Error(t, err)
	require.Len(t, got, 1)
	got, err = readRequest(all)
	require.NoError(t, err)
	require.Equal(t, long.List, got[1].List)
}

func TestCutRequestIsAnError(t *testing.T) {
	b := request(ops())
	for n := range b {
		got, err := readRequest(b[:n])
		require.Error(t, err, "%d bytes", n)
		require.LessOrEqual(t, len(got), len(ops()))
	}
}

func answer(t testing.TB, facts ...map[string]string) []byte {
	var b bytes.Buffer
	w, err := NewAnswerWriter(&b, mark)
	require.NoError(t, err)
	for _, f := range facts {
		require.NoError(t, w.Begin())
		words, raw := map[string]string{}, map[string][]byte{}
		for word, value := range f {
			if word == "out" {
				raw[word] = []byte(value)
			} else {
				words[word] = value
			}
		}
		require.NoError(t, w.Done(words, raw))
	}
	require.NoError(t, w.Bye())
	return b.Bytes()
}

func readAnswer(b []byte, ops int) (lines []Line, err error) {
	r := NewAnswerReader(bytes.NewReader(b), mark, slices.Repeat([]Room{{1 << 20, 8 << 20}}, ops), 64<<20)
	for {
		l, err := r.Next()
		if err != nil {
			return lines, err
		}
		lines = append(lines, l)
		if l.Word == "bye" {
			return lines, nil
		}
	}
}

func TestAnswerAfterNoise(t *testing.T) {
	long := map[string]string{"data": strings.Repeat("A", 200_000), "changed": "0"}
	b := append([]byte("Welcome!\n"+mark+"\nno newline"), answer(t, long, map[string]string{"sha": "x"})...)
	lines, err := readAnswer(b, 2)
	require.NoError(t, err)
	require.Len(t, lines, 9)
	require.Equal(t, Line{Op: 0, Word: "data", Value: long["data"]}, lines[3])
	require.Equal(t, Line{Op: 1, Word: "sha", Value: "x"}, lines[6])
}

func TestAnswerThatCannotBe(t *testing.T) {
	good := string(answer(t, map[string]string{"sha": "x"}))
	for name, text := range map[string]string{
		"cut":             good[:len(good)-1],
		"noise inside":    strings.Replace(good, mark+" sha", "noise\n"+mark+" sha", 1),
		"other op":        strings.Replace(good, "op 0", "op 1", 1),
		"no end":          strings.Replace(good, mark+" done 0\n", "", 1),
		"fact outside":    strings.Replace(good, mark+" op 0\n", "", 1),
		"other mark":      strings.ReplaceAll(good, mark, strings.Repeat("b", 32)),
		"too few answers": string(answer(t)),
	} {
		_, err := readAnswer([]byte(text), 1)
		require.Error(t, err, name)
	}
	_, err := readAnswer([]byte(strings.Repeat("y\n", 1<<20)), 1)
	require.ErrorIs(t, err, ErrNoise)
	_, err = readAnswer(answer(t, map[string]string{"data": strings.Repeat("A", 2<<20)}), 1)
	require.ErrorIs(t, err, ErrNoise)
}

func TestRawIsWhatWasWritten(t *testing.T) {
	long := strings.Repeat("x", 100_000) + "\n" + strings.Repeat("\x00\n", 1000)
	for _, raw := range []string{"", "\n", "a", "a\n", "\n\nb", mark + " done 0\n", long} {
		lines, err := readAnswer(answer(t, map[string]string{"out": raw, "exit": "0"}), 1)
		require.NoError(t, err)
		require.Equal(t, Line{Word: "exit", Value: "0"}, lines[2])
		require.Equal(t, "raw out", lines[3].Word+" "+lines[3].Value)
		require.Equal(t, raw, string(lines[3].Raw))
		require.Equal(t, "done", lines[4].Word)
	}
	lines, err := readAnswer(answer(t, map[string]string{"out": strings.Repeat("0123456789abcde\n", 1<<17)}), 1)
	require.NoError(t, err)
	require.InDelta(t, 1<<20, len(lines[2].Raw), 16, "it is cut at the limit")
	text := string(answer(t, map[string]string{"out": "x"}))
	end := regexp.MustCompile(`raw out (\w+)`).FindStringSubmatch(text)[1]
	for name, bad := range map[string]string{
		"no end":    strings.Replace(text, "\n"+end+"\n", "\n", 1),
		"short end": strings.ReplaceAll(text, end, "end"),
		"no bytes":  strings.Replace(text, "x\n"+end, end, 1),
	} {
		_, err := readAnswer([]byte(bad), 1)
		require.Error(t, err, name)
	}
}

func FuzzRequestReader(f *testing.F) {
	f.Add(request(ops()))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readRequest(b)
		if err != nil {
			return
		}
		again, err := readRequest(request(got))
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

func FuzzAnswerReader(f *testing.F) {
	f.Add(answer(f, map[string]string{"stat": "x", "err": "sys "}, nil), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, ops uint8) {
		n := int(ops)
		lines, err := readAnswer(b, n)
		if err == nil {
			require.Equal(t, n, lines[len(lines)-1].Op)
		}
	})
}

func TestTheHelperIsTheProgramBehindItsGuard(t *testing.T) {
	text := Helper()
	require.True(t, strings.HasSuffix(text, "\nserve\n"))
	require.Contains(t, text, "list="+AllowPath+"\n")
	require.NotContains(t, Program(), AllowPath)
	for _, stub := range []string{"allow() {", "here() {", "rules() {", "above() {", "stay() {",
		"unit_inputs() {"} {
		require.Equal(t, 2, strings.Count(text, "\n"+stub), "the guard puts its own in place of %s", stub)
	}
	guard := text[strings.LastIndex(text, "\nPATH="):]
	for _, name := range []string{"op_files()", "op_dir()"} {
		require.Contains(t, guard, "\n"+name, "it reads without following symlinks")
	}
	for _, shell := range shells() {
		c := exec.Command(shell, "-n")
		c.Stdin = strings.NewReader(text)
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s: %s", shell, out)
	}
}

func TestEveryFileIsAPartOfTheProgram(t *testing.T) {
	files, err := source.ReadDir("program")
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".sh"))
	}
	require.ElementsMatch(t, names, append(parts(), "guard"))
}

func TestNoFunctionOfTheProgramHasTheNameOfAnother(t *testing.T) {
	seen := map[string]bool{}
	for line := range lines {
		if name, _, ok := strings.Cut(line, "() {"); ok && !strings.ContainsAny(name, " \t#") {
			require.False(t, seen[name], "%s", name)
			seen[name] = true
		}
	}
	require.Greater(t, len(seen), 50)
}

// A request that was sent is wiped, but for what belongs to the caller.
func TestARequestIsWiped(t *testing.T) {
	short, long := []byte("a short secret"), bytes.Repeat([]byte("a long secret"), 1000)
	r := NewRequest(strings.Repeat("0", 32))
	for _, data := range [][]byte{short, long} {
		r.Add(Op{Name: "write", Args: []string{"1", "2", "3", "4", "5", "6", "7"}, Data: data})
	}
	r.Close()
	require.Contains(t, string(slices.Concat(r.Parts...)), string(short))
	r.Wipe()
	require.NotContains(t, string(slices.Concat(r.Parts...)), string(short))
	require.Equal(t, "a short secret", string(short))
	require.Equal(t, bytes.Repeat([]byte("a long secret"), 1000), long)
}
