package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
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
		"option changed":     "controller: sed -i 's/^rbd_user *=.*/rbd_user = wrong/' /etc/cinder/cinder.conf",
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
	memory int // of the program at its peak, KiB
	heap   int // of this process, which uses the library all the time, KiB
	own    int // open files of this process
	files  int // open files of the services on the hosts
	shells int // programs of cephstack that are still there
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
	if l.killed, err = holder(); err != nil {
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
				l.say("round %d: %+v", n+1, got)
				readings = append(readings, got)
			}
			return fmt.Sprintf("%d rounds", rounds), nil
		}},
		stage{"memory and open files are flat", func(context.Context) (string, error) { return flat(readings) }},
		stage{"the last write sweeps", func(ctx context.Context) (string, error) { return l.sweep(ctx, program) }},
		stage{"no temporary file is left", l.noLeftovers})
}

// sweep makes a converge write into each folder where a hand may have left a temporary file since the last write
// there. A write removes what it finds; an empty plan writes nothing.
func (l *lab) sweep(ctx context.Context, program string) (string, error) {
	if _, err := l.sh(ctx, "controller", "rm -f /etc/ceph/ceph.client.cinder.keyring"); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, program, "converge", "--yes", "-f", l.out("cloud.yaml")).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("converge: %w: %s", err, out)
	}
	return "a keyring on controller", nil
}

// round makes a hand edit, or none, kills a converge, or not, and then wants a converge that
// finishes, an empty plan, and checks that pass.
func (l *lab) round(ctx context.Context, program string, random *rand.Rand) (reading, error) {
	names := append(slices.Sorted(maps.Keys(edits())), "")
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
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "converge", "--yes", "-f", l.out("cloud.yaml"), "--break-lock", l.killed)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return got, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		// What the kernel tells at the end is never less than what this process has, which forked it.
		got.memory = max(got.memory, peak(cmd.Process.Pid))
		select {
		case err := <-ended:
			if err != nil {
				return got, fmt.Errorf("converge: %w: %s", err, &out)
			}
			return l.read(ctx, got)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// peak is how much memory a process had at most, in KiB, or 0 if the process ended.
func peak(pid int) (kib int) {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, after, found := strings.Cut(string(data), "VmHWM:"); found {
		_, _ = fmt.Sscan(after, &kib)
	}
	return kib
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

// settled wants an empty plan and checks that pass. A hand may have ended libvirtd.
func (l *lab) settled(ctx context.Context) error {
	in, world, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer world.Close()
	if _, err := emptyPlan(ctx, in); err != nil {
		return err
	}
	if _, err := l.computesBack(ctx, world.Cloud); err != nil {
		return err
	}
	report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
	if err != nil {
		return fmt.Errorf("%w: %s", err, report)
	}
	return nil
}

// read looks at the plan, and then at the hosts, when no connection is left.
func (l *lab) read(ctx context.Context, got reading) (reading, error) {
	if err := l.settled(ctx); err != nil {
		return got, err
	}
	var heap runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&heap)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return got, err
	}
	got.heap, got.own = int(heap.HeapAlloc>>10), len(files)
	for _, host := range []string{"controller", "compute1", "compute2"} {
		out, err := l.sh(ctx, host, "for p in $(pgrep -d ' ' 'libvirtd|cinder|glance|nova|sshd'); do ls /proc/$p/fd; done "+
			"2>/dev/null | wc -l; pgrep -fc '^/bin/sh -c.*[c]ephstack 2'; exit 0")
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
	first, last := all[:n], all[len(all)-n:]
	var words []string
	rising := false
	for _, f := range []struct {
		name string
		of   func(reading) int
		more int // than a tenth, which is no rise
	}{
		{"KiB of the program", func(r reading) int { return r.memory }, 0},
		{"KiB of the library's heap", func(r reading) int { return r.heap }, 256},
		{"open files of the library", func(r reading) int { return r.own }, 2},
		{"open files of the hosts", func(r reading) int { return r.files }, 20},
		{"programs left", func(r reading) int { return r.shells }, 0},
	} {
		before, after := mean(first, f.of), mean(last, f.of)
		words = append(words, fmt.Sprintf("%s: %d, then %d", f.name, before, after))
		rising = rising || after > before*11/10+f.more
	}
	text := strings.Join(words, "; ")
	if rising {
		return "", errors.New("not flat, in the first and in the last quarter: " + text)
	}
	return text, nil
}

func mean(all []reading, of func(reading) int) int {
	sum := 0
	for _, r := range all {
		sum += of(r)
	}
	return sum / len(all)
}
