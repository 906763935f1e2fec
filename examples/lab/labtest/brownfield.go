package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

const (
	mostRounds   = 6 // of plan, advice and apply
	firstBackend = "    - {name: ceph, pool: volumes, user: cinder, volume_type: ceph}\n"
)

// A byHand is a cloud that somebody integrated by hand, and what runs in it.
type byHand struct {
	*lab
	follower
	opened func(context.Context, spec.Spec) (*integrate.Integration, io.Closer, error)
	made   struct {
		Image  struct{ ID, SHA256 string }
		Server struct{ ID string }
		Disks  []string // pool/image
	}
	boot  string // of the guest
	odd   []oddity
	named map[string]int // the round in which a plan named an oddity first
}

// testBrownfield takes over a cloud that somebody integrated by hand: by what the plan may do, and then by
// doing what its texts say until there is nothing to do.
func (l *lab) testBrownfield(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "by-hand"); err != nil {
		return err
	}
	h, err := l.openByHand()
	if err != nil {
		return err
	}
	err = l.stages(ctx, r,
		stage{"the vm writes to its disks in ceph", h.writes},
		stage{"the spec is found, as far as the cloud allows", func(ctx context.Context) (string, error) {
			return l.adoptedAsFarAsCanBe(ctx, "ceph")
		}},
		stage{"the plan names what is odd", h.firstPlan},
		stage{"apply of what the plan may do", func(ctx context.Context) (string, error) { return h.apply(ctx, true) }},
		stage{"what runs goes on", h.runs},
		stage{"the texts are followed until the plan is empty", h.toTheEnd},
		stage{"each oddity was named", h.allNamed},
		stage{"foreign rights are there", h.foreignRights},
		stage{"what runs goes on, with its old bytes", h.runs},
	)
	if err != nil {
		return err
	}
	in, world, err := l.open(ctx, h.asTold)
	if err != nil {
		return err
	}
	defer world.Close()
	if err := l.verify(ctx, in, r); err != nil {
		return err
	}
	err = l.secondPlan(ctx, in, r)
	return errors.Join(err, l.stages(ctx, r,
		stage{"after all, what runs goes on", h.runs},
		stage{"old image is still served", func(ctx context.Context) (string, error) {
			return l.stillServed(ctx, world.Cloud)
		}},
		stage{"old vm still runs", func(ctx context.Context) (string, error) { return l.stillRuns(ctx, world.Cloud) }},
		stage{"old volume still attaches", func(ctx context.Context) (string, error) {
			return l.stillAttaches(ctx, world.Cloud)
		}},
		stage{"the spec is found again from the cloud", func(ctx context.Context) (string, error) {
			return l.adoptedAsItIs(ctx, "ceph")
		}},
		stage{"no temporary file is left", l.noLeftovers}))
}

// openByHand reads what brownfield by-hand made. The Spec is that of somebody who knows of a second
// backend, and of nothing that is odd.
func (l *lab) openByHand() (*byHand, error) {
	h := &byHand{lab: l, odd: oddities(), named: map[string]int{}}
	h.carry = func(ctx context.Context, host, script string) error {
		_, err := l.sh(ctx, host, script)
		return err
	}
	h.opened = func(ctx context.Context, s spec.Spec) (*integrate.Integration, io.Closer, error) {
		return l.open(ctx, func(given *spec.Spec) error { *given = s; return nil })
	}
	data, err := os.ReadFile(l.out("by-hand.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &h.made); err != nil {
		return nil, err
	}
	if h.text, err = os.ReadFile(l.out("cloud.yaml")); err == nil {
		h.text, err = withSlow(h.text)
	}
	return h, err
}

// withSlow gives the lab's Spec a second backend.
func withSlow(text []byte) ([]byte, error) {
	const second = "    - {name: slow, pool: volumes-slow, user: cinder, volume_type: slow}\n"
	if !bytes.Contains(text, []byte(firstBackend)) {
		return nil, errors.New("cloud.yaml has no longer the backend that a second one is put beside")
	}
	return bytes.Replace(text, []byte(firstBackend), []byte(firstBackend+second), 1), nil
}

// asTold makes the Spec what the texts made of it.
func (h *byHand) asTold(s *spec.Spec) (err error) {
	*s, err = spec.Load(bytes.NewReader(h.text), h.out(""))
	return err
}

// integration opens the Spec as it is now.
func (h *byHand) integration(ctx context.Context) (*integrate.Integration, io.Closer, error) {
	var s spec.Spec
	if err := h.asTold(&s); err != nil {
		return nil, nil, err
	}
	return h.opened(ctx, s)
}

// plan plans, and remembers what the plan names.
func (h *byHand) plan(ctx context.Context, round int) (*integrate.Plan, error) {
	in, world, err := h.integration(ctx)
	if err != nil {
		return nil, err
	}
	defer world.Close()
	p, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range h.odd {
		if _, known := h.named[o.what]; !known && o.named(p) {
			h.named[o.what] = round
		}
	}
	return p, nil
}

// firstPlan wants most oddities to be named at once: the others are behind those.
func (h *byHand) firstPlan(ctx context.Context) (string, error) {
	p, err := h.plan(ctx, 0)
	if err != nil {
		return "", err
	}
	fmt.Print(p)
	for _, f := range p.Findings {
		if f.Code == "host-unreadable" {
			return "", fmt.Errorf("%s", f)
		}
	}
	return fmt.Sprintf("%d of %d oddities, %d problems, %d changes", len(h.named), len(h.odd), len(p.Problems()),
		len(p.Changes)), nil
}

// allNamed wants each oddity to have been named by a plan.
func (h *byHand) allNamed(context.Context) (string, error) {
	rounds := map[int]int{}
	for _, o := range h.odd {
		round, ok := h.named[o.what]
		if !ok {
			return "", fmt.Errorf("no plan named this: %s (%s on %s, %q)", o.what, o.code, o.target, o.words)
		}
		rounds[round]++
	}
	return fmt.Sprintf("%d oddities; by round: %v", len(h.odd), rounds), nil
}

// apply applies what the plan has. Problems may be left.
func (h *byHand) apply(ctx context.Context, problems bool) (string, error) {
	in, world, err := h.integration(ctx)
	if err != nil {
		return "", err
	}
	defer world.Close()
	p, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return "", err
	}
	result, err := in.Apply(ctx, p, integrate.ApplyOptions{})
	if result == nil {
		return "", err
	}
	for _, o := range result.Outcomes {
		if o.Status != integrate.Applied && o.Status != integrate.Unchanged && o.Status != integrate.Skipped {
			return "", fmt.Errorf("%s: %s: %s", o.Change.ID, o.Status, o.Error)
		}
	}
	if problems && errors.Is(err, integrate.ErrIncomplete) {
		err = nil
	}
	return fmt.Sprintf("%d applied, %d problems are left", result.Count(integrate.Applied), len(p.Problems())), err
}

// toTheEnd does what the texts say, and applies, until there is nothing to do.
func (h *byHand) toTheEnd(ctx context.Context) (string, error) {
	for round := 1; round <= mostRounds; round++ {
		p, err := h.advised(ctx, round)
		if err != nil {
			return "", err
		}
		if p.Empty() && len(p.Problems()) == 0 {
			return fmt.Sprintf("%d rounds, %d advices followed", round, len(h.done)), nil
		}
		h.title("round %d: apply %d changes, with %d problems", round, len(p.Changes), len(p.Problems()))
		for _, f := range p.Findings {
			h.say("%s", f)
		}
		if _, err := h.apply(ctx, true); err != nil {
			return "", err
		}
	}
	p, err := h.plan(ctx, mostRounds)
	return "", fmt.Errorf("after %d rounds there is something to do: %w\n%s", mostRounds, err, p)
}

// advised plans and does what the texts say, until a plan says nothing that is new.
func (h *byHand) advised(ctx context.Context, round int) (*integrate.Plan, error) {
	for {
		p, err := h.plan(ctx, round)
		if err != nil {
			return nil, err
		}
		did, err := h.follow(ctx, p.Findings)
		for _, said := range did {
			h.say("followed  %s", said)
		}
		if err != nil || len(did) == 0 {
			return p, err
		}
	}
}

// foreignRights wants the clause of another pool to be there.
func (h *byHand) foreignRights(ctx context.Context) (string, error) {
	out, err := h.sh(ctx, "ceph01", "ceph auth get client.glance 2>/dev/null | grep 'caps osd'")
	if err == nil && !strings.Contains(out, "allow r pool=operator-data") {
		err = fmt.Errorf("client.glance has %s", out)
	}
	return strings.TrimSpace(out), err
}

// runs looks at all that ran before anybody took the cloud over.
func (h *byHand) runs(ctx context.Context) (string, error) {
	said, err := h.writes(ctx)
	if err != nil {
		return "", err
	}
	_, world, err := h.open(ctx, h.asTold)
	if err != nil {
		return "", err
	}
	defer world.Close()
	s, err := world.Cloud.Server(ctx, h.made.Server.ID)
	if err == nil && (s.Status != "ACTIVE" || len(s.Volumes) != len(h.made.Disks)-1) {
		err = fmt.Errorf("the VM is %s, with %d volumes", s.Status, len(s.Volumes))
	}
	if err == nil {
		err = h.sameImage(ctx, world.Cloud)
	}
	return said + "; the image has its bytes", err
}

func (h *byHand) sameImage(ctx context.Context, cloud *api.Cloud) error {
	l := *h.lab
	l.before.Image = h.made.Image
	_, err := l.stillServed(ctx, cloud)
	return err
}

// A written is what the guest wrote to a disk last, and the digest of what it wrote once.
type written struct {
	boot  string
	count int
	old   string
}

// writes waits until the guest has written to each of its disks once more, in the boot that it had
// at first, and wants its old bytes to be there.
func (h *byHand) writes(ctx context.Context) (string, error) {
	sum := sha256.Sum256([]byte(strings.Repeat("bytes of before\n", 1<<16)))
	old := hex.EncodeToString(sum[:])
	first := map[string]int{}
	began := time.Now()
	for {
		now, err := h.disks(ctx)
		if err != nil {
			return "", err
		}
		more := 0
		for disk, s := range now {
			if s.old != old || s.boot == "" {
				continue
			}
			if h.boot == "" {
				h.boot = s.boot
			}
			if s.boot != h.boot {
				return "", fmt.Errorf("the guest has booted anew: %s has %s, not %s", disk, s.boot, h.boot)
			}
			if _, seen := first[disk]; !seen {
				first[disk] = s.count
			}
			if s.count > first[disk] {
				more++
			}
		}
		if more == len(h.made.Disks) {
			return fmt.Sprintf("boot %s, count %d, on %d disks", h.boot[:8], now[h.made.Disks[0]].count, more), nil
		}
		if time.Since(began) > 3*time.Minute {
			return "", fmt.Errorf("the guest writes to %d of its %d disks: %v", more, len(h.made.Disks), now)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(3 * time.Second):
		}
	}
}

// disks reads the guest's disks in Ceph.
func (h *byHand) disks(ctx context.Context) (map[string]written, error) {
	const script = `python3 - %s <<'PY'
import hashlib, rados, rbd, sys
with rados.Rados(conffile="/etc/ceph/ceph.conf", rados_id="admin") as cluster:
    for name in sys.argv[1:]:
        pool, image = name.split("/")
        with cluster.open_ioctx(pool) as io, rbd.Image(io, image, read_only=True) as disk:
            once, last = disk.read(256 << 20, 1 << 20), disk.read(512 << 20, 512)
            print(name, hashlib.sha256(once).hexdigest(), last.decode().strip())
PY`
	out, err := h.sh(ctx, "ceph01", fmt.Sprintf(script, strings.Join(h.made.Disks, " ")))
	if err != nil {
		return nil, err
	}
	all := map[string]written{}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 4 {
			count, _ := strconv.Atoi(f[3])
			all[f[0]] = written{f[2], count, f[1]}
		}
	}
	return all, nil
}
