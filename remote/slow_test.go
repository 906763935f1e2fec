package remote_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// slowSudo makes each sudo take its time: before it asks for a password (auth), or after that (account).
// The server was started with withHelper, and its /etc is the test's own.
func (s *sshd) slowSudo(t *testing.T, phase string, seconds int) {
	t.Helper()
	s.put(t, "bin/slow", fmt.Sprintf("#!/bin/sh\nsleep %d\n", seconds), 0o755)
	name := s.dir + "/etc/pam.d/sudo"
	rules, err := os.ReadFile(name)
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(rules), "\n") // the first line says what kind of file it is
	rule := phase + " optional pam_exec.so quiet " + s.dir + "/bin/slow\n"
	s.put(t, "etc/pam.d/sudo", "#%PAM-1.0\n"+rule+rest, 0o644)
}

// slowOps are changes, and a program with data, each for a connection of its own. Nobody else has
// the file or the unit.
func slowOps(t *testing.T, s *sshd, who string) map[string]remote.Op {
	t.Helper()
	s.put(t, "units/"+who, "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
	return map[string]remote.Op{
		"write":   remote.WriteFile{Path: s.dir + "/" + who, Data: []byte(who), Mode: 0o600},
		"run":     remote.Run{Argv: []string{"cat"}, Stdin: cephstack.Redact(who)},
		"restart": remote.RestartUnit{Unit: who + ".service"},
	}
}

// change does each operation on a connection of its own, all at the same time. The program on
// the host keeps its input, and waits for more.
func change(t *testing.T, cfg remote.Config, ops map[string]remote.Op, least time.Duration) {
	t.Helper()
	for name, op := range ops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, cfg)
			begin := time.Now()
			r, err := h.Do(t.Context(), op)
			require.NoError(t, err)
			require.NoError(t, r[0].Err)
			require.Greater(t, time.Since(begin), least, "the host was not slow")
			require.True(t, h.Waiting(), "the input was ended")
		})
	}
}

// TestAHostWhoseLoginIsSlowIsChanged: a login script that sleeps does not read standard input.
func TestAHostWhoseLoginIsSlowIsChanged(t *testing.T) {
	s := startSSHD(t)
	for user, seconds := range map[string]int{"admin": 4, "greedy": 6} { // both have bash
		s.put(t, "home/"+user+"/.bashrc", fmt.Sprintf("sleep %d\n", seconds), 0o644)
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			change(t, s.config(t, user, s.address), slowOps(t, s, user), time.Duration(seconds)*time.Second)
		})
	}
}

// TestAHostWhoseSudoIsSlowIsChanged: as where the host's name or the users are not found at once.
func TestAHostWhoseSudoIsSlowIsChanged(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	ops := slowOps(t, s, "helper")
	s.allow(t, ops["write"], ops["run"], ops["restart"])
	s.slowSudo(t, "account", 4)
	t.Run("sudo", func(t *testing.T) {
		t.Parallel()
		change(t, s.config(t, "admin", s.address), slowOps(t, s, "sudo"), 4*time.Second)
	})
	t.Run("helper", func(t *testing.T) {
		t.Parallel()
		cfg := s.config(t, "plain", s.address)
		cfg.Sudo, cfg.Helper = false, true
		change(t, cfg, ops, 4*time.Second)
	})
}

// TestASudoThatAsksLateGetsThePassword: as late as Timeouts.Start lets it, also for a look.
func TestASudoThatAsksLateGetsThePassword(t *testing.T) {
	s := startSSHD(t, withHelper)
	s.withPassword(t, aPassword, "plain ALL=(ALL) ALL\n")
	s.slowSudo(t, "auth", 5)
	cfg := s.config(t, "plain", s.address)
	cfg.Password, cfg.Timeouts.Start = remote.NewPassword(aPassword), 9*time.Second
	for name, op := range map[string]remote.Op{
		"look": remote.Stat{Path: "/"}, "change": remote.WriteFile{Path: s.dir + "/late", Data: []byte("x")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := open(t, cfg).Do(t.Context(), op)
			require.NoError(t, err)
			require.NoError(t, r[0].Err)
		})
	}
}

// TestALoginScriptThatReadsIsNamed: within 3 s after Timeouts.Start, whatever runs behind the script.
// What only looks needs no input, and ends well.
func TestALoginScriptThatReadsIsNamed(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	s.withPassword(t, aPassword, "admin ALL=(ALL) ALL\n")
	const start = 5 * time.Second
	s.put(t, "home/admin/.bashrc", "cat >/dev/null\n", 0o644)
	greedy, asks := s.config(t, "greedy", s.address), s.config(t, "admin", s.address)
	asks.Password = remote.NewPassword(aPassword)
	helped := s.config(t, "greedy", s.address)
	helped.Sudo, helped.Helper = false, true
	for name, cfg := range map[string]remote.Config{"sudo": greedy, "sudo that asks": asks, "helper": helped} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Timeouts.Start = start
			begin := time.Now()
			r, err := open(t, cfg).Do(t.Context(), remote.WriteFile{Path: s.dir + "/never", Data: []byte("x")})
			t.Logf("%v: %v", time.Since(begin), err)
			require.ErrorContains(t, err, "does a login script read standard input")
			require.NotErrorIs(t, err, remote.ErrSudo)
			require.NotErrorIs(t, r[0].Err, remote.ErrUnknown)
			var of *remote.HostError
			require.ErrorAs(t, err, &of)
			assert.Equal(t, "start", of.Step)
			assert.False(t, of.Retryable())
			assert.Less(t, time.Since(begin), start+5*time.Second)
			assert.NoFileExists(t, s.dir+"/never")
		})
	}
	t.Run("a look", func(t *testing.T) {
		t.Parallel()
		r, err := open(t, greedy).Do(t.Context(), remote.Stat{Path: "/"})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
	})
}
