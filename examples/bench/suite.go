//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cephstack/cephstack/remote/remotetest"
)

// A bench is one run of the program.
type bench struct {
	options
	dir    string
	out    io.Writer
	states [2]desired // before and after the keys change
	farm   *farm
	table  *results
	took   map[string]last // by tool, target and delay
	serial int             // of runs
}

// A last is what a tool took with the number of hosts before.
type last struct {
	n    int
	wall float64
}

// run measures all cells and writes results, table and plot.
func run(ctx context.Context, o options, dir string, out io.Writer) (err error) {
	b := &bench{options: o, dir: dir, out: out, farm: &farm{dir: dir}, took: map[string]last{}}
	if b.table, err = openResults(o.out, o.merge); err != nil {
		return err
	}
	for i := range b.states {
		if b.states[i], err = record(ctx, theCluster(i == 1)); err != nil {
			return err
		}
	}
	if len(o.sizes) > 0 && len(o.tools) > 0 {
		err = b.real(ctx)
	}
	for _, n := range o.memory {
		if err == nil {
			err = b.inProcess(ctx, n)
		}
	}
	fmt.Fprint(out, "\n", table(b.table.Rows), "\n", barTable(bars(b.table.Rows)))
	if o.plot != "" {
		err = errors.Join(err, os.WriteFile(o.plot, []byte(plot(b.table.Rows)), 0o644))
	}
	return err
}

// real measures with the farm's sshd.
func (b *bench) real(ctx context.Context) (err error) {
	most := slices.Max(b.sizes)
	began := time.Now()
	if err := b.farm.build(most); err != nil {
		return err
	}
	stop, err := b.farm.startSSHD()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, rtt := range b.rtts {
		if err := b.farm.clientFiles(most, proxyPort(rtt)); err != nil {
			return err
		}
		if rtt > 0 {
			stop, err := startProxy(rtt)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
		}
	}
	fmt.Fprintf(b.out, "%d hosts made in %.1f s\n", most, time.Since(began).Seconds())
	for _, tools := range rounds(b.tools) {
		for _, n := range b.sizes {
			if err := b.size(ctx, tools, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// rounds are the tools that are measured together: the slow peers come after
// all that is compared closely, for a machine's speed drifts within an hour.
func rounds(tools []string) [][]string {
	var quick, slow []string
	for _, tool := range tools {
		if tool == "ansible" || tool == "mitogen" {
			slow = append(slow, tool)
		} else {
			quick = append(quick, tool)
		}
	}
	return [][]string{quick, slow}
}

// size measures tools with n hosts, with each delay.
func (b *bench) size(ctx context.Context, tools []string, n int) error {
	for _, rtt := range b.rtts {
		if rtt > 0 && !slices.Contains(b.delaySizes, n) {
			continue
		}
		for _, tool := range tools {
			if err := b.cell(ctx, cell{tool: tool, target: "sshd", n: n, rtt: rtt, fleet: b.farm}); err != nil {
				return err
			}
		}
	}
	return nil
}

// inProcess measures the controller alone, with n in-process servers.
func (b *bench) inProcess(ctx context.Context, n int) (err error) {
	began := time.Now()
	f, err := newMemoryFleet(b.dir, n, b.states[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	fmt.Fprintf(b.out, "%d in-process servers made in %.1f s\n", n, time.Since(began).Seconds())
	for _, tool := range []string{"cephstack", "floor"} {
		if !slices.Contains(b.tools, tool) {
			continue
		}
		if err := b.cell(ctx, cell{tool: tool, target: "memory", n: n, fleet: f}); err != nil {
			return err
		}
	}
	return nil
}

// A cell is a tool with a number of hosts and a delay.
type cell struct {
	tool, target string
	n            int
	rtt          time.Duration
	fleet        fleet
	turns        *remotetest.Turns // the network, where round trips are counted
}

func (c cell) port() int {
	if c.turns != nil {
		return turnsPort
	}
	return proxyPort(c.rtt)
}

func (c cell) key() string { return fmt.Sprint(c.tool, c.target, c.rtt) }

// steps are the scenarios of a cell in the order in which they are run: as
// far as the last one that is asked for.
func (b *bench) steps(c cell) []string {
	if c.tool == "floor" || c.tool == "bare" {
		return []string{"true"}
	}
	all := allScenarios()
	for i := len(all); i > 0; i-- {
		if slices.Contains(b.scenarios, all[i-1]) {
			return all[:i]
		}
	}
	return nil
}

// cell measures all scenarios of a cell, several times, and saves the rows.
// A tool's failure is in the rows; the error is the benchmark's own.
func (b *bench) cell(ctx context.Context, c cell) error {
	steps := b.steps(c)
	samples := map[string][]sample{}
	reason := b.tooLong(c)
	for i := 0; (i < b.runs || i < b.most && tooShort(samples)) && reason == ""; i++ {
		ok, err := b.sequence(ctx, c, b.again(c, steps, samples), samples)
		if err != nil {
			return fmt.Errorf("%s, %d hosts: %w", c.tool, c.n, err)
		}
		if !ok {
			break
		}
	}
	trips, err := b.trips(ctx, c, steps)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if step != "true" && !slices.Contains(b.scenarios, step) {
			continue
		}
		row := summarize(c, step, samples[step])
		if n, ok := trips[step]; ok {
			row.RoundTrips, row.Counted = &n, true
		}
		if reason != "" {
			row = newRow(c, step)
			row.Skipped = reason
		}
		b.table.put(row)
		fmt.Fprintln(b.out, row)
		if l := b.took[c.key()]; row.Wall > 0 && (c.n > l.n || row.Wall > l.wall) {
			b.took[c.key()] = last{c.n, row.Wall}
		}
	}
	b.table.roundTrips()
	return b.table.save()
}

// tooShort reports whether some scenario has taken too little time for its median
// to be of use: a machine's speed drifts within seconds.
func tooShort(samples map[string][]sample) bool {
	for _, runs := range samples {
		sum := 0.0
		for _, s := range runs {
			sum += s.Wall
		}
		if sum < 30 {
			return true
		}
	}
	return false
}

// again are the steps of a cell's next run: a peer that is slow does drift and
// rotate, which no bar is about, once.
func (b *bench) again(c cell, steps []string, samples map[string][]sample) []string {
	first := samples["first"]
	if c.tool == "cephstack" || len(first) == 0 || first[0].Wall <= b.once.Seconds() {
		return steps
	}
	return steps[:min(len(steps), 2)]
}

// tooLong says why a cell is not measured: by what the tool took with fewer
// hosts, a run would be over the limit.
func (b *bench) tooLong(c cell) string {
	l, ok := b.took[c.key()]
	if !ok || l.n >= c.n {
		return ""
	}
	expected := l.wall * float64(c.n) / float64(l.n)
	if l.n < 10 { // fixed costs count too much
		expected = l.wall
	}
	if expected <= b.limit.Seconds() {
		return ""
	}
	return fmt.Sprintf("%.0f s with %d hosts: some %.0f s expected, and the limit is %.0f s", l.wall, l.n, expected,
		b.limit.Seconds())
}

// sequence runs the scenarios once, one after the other, on hosts that are as
// they were before Ceph came. It reports whether all went well.
func (b *bench) sequence(ctx context.Context, c cell, steps []string, samples map[string][]sample) (bool, error) {
	if err := c.fleet.reset(c.n); err != nil {
		return false, err
	}
	for _, step := range steps {
		s, err := b.step(ctx, c, step)
		if err != nil {
			return false, err
		}
		samples[step] = append(samples[step], s)
		if s.err != "" {
			return false, nil
		}
	}
	return true, nil
}

// step prepares a scenario, runs the tool, and looks what it did.
func (b *bench) step(ctx context.Context, c cell, step string) (sample, error) {
	state, rotated := b.states[0], step == "rotate"
	expected := map[string]int{"first": c.n, "drift": drifting(c.n), "rotate": c.n}[step]
	if step == "drift" {
		if err := c.fleet.drift(expected, state); err != nil {
			return sample{}, err
		}
	}
	if rotated {
		state = b.states[1]
	}
	before, err := c.fleet.look(c.n, state)
	if err != nil {
		return sample{}, err
	}
	b.serial++
	t := task{tool: c.tool, fleet: c.fleet, n: c.n, port: c.port(), parallel: min(c.n, b.parallel),
		cluster: theCluster(rotated), desired: state, dir: filepath.Join(b.dir, "run", fmt.Sprint(b.serial))}
	if c.turns != nil {
		c.turns.Forget()
	}
	s, err := b.measured(ctx, t)
	if c.turns != nil {
		s.trips = c.turns.RoundTrips()
	}
	if err != nil || s.err != "" || step == "true" {
		return s, err
	}
	after, err := c.fleet.look(c.n, state)
	if err != nil {
		return s, err
	}
	if s.changed, err = judge(before, after, expected); err != nil {
		s.err = "it says that it is done, but " + err.Error()
	}
	return s, nil
}
