package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// known is what somebody knows of the lab who has no Spec of it: its hosts, its clusters, and how they and the APIs are
// reached.
func (l *lab) known(clusters ...string) (spec.Spec, error) {
	s, err := l.load()
	if err != nil {
		return s, err
	}
	bare := spec.Spec{SSH: s.SSH, Cloud: s.Cloud}
	for _, name := range clusters {
		bare.Clusters = append(bare.Clusters,
			spec.Cluster{Name: name, Host: s.Clusters[0].Host, Access: s.Clusters[0].Access})
	}
	for _, h := range s.Hosts {
		bare.Hosts = append(bare.Hosts, spec.Host{Name: h.Name, Address: h.Address})
	}
	return bare, nil
}

// adopt finds the Spec of the lab from the lab.
func (l *lab) adopt(ctx context.Context, clusters ...string) (*adopt.Adoption, error) {
	known, err := l.known(clusters...)
	if err != nil {
		return nil, err
	}
	var opened []*connect.World
	defer func() {
		for _, w := range opened {
			_ = w.Close()
		}
	}()
	open := func(ctx context.Context, s spec.Spec) (world.World, error) {
		w, err := connect.Open(ctx, s, connect.Options{})
		if err != nil {
			return world.World{}, err
		}
		opened = append(opened, w)
		return w.World, nil
	}
	found, err := adopt.Adopt(ctx, adopt.Config{Spec: known, Open: open})
	if err != nil {
		return nil, err
	}
	text, err := found.Text()
	if err != nil {
		return nil, err
	}
	fmt.Print(text)
	fmt.Print(found.Plan)
	if len(found.Unread) > 0 {
		return nil, fmt.Errorf("%s could not be read: %w", found.Unread[0].Name, found.Unread[0].Err)
	}
	_, err = spec.Load(strings.NewReader(text), l.out(""))
	return found, err
}

// adoptedAsItIs adopts the lab, as cephstack has made it, and wants the plan of the Spec that was found to be empty,
// also once the Spec went through its text. Nothing has to be kept as found for that.
func (l *lab) adoptedAsItIs(ctx context.Context, clusters ...string) (string, error) {
	found, err := l.adopt(ctx, clusters...)
	if err != nil {
		return "", err
	}
	if !found.Plan.Empty() || len(found.Plan.Problems()) > 0 {
		return "", fmt.Errorf("the plan of the adopted Spec has %d changes and %d problems", len(found.Plan.Changes),
			len(found.Plan.Problems()))
	}
	if n := len(found.Spec.Keep); n > 0 {
		return "", fmt.Errorf("the adopted Spec keeps %d differences of a cloud that cephstack has made", n)
	}
	plan, err := l.planAgain(ctx, found)
	if err != nil {
		return "", err
	}
	if !plan.Empty() || len(plan.Problems()) > 0 {
		return "", fmt.Errorf("the plan of the text of the adopted Spec has %d changes and %d problems", len(plan.Changes),
			len(plan.Problems()))
	}
	return fmt.Sprintf("empty plan, %d notes; %d remarks", len(plan.Findings), len(found.Remarks)), nil
}

// planAgain is the plan of an adopted Spec once it went through its text.
func (l *lab) planAgain(ctx context.Context, found *adopt.Adoption) (*integrate.Plan, error) {
	text, err := found.Text()
	if err != nil {
		return nil, err
	}
	in, w, err := l.open(ctx, func(s *spec.Spec) (err error) {
		*s, err = spec.Load(strings.NewReader(text), l.out(""))
		return err
	})
	if err != nil {
		return nil, err
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	return plan, errors.Join(err, w.Close())
}

func (d *dayTwo) adopted(ctx context.Context) (string, error) { return d.adoptedAsItIs(ctx, "ceph") }

// adoptedAsFarAsCanBe adopts a cloud that is odd. What can be kept as found is kept. The plan may have other things to
// do, the same ones once the Spec went through its text, and each field that is not clear has a remark.
func (l *lab) adoptedAsFarAsCanBe(ctx context.Context, clusters ...string) (string, error) {
	found, err := l.adopt(ctx, clusters...)
	if err != nil {
		return "", err
	}
	for _, remark := range found.Remarks {
		l.say("remark  %v", remark)
	}
	if s := found.Spec; s.Glance == nil || s.Cinder == nil || s.Nova == nil {
		return "", errors.New("one of Glance, Cinder and Nova was not found")
	}
	left := len(found.Plan.Changes) + len(found.Plan.Problems())
	if left > 0 && len(found.Remarks) == 0 {
		return "", fmt.Errorf("%d changes and problems, and no remark", left)
	}
	again, err := l.planAgain(ctx, found)
	if err != nil {
		return "", err
	}
	if len(again.Changes) != len(found.Plan.Changes) {
		return "", fmt.Errorf("the plan of the text of the adopted Spec has %d changes, and not %d", len(again.Changes),
			len(found.Plan.Changes))
	}
	var creates, updates []string
	for _, c := range found.Plan.Changes {
		switch c.Action {
		case integrate.Create:
			creates = append(creates, c.ID)
		case integrate.Update:
			updates = append(updates, c.ID)
		}
	}
	return fmt.Sprintf("%d entries keep what was found; %d changes (%d to create: %s; %d to update: %s), %d problems, "+
		"%d remarks", len(found.Spec.Keep), len(found.Plan.Changes), len(creates), strings.Join(creates, ", "),
		len(updates), strings.Join(updates, ", "), len(found.Plan.Problems()), len(found.Remarks)), nil
}
