package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// testWays takes the other ways of a rotation: back, before the old users are gone; stopping and starting guests, with
// one that stays stopped; and another key of the same user.
func (l *lab) testWays(ctx context.Context, r *report) error {
	return l.rotating(ctx, r, course{12, 4, (*rotation).ways})
}

func (t *rotation) ways() []stage {
	never := func(*witness) bool { return false }
	always := func(*witness) bool { return true }
	olds := []string{"glance", "cinder-backup", "cinder"}
	return []stage{
		{"the program is built", t.build},
		{"guests write to their disks", t.begin},
		{"other users, and nobody is removed", func(ctx context.Context) (string, error) {
			return t.thereAndBack(ctx, false, olds)
		}},
		{"the guests have lost nothing on the way there", func(ctx context.Context) (string, error) {
			return t.guests.judge(ctx, longestPause, always)
		}},
		{"the way back", func(ctx context.Context) (string, error) { return t.thereAndBack(ctx, true, olds) }},
		{"the guests have lost nothing on the way back", func(ctx context.Context) (string, error) {
			return t.guests.judge(ctx, longestPause, always)
		}},
		{"a guest is stopped", t.stopLast},
		{"without a login for Cinder, no guest is stopped", t.notStopped},
		{"other users, by stopping and starting guests", func(ctx context.Context) (string, error) {
			if err := t.loginForCinder(ctx); err != nil {
				return "", err
			}
			return t.rotate(ctx, ".1", "stop-start", olds...)
		}},
		{"the stopped guest stayed stopped, and starts", t.startLast},
		{"the guests have lost nothing once they were started", func(ctx context.Context) (string, error) {
			return t.guests.judge(ctx, longestPause, always)
		}},
		{"the old keys are refused on each host", t.refused},
		{"another key of the same user, without a reboot", t.inPlace},
		{"the guests have lost nothing, and did not boot", func(ctx context.Context) (string, error) {
			return t.guests.judge(ctx, longestPause, never)
		}},
		{"the key of before is refused on each host", t.refused},
		{"the plan is empty, and all static checks pass", t.quiet},
		{"a guest may still be rebooted and moved", t.alive},
		{"no temporary file is left", t.noLeftovers},
	}
}

// thereAndBack takes all guests to other users without removing a user, or back from there, and wants the running
// guests to have the one user only.
func (t *rotation) thereAndBack(ctx context.Context, back bool, olds []string) (string, error) {
	if !back {
		t.since = time.Now().UTC()
	}
	path, err := t.spec(".1", "live-migration, hard-reboot", olds)
	if err != nil {
		return "", err
	}
	args, user := []string{"rotate", "--yes", "-f", path, "--break-lock", t.killed}, "cinder.1"
	if back {
		args, user = append(args, "--back"), "cinder"
	}
	said, err := t.until(ctx, func(int) bool {
		err := t.allHave(ctx, user)
		if err != nil {
			t.say("%v", err)
		}
		return err == nil
	}, args...)
	if err != nil || !back {
		return said, err
	}
	in, world, err := t.open(ctx)
	if err != nil {
		return "", err
	}
	defer world.Close()
	_, err = emptyPlan(ctx, in)
	return said + ", the plan of before is empty", err
}

// allHave wants all disks in Ceph of all running guests to be open as one user.
func (t *rotation) allHave(ctx context.Context, user string) error {
	const script = `for d in $(virsh -q list --uuid); do virsh dumpxml $d | grep -o "<auth username='[^']*'"; done`
	disks := 0
	for _, host := range []string{"compute1", "compute2"} {
		out, err := t.sh(ctx, host, script)
		if err != nil {
			return err
		}
		for line := range strings.Lines(out) {
			if strings.TrimSpace(line) != "<auth username='"+user+"'" {
				return fmt.Errorf("a guest on %s has %s instead of client.%s", host, strings.TrimSpace(line), user)
			}
			disks++
		}
	}
	if want := 2 * len(t.guests.all); disks < want {
		return fmt.Errorf("the guests have %d disks with a user, less than %d", disks, want)
	}
	return nil
}

// last is the guest that is stopped while others leave the old user.
func (t *rotation) last() *witness { return t.guests.all[len(t.guests.all)-1] }

func (t *rotation) stopLast(ctx context.Context) (string, error) {
	return t.last().name, t.cloud.StopServer(ctx, t.last().id)
}

func (t *rotation) startLast(ctx context.Context) (string, error) {
	s, err := t.cloud.Server(ctx, t.last().id)
	if err == nil && s.Status != "SHUTOFF" {
		err = fmt.Errorf("%s is %s, and was stopped", t.last().name, s.Status)
	}
	if err != nil {
		return "", err
	}
	return t.last().name, t.cloud.StartServer(ctx, s.ID)
}

// novaLogin is a file with a login for Cinder, which nova-manage needs. Nova's own file of the controller has none.
const novaLogin = "/root/nova-manage-login.conf"

// loginForCinder writes that file: Nova logs in to Cinder as it does to Keystone.
func (t *rotation) loginForCinder(ctx context.Context) error {
	const script = `umask 077; sed -n '/^\[keystone_authtoken\]/,/^\[/p' /etc/nova/nova.conf | grep -E ` +
		`'^(auth_|password|username|user_domain|project_)' | { echo '[cinder]'; cat; } >%s; wc -l <%[1]s`
	out, err := t.sh(ctx, "controller", fmt.Sprintf(script, novaLogin))
	if n := strings.TrimSpace(out); err == nil && n < "5" {
		err = fmt.Errorf("the login for Cinder has only %s lines", n)
	}
	return err
}

// notStopped runs the rotation once without that file, and wants no guest to boot for nothing.
func (t *rotation) notStopped(ctx context.Context) (string, error) {
	t.since = time.Now().UTC()
	t.login = ""
	file, err := t.spec(".1", "stop-start", []string{"cinder"})
	if err != nil {
		return "", err
	}
	t.login = novaLogin
	out, err := exec.CommandContext(ctx, t.program, "rotate", "--yes", "-f", file).CombinedOutput()
	if want := "could not log in to Cinder"; err == nil || !strings.Contains(string(out), want) {
		return "", fmt.Errorf("rotate ended (%v) without %q: %s", err, want, out)
	}
	running := t.guests.all[:len(t.guests.all)-1]
	for _, w := range running {
		s, err := t.cloud.Server(ctx, w.id)
		if err == nil && s.Status != "ACTIVE" {
			err = fmt.Errorf("%s is %s", w.name, s.Status)
		}
		if err != nil {
			return "", err
		}
	}
	chains, err := t.guests.chains(ctx)
	if err != nil {
		return "", err
	}
	for _, w := range running {
		if n := len(chains[w.disks[0]].Boots); n != w.known {
			return "", fmt.Errorf("%s has booted %d times, not %d", w.name, n, w.known)
		}
	}
	return "the program says so, and the guests go on", nil
}

// inPlace gives the user that all guests have now another key.
func (t *rotation) inPlace(ctx context.Context) (string, error) {
	t.keys = map[string]string{}
	return t.rotate(ctx, ".1", "live-migration, hybrid", "cinder.1")
}
