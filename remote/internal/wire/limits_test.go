package wire

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTimesAndCountsHaveLimits: whoever writes a request by hand cannot make the program wait for ever.
func TestTimesAndCountsHaveLimits(t *testing.T) {
	run := func(to, ms string) Op {
		return Op{Name: "run", Args: []string{"", to, ms, "text"}, List: []string{"sleep", "30"}}
	}
	restart := func(n, step string) Op { return Op{Name: "restart", Args: []string{"x.service", n, step}} }
	refused := []Op{
		run("0", "1000"), run("0.000", "1000"), run("00.0", "1000"), run(".", "1000"), run("", "1000"),
		run("infinity", "1000"), run("inf", "1000"), run("nan", "1000"), run("1e9", "1000"), run("1d", "1000"),
		run("1.5d", "1000"), run("0x1.8", "1000"), run("-1", "1000"), run("86401", "1000"), run("86401.000", "1000"),
		run("0.0000000001", "1000"), run("1.2.3", "1000"), run("99999999999999999999", "1000"),
		run("1", "86400001"), run("1", "x"), run("1", ""), run("1", "-1"), run("1", "1+1"),
		restart("18001", "0.2"), restart("infinity", "0.2"), restart("", "0.2"), restart("-1", "0.2"),
		restart("5", "infinity"), restart("5", "0.1d"), restart("5", "1d"), restart("5", "-1"), restart("5", "1e9"),
		restart("5", "0.1 9d"), restart("5", ""), restart("5", "0.1.9"),
		{Name: "packages", List: make([]string, MaxList+1)},
		{Name: "files", Args: []string{"9"}, List: make([]string, MaxList+1)},
	}
	dir := programs(t, map[string]string{"systemctl": shownUnit + "shown active 1", "journalctl": ""})
	for _, shell := range shells() {
		for _, op := range refused {
			code, took := ended(t, trial{shell, dir, faster()}, op)
			require.Equal(t, 91, code, "%s: %s %q", shell, op.Name, op.Args)
			require.Less(t, took, 10*time.Second, "%s: %s %q", shell, op.Name, op.Args)
		}
		for _, op := range []Op{
			{Name: "run", Args: []string{"", "86400.000", "86400000", "text"}, List: []string{"true"}},
			{Name: "run", Args: []string{"", "0.001", "1", "text"}, List: []string{"sleep", "30"}},
			restart("1", "0.200"), restart("1", "0.001"), restart("1", "200"), restart("1", "0.000"),
		} {
			code, took := ended(t, trial{shell, dir, faster()}, op)
			require.Zero(t, code, "%s: %s %q", shell, op.Name, op.Args)
			require.Less(t, took, 10*time.Second, "%s: %s %q", shell, op.Name, op.Args)
		}
	}
}

// ended is how, and after what time, the program ended.
func ended(t *testing.T, p trial, op Op) (code int, took time.Duration) {
	t.Helper()
	begin := time.Now()
	c, r := p.start(t, op)
	kill := time.AfterFunc(15*time.Second, func() { _ = c.Process.Kill() })
	defer kill.Stop()
	go func() { _, _ = io.Copy(io.Discard, r) }()
	err := c.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return c.ProcessState.ExitCode(), time.Since(begin)
}

// TestAnEmptyListOfPackages: to dpkg-query and rpm, that means all packages.
func TestAnEmptyListOfPackages(t *testing.T) {
	all := "echo \"ii  other 1\""
	dir := programs(t, map[string]string{"dpkg-query": all, "rpm": all})
	for _, shell := range shells() {
		for _, name := range []string{"packages", "install"} {
			facts, _ := trial{shell, dir, faster()}.finish(t, Op{Name: name})
			require.NotContains(t, fmt.Sprint(facts), "other", "%s %s", shell, name)
			require.NotContains(t, facts, "err")
		}
	}
}
