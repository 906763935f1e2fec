//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/cephstack/cephstack/remote/remotetest"
)

// quiet ends a turn: more than a host thinks while it speaks.
const quiet = 300 * time.Millisecond

// trips counts the round trips of each step of a cell with one host and a
// delay, for the tools that keep to one connection: once, in a run of its own.
func (b *bench) trips(ctx context.Context, c cell, steps []string) (counts map[string]float64, err error) {
	if own := c.tool == "cephstack" || c.tool == "floor" || c.tool == "bare"; c.n != 1 || c.rtt == 0 || !own {
		return nil, nil
	}
	if err := b.farm.clientFiles(1, turnsPort); err != nil {
		return nil, err
	}
	c.turns, err = remotetest.NewTurns(net.JoinHostPort("0.0.0.0", strconv.Itoa(turnsPort)),
		quiet, func(at net.Addr) (net.Conn, error) {
			host, _, err := net.SplitHostPort(at.String())
			if err != nil {
				return nil, err
			}
			return net.Dial("tcp4", net.JoinHostPort(host, strconv.Itoa(sshPort)))
		})
	if err != nil {
		return nil, err
	}
	samples := map[string][]sample{}
	if ok, err := b.sequence(ctx, c, steps, samples); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("counting the round trips of %s: %v", c.tool, samples), err, c.turns.Close())
	}
	counts = map[string]float64{}
	for step, runs := range samples {
		counts[step] = runs[0].trips
	}
	return counts, c.turns.Close()
}
