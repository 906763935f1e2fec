package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// withHelper makes the login one that becomes root by the helper alone.
func withHelper(s *spec.Spec) error {
	s.Prepare.Sudo = &spec.Sudo{Helper: true}
	return nil
}

// testHelper does the main job on hosts that let in nobody but an account with a password, with
// a login that has no more than the helper.
func (l *lab) testHelper(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "bare-hosts"); err != nil {
		return err
	}
	in, world, err := l.open(ctx, l.newLogin, withHelper)
	if err != nil {
		return err
	}
	defer world.Close()
	if err := l.wholeJob(ctx, r, in, world.Cloud); err != nil {
		return err
	}
	return l.stages(ctx, r,
		stage{"helper, list and rule are root's", l.helperFiles},
		stage{"the login has no other way to root", l.noOtherWay},
		stage{"no temporary file is left", l.noLeftovers},
	)
}

// helperFiles looks at what the helper is made of.
func (l *lab) helperFiles(ctx context.Context) (string, error) {
	const want = "755 root:root /usr/local/libexec/cephstack-helper\n755 root:root /etc/cephstack\n" +
		"644 root:root /etc/cephstack/allow\n440 root:root /etc/sudoers.d/cephstack-deploy\n"
	for _, name := range bareHosts() {
		out, err := l.sh(ctx, name, "visudo -cq && stat -c '%a %U:%G %n' /usr/local/libexec/cephstack-helper "+
			"/etc/cephstack /etc/cephstack/allow /etc/sudoers.d/cephstack-deploy")
		if err != nil || out != want {
			return "", fmt.Errorf("%s has %s: %v", name, out, err)
		}
	}
	return "on " + strings.Join(bareHosts(), ", "), nil
}

// noOtherWay tries sudo as the login user.
func (l *lab) noOtherWay(ctx context.Context) (string, error) {
	const script = `as() { runuser -u deploy -- sudo -n "$@" </dev/null >/dev/null 2>&1 && echo "$*"; }
as /bin/sh -c id
as cat /etc/shadow
as /usr/local/libexec/cephstack-helper now
as -u nova id
cp /usr/local/libexec/cephstack-helper /tmp/helper && as /tmp/helper; rm -f /tmp/helper
runuser -u deploy -- sudo -n -l | grep -c NOPASSWD`
	for _, name := range bareHosts() {
		if out, err := l.sh(ctx, name, script); err != nil || out != "1\n" {
			return "", fmt.Errorf("%s lets deploy do: %s: %v", name, out, err)
		}
	}
	return "one rule, on " + strings.Join(bareHosts(), ", "), nil
}
