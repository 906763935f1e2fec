package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// bareHosts are those that nobody has prepared.
func bareHosts() []string { return []string{"controller", "compute1", "compute2"} }

// newLogin makes the lab's Spec one for a login that the hosts do not let in yet.
func (l *lab) newLogin(s *spec.Spec) error {
	key, err := os.ReadFile(l.out("deploy_ed25519.pub"))
	if err != nil {
		return err
	}
	s.SSH.User, s.SSH.KeyFiles = "deploy", []string{l.out("deploy_ed25519")}
	s.SSH.Entry = &spec.Entry{User: "installer", PasswordFile: l.out("installer_password")}
	s.Prepare = &spec.Prepare{
		Authorize: &spec.Authorize{Keys: []string{strings.TrimSpace(string(key))}},
		Sudo:      &spec.Sudo{Narrow: true},
		Guests:    &spec.Guests{},
	}
	return nil
}

// testBareHosts does the main job on hosts that let in nobody but an account
// with a password.
func (l *lab) testBareHosts(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "bare-hosts"); err != nil {
		return err
	}
	in, world, err := l.open(ctx, l.newLogin)
	if err != nil {
		return err
	}
	defer world.Close()
	err = l.stages(ctx, r, stage{"the hosts are bare", func(ctx context.Context) (string, error) {
		return l.bare(ctx, world.World)
	}})
	if err == nil {
		err = l.wholeJob(ctx, r, in, world.Cloud)
	}
	if err != nil {
		return err
	}
	return l.stages(ctx, r,
		stage{"key and rule are as they should be", l.wayIn},
		stage{"the first entry is not needed any more", l.withoutEntry},
		stage{"what guests need comes back after a reboot", l.afterReboot},
		stage{"no temporary file is left", l.noLeftovers},
	)
}

// bare wants the login to be refused, and nothing of Ceph to be there.
func (l *lab) bare(ctx context.Context, world world.World) (string, error) {
	for _, name := range bareHosts() {
		if _, err := world.Hosts[name].Do(ctx, remote.Run{Argv: []string{"true"}}); !errors.Is(err, remote.ErrAuth) {
			return "", fmt.Errorf("%s lets deploy in (%v)", name, err)
		}
		const script = `ls -d /etc/ceph /etc/sudoers.d/*cephstack* /etc/sudoers.d/deploy /home/deploy/.ssh 2>/dev/null
command -v ceph
dpkg-query -W -f '${Package} ${db:Status-Status}\n' ceph-common 2>/dev/null | grep ' installed'; exit 0`
		if out, err := l.sh(ctx, name, script); err != nil || out != "" {
			return "", fmt.Errorf("%s has %s: %v", name, out, err)
		}
	}
	return "no key, no sudo rule, no /etc/ceph and no ceph-common on " + strings.Join(bareHosts(), ", "), nil
}

// wayIn looks at what the way in was made of.
func (l *lab) wayIn(ctx context.Context) (string, error) {
	const want = "440 root:root /etc/sudoers.d/cephstack-deploy\n700 deploy:deploy /home/deploy/.ssh\n" +
		"600 deploy:deploy /home/deploy/.ssh/authorized_keys\n1\n"
	for _, name := range bareHosts() {
		out, err := l.sh(ctx, name, "visudo -cq && stat -c '%a %U:%G %n' /etc/sudoers.d/cephstack-deploy /home/deploy/.ssh "+
			"/home/deploy/.ssh/authorized_keys; wc -l </home/deploy/.ssh/authorized_keys")
		if err != nil || out != want {
			return "", fmt.Errorf("%s has %s: %v", name, out, err)
		}
	}
	return "rule 0440, one key, on " + strings.Join(bareHosts(), ", "), nil
}

// withoutEntry wants an empty plan by the normal login alone.
func (l *lab) withoutEntry(ctx context.Context) (string, error) {
	in, world, err := l.open(ctx, l.newLogin, func(s *spec.Spec) error {
		s.SSH.Entry = nil
		return nil
	})
	if err != nil {
		return "", err
	}
	defer world.Close()
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err == nil && (!plan.Empty() || len(plan.Problems()) > 0) {
		err = fmt.Errorf("the plan is not empty:\n%s", plan)
	}
	return "empty plan", err
}

// afterReboot does to the computes' /run what a reboot does.
func (l *lab) afterReboot(ctx context.Context) (string, error) {
	var all []string
	for _, name := range bareHosts()[1:] {
		out, err := l.sh(ctx, name, "set -e; before=$(stat -c '%n %a %U:%G' /run/ceph/guests); rm -rf /run/ceph; "+
			"systemd-tmpfiles --create; [ \"$before\" = \"$(stat -c '%n %a %U:%G' /run/ceph/guests)\" ]; echo \"$before\"")
		if err != nil {
			return "", err
		}
		all = append(all, name+" "+strings.TrimSpace(out))
	}
	slices.Sort(all)
	return strings.Join(all, ", "), nil
}
