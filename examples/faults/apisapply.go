//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/cephstack/cephstack/integrate"
)

// apply makes a volume type, with one request to the APIs that is spoilt, and compares what the result tells with what
// the cloud has. The next run finishes.
func (v *spoilt) apply(ctx context.Context) error {
	c, err := newCloudOf(smallCloud)
	if err != nil {
		return err
	}
	defer c.Close()
	where, err := url.Parse(c.API.URL)
	if err != nil {
		return err
	}
	f := newFront(where.Scheme+"://"+where.Host, c.API.ExpireTokens)
	defer f.close()
	if err := v.dial(ctx, c, f); err != nil {
		return err
	}
	in, err := c.integration()
	if err != nil {
		return err
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	before, err := pictureOf(c.World, plan.Changes)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.fault, f.at, f.n, f.asked = v.fault, v.at, 0, 0
	f.mu.Unlock()
	begin := time.Now()
	result, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
	if v.err = err; result == nil {
		return fmt.Errorf("no result: %w", err)
	}
	f.mu.Lock()
	v.requests, v.bad, v.change, v.asked = f.n, f.bad, f.change, f.asked
	f.mu.Unlock()
	if took := time.Since(begin); took > longestVerify {
		v.wrong("it took %v", took)
	}
	if err := v.typesTold(c, result, before); err != nil {
		return err
	}
	return c.finish(ctx)
}

// typesTold compares the outcomes of volume types with what was there and what is there.
func (v *spoilt) typesTold(c *fakeCloud, result *integrate.Result, before picture) error {
	for _, o := range result.Outcomes {
		if o.Change.Kind != "volume-type" {
			continue
		}
		now, err := pictureOf(c.World, []integrate.Change{o.Change})
		if err != nil {
			return err
		}
		made := now[o.Change.ID] != before[o.Change.ID]
		if (o.Status == integrate.Applied) != made && o.Status != integrate.Unknown {
			v.wrong("%s is %s (%v), and made: %t", o.Change.ID, o.Status, o.Err, made)
		}
		if o.Status == integrate.Unknown && v.asked == 0 {
			v.wrong("%s is unknown (%v), and nobody asked the APIs for a change", o.Change.ID, o.Err)
		}
	}
	return nil
}
