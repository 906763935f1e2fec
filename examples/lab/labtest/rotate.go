package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

const (
	longestPause = 20 * time.Second // of a live migration without hardware help, on busy cores
	mostRuns     = 40
)

// A rotation gives the users of the lab new keys, while guests write.
type rotation struct {
	*lab
	cloud   *api.Cloud
	guests  *witnesses
	program string
	random  *rand.Rand
	kills   int                      // that are left
	parts   int                      // rotations that are left
	keys    map[string]string        // users and the keys that they had first
	since   time.Time                // keys that are older have to go
	file    string                   // the Spec of the last rotation
	login   string                   // a file of options with a login for Cinder
	more    string                   // further lines of that Spec
	inside  func(host string) string // what runs a program where services run on a host; empty for the host itself
}

// testRotate gives the services and guests of an integrated cloud new keys while guests write: first without any
// reboot, by a new key of the user that Nova's disks keep; then with a reboot of the guests, so that this user goes,
// too. The program is killed again and again.
func (l *lab) testRotate(ctx context.Context, r *report) error {
	return l.rotating(ctx, r, course{rotateKills(os.Getenv), 2, (*rotation).stages})
}

// A course is a number of kills in a number of rotations, with all that is looked at between them.
type course struct {
	kills, parts int
	stages       func(*rotation) []stage
}

// rotating goes through a course on an integrated cloud.
func (l *lab) rotating(ctx context.Context, r *report, c course) error {
	if err := l.run(ctx, "reset"); err != nil {
		return err
	}
	if err := l.olderKeys(ctx); err != nil {
		return err
	}
	in, world, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer world.Close()
	if err := l.integrated(ctx, r, in, world.Cloud); err != nil {
		return err
	}
	t, end, err := l.newRotation(world.Cloud, c.kills, c.parts)
	if err != nil {
		return err
	}
	defer end()
	return l.stages(ctx, r, c.stages(t)...)
}

// newRotation prepares rotations with a number of kills, until end.
func (l *lab) newRotation(cloud *api.Cloud, kills, parts int) (t *rotation, end func(), err error) {
	dir, err := os.MkdirTemp("", "labtest")
	if err != nil {
		return nil, nil, err
	}
	seed := uint64(time.Now().UnixNano())
	l.say("seed %d", seed)
	t = &rotation{lab: l, cloud: cloud, program: filepath.Join(dir, "cephstack"), parts: parts, kills: kills,
		random: rand.New(rand.NewPCG(seed, 0)), keys: map[string]string{},
		inside: func(string) string { return "" }}
	end = func() {
		l.killed = ""
		if t.guests != nil {
			t.guests.end()
		}
		_ = os.RemoveAll(dir)
	}
	if l.killed, err = holder(); err != nil {
		end()
	}
	return t, end, err
}

func (t *rotation) stages() []stage {
	never := func(*witness) bool { return false }
	always := func(*witness) bool { return true }
	return []stage{
		{"the program is built", t.build},
		{"guests write to their disks", t.begin},
		{"other users, without a reboot", func(ctx context.Context) (string, error) {
			return t.rotate(ctx, ".1", "live-migration, hybrid", "glance", "cinder-backup", "cinder")
		}},
		{"the guests have lost nothing, and did not boot", func(ctx context.Context) (string, error) {
			return t.guests.judge(ctx, longestPause, never)
		}},
		{"the old keys are refused on each host", t.refused},
		{"other users, with a reboot of the guests", func(ctx context.Context) (string, error) {
			return t.rotate(ctx, ".2", "live-migration, hard-reboot", "glance.1", "cinder-backup.1", "cinder.1", "cinder")
		}},
		{"the guests have lost nothing", func(ctx context.Context) (string, error) {
			return t.guests.judge(ctx, longestPause, always)
		}},
		{"the keys of before are refused on each host", t.refused},
		{"the plan is empty, and all static checks pass", t.quiet},
		{"a guest may still be rebooted and moved", t.alive},
		{"no temporary file is left", t.noLeftovers},
	}
}

func (t *rotation) build(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "build", "-o", t.program, "./examples/cephstack").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return t.program, nil
}

func (t *rotation) begin(ctx context.Context) (said string, err error) {
	if t.guests, err = t.startWitnesses(ctx, t.cloud, "compute1", "compute2", "compute1"); err != nil {
		return "", err
	}
	return t.guests.judge(ctx, longestPause, func(*witness) bool { return false })
}

// spec writes the lab's Spec with services that work as other users: those with another end. It says which users go,
// and what may be done to guests.
func (t *rotation) spec(end, may string, old []string) (path string, err error) {
	text, err := os.ReadFile(t.out("cloud.yaml"))
	if err != nil {
		return "", err
	}
	for _, user := range []string{"glance", "cinder-backup", "cinder"} {
		for _, behind := range []string{"}", ","} {
			text = bytes.ReplaceAll(text, []byte("user: "+user+behind), []byte("user: "+user+end+behind))
		}
	}
	text = append(text, "\n"+t.more+"rotate:\n"...)
	for _, user := range old {
		name, _, _ := strings.Cut(user, ".")
		text = fmt.Appendf(text, "  - {from: client.%s, to: client.%s%s, since: %q%s", user, name, end,
			t.since.Format(time.RFC3339), t.keyType())
		if name == "cinder" {
			text = fmt.Appendf(text, ", guests: [{may: [%s], at_once: 2, within: 10m}]", may)
		}
		if name == "cinder" && strings.Contains(may, "stop-start") {
			text = append(text, ", nova_manage: controller"...)
			if t.login != "" {
				text = fmt.Appendf(text, ", nova_manage_config: [/etc/nova/nova.conf, %s]", t.login)
			}
		}
		text = append(text, "}\n"...)
	}
	t.file = t.out("cloud-rotate" + end + ".yaml")
	return t.file, os.WriteFile(t.file, text, 0o600)
}

// keyType is what the new keys of this suite are.
func (*rotation) keyType() string {
	if os.Getenv("SUITE") == "sid" {
		return ", key_type: aes256k"
	}
	return ""
}

// rotate runs the program until it has nothing more to do, and kills it now and then.
func (t *rotation) rotate(ctx context.Context, end, may string, old ...string) (string, error) {
	t.since = time.Now().UTC()
	path, err := t.spec(end, may, old)
	if err != nil {
		return "", err
	}
	args := []string{"rotate", "--yes", "-f", path, "--break-lock", t.killed}
	for _, user := range old {
		key, err := t.sh(ctx, "ceph01", "ceph auth get-key client."+user)
		if err != nil {
			return "", err
		}
		t.keys[user] = strings.TrimSpace(key)
		if name, _, _ := strings.Cut(user, "."); user != name+end { // or else it stays, with another key
			args = append(args, "--revoke", "client."+user)
		}
	}
	return t.until(ctx, func(code int) bool { return code == 0 }, args...)
}

// until runs the program until it ends with an exit status that is wanted, and does its share of the kills meanwhile.
func (t *rotation) until(ctx context.Context, done func(code int) bool, args ...string) (string, error) {
	share := (t.kills + t.parts - 1) / t.parts // of the kills that are left
	t.parts--
	killed := 0
	began := time.Now()
	for run := 1; run <= mostRuns; run++ {
		after := time.Hour
		if killed < share {
			after = time.Duration(500+t.random.IntN(20000)) * time.Millisecond
		}
		code, ended, err := t.once(ctx, after, args...)
		switch {
		case err != nil:
			return "", err
		case !ended:
			t.kills, killed = t.kills-1, killed+1
		case done(code):
			return fmt.Sprintf("%d runs, %d kills, %.0f s", run, killed, time.Since(began).Seconds()), nil
		default:
			t.say("run %d ended with %d", run, code)
		}
	}
	return "", fmt.Errorf("after %d runs the rotation is not done", mostRuns)
}

// once runs the program, and kills it after a while.
func (t *rotation) once(ctx context.Context, after time.Duration, args ...string) (code int, ended bool, err error) {
	cmd := exec.CommandContext(ctx, t.program, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, false, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return 0, true, err
		}
		return cmd.ProcessState.ExitCode(), true, nil
	case <-time.After(after):
		t.say("kill -9 after %s", after)
		_ = cmd.Process.Signal(syscall.SIGKILL)
		<-done
		return 0, false, nil
	}
}

// refused logs in with each old key, on each host with services, and wants the monitors to refuse it.
func (t *rotation) refused(ctx context.Context) (string, error) {
	const program = `import rados, sys
cluster = rados.Rados(conffile="/etc/ceph/ceph.conf", name="client." + sys.argv[1],
    conf={"key": sys.stdin.readline().strip(), "client_mount_timeout": "20", "keyring": "/dev/null"})
try:
    cluster.connect()
    print("accepted")
except rados.Error as err:
    print(type(err).__name__)`
	tries := 0
	for user, key := range t.keys {
		for _, host := range t.hosts {
			out, err := t.tell(ctx, host, t.inside(host)+"python3 -c "+quote(program)+" "+user, key+"\n")
			if err != nil {
				return "", err
			}
			if got := strings.TrimSpace(out); got != "PermissionDeniedError" {
				return "", fmt.Errorf("%s: the old key of client.%s: %s", host, user, got)
			}
			tries++
		}
	}
	return fmt.Sprintf("%d logins, each refused", tries), nil
}

// olderKeys lets a cluster that makes keys of type aes256k make those of type aes, as one that was upgraded.
func (l *lab) olderKeys(ctx context.Context) error {
	if os.Getenv("SUITE") != "sid" {
		return nil
	}
	_, err := l.sh(ctx, "ceph01", "ceph mon set auth_allowed_ciphers aes,aes256k && "+
		"ceph mon set auth_preferred_cipher aes")
	return err
}

// quiet wants nothing to do once the rotation is done.
func (t *rotation) quiet(ctx context.Context) (string, error) {
	in, world, err := t.openFile(ctx, filepath.Base(t.file))
	if err != nil {
		return "", err
	}
	defer world.Close()
	if _, err := emptyPlan(ctx, in); err != nil {
		return "", err
	}
	report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
	return fmt.Sprintf("empty plan, %d checks", len(report.Checks)), err
}

// openFile opens the Spec of a file beside the keys.
func (l *lab) openFile(ctx context.Context, name string) (*integrate.Integration, *connect.World, error) {
	return l.open(ctx, func(s *spec.Spec) error {
		f, err := os.Open(l.out(name))
		if err != nil {
			return err
		}
		defer f.Close()
		*s, err = spec.Load(f, l.out(""))
		return err
	})
}

// alive reboots one guest and moves another: each can come back on any compute.
func (t *rotation) alive(ctx context.Context) (string, error) {
	first, second := t.guests.all[0], t.guests.all[1]
	if err := t.cloud.RebootServer(ctx, first.id); err != nil {
		return "", err
	}
	s, err := t.cloud.Server(ctx, second.id)
	if err != nil {
		return "", err
	}
	to := map[string]string{"compute1": "compute2", "compute2": "compute1"}[s.Host]
	if err := t.cloud.LiveMigrate(ctx, second.id, to); err != nil {
		return "", err
	}
	return t.guests.judge(ctx, longestPause, func(w *witness) bool { return w == first })
}

// rotateKills is how often the program is killed: KILLS of the environment, or 20 times.
func rotateKills(getenv func(string) string) int {
	if n, err := strconv.Atoi(getenv("KILLS")); err == nil {
		return n
	}
	return 20
}
