package main

import (
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
)

// edits are what a hand does to the lab's cloud between two runs. Each is undone by the
// next converge.
func edits() map[string]string {
	const secrets = "for u in $(virsh secret-list | awk '/ceph/ {print $1}'); do virsh secret-undefine $u; done"
	return map[string]string{
		"keyring gone":       "controller: rm -f /etc/ceph/ceph.client.cinder.keyring",
		"keyring open":       "controller: chmod 644 /etc/ceph/ceph.client.glance.keyring",
		"conf changed":       "compute1: sed -i 's/^mon.host.*/mon_host = 10.0.0.1/' /etc/ceph/ceph.conf",
		"option changed":     "controller: sed -i 's/^rbd_pool *=.*/rbd_pool = wrong/' /etc/cinder/cinder.conf",
		"comment added":      "controller: sed -i '1i # a hand was here' /etc/cinder/cinder.conf /etc/glance/glance-api.conf",
		"secret gone":        "compute1: " + secrets,
		"service stopped":    "controller: systemctl stop cinder-volume",
		"rights taken":       "ceph01: ceph auth caps client.glance mon 'profile rbd'",
		"leftover of a kill": "controller: touch /etc/ceph/.cephstack.999999.x",
		"libvirtd killed":    "compute1: pkill -9 -x libvirtd; sleep 1; systemctl start libvirtd",
		"file touched":       "controller: touch /etc/cinder/cinder.conf",
	}
}

// A reading is what a round of the soak uses.
type reading struct {
	memory int64 // of the program at its peak, KiB
	files  int   // open files of the services on the hosts
	shells int   // programs of cephstack that are still there
}

// testSoak converges the cloud again and again, with kills and hand edits in between, and wants
// that memory and open files stay flat, and that nothing is left behind. SOAK is the number of
// rounds, 200 if it is not set.
func (l *lab) testSoak(ctx context.Context, r *report) error {
	rounds := 200
	if text := os.Getenv("SOAK"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 8 {
			return fmt.Errorf("SOAK=%q is not a number of rounds, which is 8 or more", text)
		}
		rounds = n
	}
	if err := l.testMain(ctx, r); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "labtest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "cephstack")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program,
		"./examples/cephstack").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	if l.killed, err = owner(); err != nil {
		return err
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	l.say("seed %d", seed)
	var readings []reading
	return l.stages(ctx, r,
		stage{"soak", func(ctx context.Context) (string, error) {
			for n := range rounds {
				got, err := l.round(ctx, program, random)
				if err != nil {
					return "", fmt.Errorf("round %d of seed %d: %w", n+1, seed, err)
				}
				l.say("round %d: %d KiB, %d open files, %d programs", n+1, got.memory, got.files, got.shells)
				readings = append(readings, got)
			}
			return fmt.Sprintf("%d rounds", rounds), nil
		}},
		stage{"memory and open files are flat", func(context.Context) (string, error) { return flat(readings) }},
		stage{"no temporary file is left", l.noLeftovers})
}

// round makes a hand edit, or none, kills a converge, or not, and then wants a converge that
// finishes, an empty plan, and checks that pass.
func (l *lab) round(ctx context.Context, program string, random *rand.Rand) (reading, error) {
	names := []string{""}
	for name := range edits() {
		names = append(names, name)
	}
	name := names[random.IntN(len(names))]
	if edit := edits()[name]; edit != "" {
		host, script, _ := strings.Cut(edit, ": ")
		if _, err := l.sh(ctx, host, script); err != nil {
			return reading{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	after := time.Duration(0)
	if random.IntN(2) == 0 {
		after = time.Duration(200+random.IntN(6000)) * time.Millisecond
	}
	l.say("hand: %q; kill: %s", name, after)
	if after > 0 {
		err := killed(ctx, after, program, "converge", "--yes", "-f", l.out("cloud.yaml"), "--break-lock", l.killed)
		if err != nil {
			return reading{}, err
		}
	}
	var got reading
	cmd := exec.CommandContext(ctx, program, "converge", "--yes", "-f", l.out("cloud.yaml"), "--break-lock", l.killed)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return got, fmt.Errorf("converge: %w: %s", err, out)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		got.memory = usage.Maxrss
	}
	return l.read(ctx, got)
}

// killed runs a program and kills it after some time. That it ends before is no error.
func killed(ctx context.Context, after time.Duration, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
	defer timer.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// read looks at the hosts after a round, and at the plan.
func (l *lab) read(ctx context.Context, got reading) (reading, error) {
	in, world, err := l.open(ctx)
	if err != nil {
		return got, err
	}
	defer world.Close()
	if _, err := l.leftAlone(ctx, in); err != nil {
		return got, err
	}
	report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
	if err != nil {
		return got, fmt.Errorf("%w: %s", err, report)
	}
	for _, host := range []string{"controller", "compute1", "compute2"} {
		out, err := l.sh(ctx, host, "for p in $(pgrep -d ' ' 'libvirtd|cinder|glance|nova|sshd'); do ls /proc/$p/fd; done "+
			"2>/dev/null | wc -l; pgrep -fc '^/bin/sh -c.*cephstack 2'; exit 0")
		if err != nil {
			return got, err
		}
		var files, shells int
		if _, err := fmt.Sscan(out, &files, &shells); err != nil {
			return got, fmt.Errorf("%s: %q: %w", host, out, err)
		}
		got.files, got.shells = got.files+files, got.shells+shells
	}
	return got, nil
}

// flat compares the last quarter of the readings with the first one.
func flat(all []reading) (string, error) {
	n := len(all) / 4
	sum := func(part []reading) (s reading) {
		for _, r := range part {
			s.memory, s.files, s.shells = s.memory+r.memory, s.files+r.files, s.shells+r.shells
		}
		return reading{s.memory / int64(n), s.files / n, s.shells / n}
	}
	first, last := sum(all[:n]), sum(all[len(all)-n:])
	words := fmt.Sprintf("first quarter: %d KiB, %d open files, %d programs; last quarter: %d KiB, %d, %d", first.memory,
		first.files, first.shells, last.memory, last.files, last.shells)
	if last.memory > first.memory*11/10 || last.files > first.files*11/10+20 || last.shells > first.shells+1 {
		return "", errors.New("not flat: " + words)
	}
	return words, nil
}
