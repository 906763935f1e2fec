package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/openstack/api"
)

// A part is a test with a cloud of its own.
type part struct {
	name    string
	variant bool
	fn      func(context.Context, *report) error
}

// test runs the lab's tests, or those parts that are named: variants only run
// so. Each part begins with a reset lab; that of a brownfield is part of making
// it.
func (l *lab) test(ctx context.Context, parts []string) error {
	all := []part{
		{"main", false, l.testMain},
		{"kills", false, l.testKills},
		{"ceph-2014", false, l.testCeph2014},
		{"cinder-junk", false, l.testCinderJunk},
		{"bare-hosts", true, l.testBareHosts},
		{"helper", true, l.testHelper},
		{"multi-cluster", true, l.testTwoClusters},
		{"kolla", true, l.testKolla},
		{"brownfield", true, l.testBrownfield},
		{"ha", true, l.testHA},
		{"rotate", true, l.testRotate},
		{"rotate-ways", true, l.testWays},
		{"day-two", true, l.testDayTwo},
		{"soak", true, l.testSoak},
	}
	for _, name := range parts {
		if !slices.ContainsFunc(all, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("there is no part %q", name)
		}
	}
	r := &report{}
	var errs []error
	for _, part := range all {
		if named := slices.Contains(parts, part.name); !named && (part.variant || len(parts) > 0) {
			continue
		}
		began := time.Now()
		err := part.fn(ctx, r)
		word := "ok"
		if err != nil {
			word, err = "FAIL", fmt.Errorf("%s: %w", part.name, err)
		}
		errs = append(errs, err)
		l.title("%s %s %.0fs", word, part.name, time.Since(began).Seconds())
	}
	fmt.Print(&integrate.Report{Checks: r.Checks})
	passed := 0
	for _, err := range errs {
		if err == nil {
			passed++
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, len(errs)-passed)
	return errors.Join(errs...)
}

func (l *lab) testMain(ctx context.Context, r *report) error {
	if err := l.run(ctx, "reset"); err != nil {
		return err
	}
	main, err := l.mainJob(ctx)
	r.Checks = append(r.Checks, main.Checks...)
	return err
}

// testKills kills the program at five random moments of an apply, running it
// again each time, and wants the last run to finish the job.
func (l *lab) testKills(ctx context.Context, r *report) error {
	if err := l.run(ctx, "reset"); err != nil {
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
	defer func() { l.killed = "" }()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	l.say("seed %d", seed)
	for i := range 5 {
		after := time.Duration(1000+random.IntN(24000)) * time.Millisecond
		cmd := exec.CommandContext(ctx, program, "apply", "--yes", "-f", l.out("cloud.yaml"), "--break-lock", l.killed)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case err := <-done:
			l.say("run %d ended by itself before its kill at %s: %v", i+1, after, err)
		case <-time.After(after):
			l.say("run %d: kill -9 after %s", i+1, after)
			_ = cmd.Process.Signal(syscall.SIGKILL)
			<-done
		}
	}
	return l.converge(ctx, r)
}

// converge applies once and wants an empty plan, no leftovers and all static
// checks and rights to pass.
func (l *lab) converge(ctx context.Context, r *report) error {
	in, world, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer world.Close()
	return l.stages(ctx, r,
		stage{"apply", func(ctx context.Context) (string, error) { return l.apply(ctx, in) }},
		stage{"the plan is empty", func(ctx context.Context) (string, error) { return l.leftAlone(ctx, in) }},
		stage{"static checks", func(ctx context.Context) (string, error) {
			report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
			return fmt.Sprintf("%d checks", len(report.Checks)), err
		}},
		stage{"no temporary file is left", l.noLeftovers},
		stage{"a volume on each backend", func(ctx context.Context) (string, error) { return l.backends(ctx, world.Cloud) }},
	)
}

func (l *lab) noLeftovers(ctx context.Context) (string, error) {
	for _, host := range l.hosts {
		out, err := l.sh(ctx, host, "find /etc/ceph /etc/glance /etc/cinder /etc/nova /etc/kolla /run /tmp /root -xdev "+
			"-path /run/cephstack -prune -o -iname '*cephstack*' -print 2>/dev/null; "+
			"find /run/cephstack -name '.*' 2>/dev/null; exit 0")
		if err != nil || strings.TrimSpace(out) != "" {
			return "", fmt.Errorf("%s has %s: %w", host, out, errors.Join(err))
		}
	}
	return "none on any host", nil
}

// backends makes a volume on the new backend and looks at the old one's.
func (l *lab) backends(ctx context.Context, cloud *api.Cloud) (string, error) {
	vol, err := cloud.CreateVolume(ctx, api.VolumeRequest{Name: "labtest", SizeGiB: 1, Type: "ceph"})
	if err != nil {
		return "", err
	}
	listed, err := l.sh(ctx, "ceph01", "rbd ls volumes")
	if err == nil && !strings.Contains(listed, "volume-"+vol.ID) {
		err = fmt.Errorf("volume %s is not in pool volumes", vol.ID)
	}
	if err := errors.Join(err, cloud.DeleteVolume(ctx, vol.ID)); err != nil {
		return "", err
	}
	return l.stillAttaches(ctx, cloud)
}

// testCeph2014 starts from a pool and users that somebody made by the guides
// of 2014.
func (l *lab) testCeph2014(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "ceph-2014"); err != nil {
		return err
	}
	if err := l.converge(ctx, r); err != nil {
		return err
	}
	return l.stages(ctx, r, stage{"a foreign right is kept, the old ones are gone",
		func(ctx context.Context) (string, error) {
			caps, err := l.sh(ctx, "ceph01", "ceph auth get client.cinder -f json | python3 -c 'import json,sys; "+
				"print(json.load(sys.stdin)[0][\"caps\"][\"osd\"])'")
			if err == nil && (!strings.Contains(caps, "allow r pool=operator-data") || strings.Contains(caps, "rbd_children") ||
				!strings.Contains(caps, "profile rbd pool=volumes")) {
				err = fmt.Errorf("osd caps are %s", caps)
			}
			return strings.TrimSpace(caps), err
		}})
}

// testCinderJunk starts from a cinder.conf with a working backend and a
// section [ceph] that somebody left there.
func (l *lab) testCinderJunk(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "cinder-junk"); err != nil {
		return err
	}
	old, err := l.sh(ctx, "controller", "cat /etc/cinder/cinder.conf")
	if err != nil {
		return err
	}
	if err := l.converge(ctx, r); err != nil {
		return err
	}
	return l.stages(ctx, r, stage{"no byte of others was touched", func(ctx context.Context) (string, error) {
		now, err := l.sh(ctx, "controller", "cat /etc/cinder/cinder.conf")
		if err != nil {
			return "", err
		}
		return unowned(old, now)
	}})
}

// unowned wants every line of old to be in now, in order, but for those that
// set an option which cephstack owns.
func unowned(old, now string) (string, error) {
	owned := []string{"enabled_backends", "backup_driver", "backup_ceph_", "rbd_", "volume_driver", "volume_backend_name",
		"rados_connect_timeout", "report_discard_supported", "restore_discard_excess_bytes"}
	rest := strings.SplitAfter(now, "\n")
	kept, replaced := 0, 0
	for line := range strings.SplitAfterSeq(old, "\n") {
		i := slices.Index(rest, line)
		if i < 0 {
			name := strings.TrimSpace(line)
			if !slices.ContainsFunc(owned, func(p string) bool {
				return strings.HasPrefix(name, p)
			}) && strings.TrimRight(line, "\n") != "" &&
				!slices.Contains(rest, line+"\n") {
				return "", fmt.Errorf("the line %q is gone", line)
			}
			replaced++
			continue
		}
		rest, kept = rest[i+1:], kept+1
	}
	return fmt.Sprintf("%d lines kept as they were, %d owned ones changed", kept, replaced), nil
}
