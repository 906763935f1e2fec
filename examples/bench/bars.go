//go:build linux

package main

import (
	"fmt"
	"strings"
)

// A bar is something that the SDK has to reach, and whether it does.
type bar struct {
	name     string
	want     float64
	atMost   bool // otherwise at least
	measured float64
	known    bool // the rows are there
}

func (b bar) met() bool {
	if b.atMost {
		return b.measured <= b.want
	}
	return b.measured >= b.want
}

// A number is a number of a row.
type number func(row) float64

func wall(r row) float64 { return r.Wall }
func cpu(r row) float64  { return r.CPU }

// bars computes all of them from the rows.
func bars(rows []row) []bar {
	var all []bar
	ratio := func(name string, m number, over, under row, ok bool, want float64, atMost bool) {
		b := bar{name: name, want: want, atMost: atMost}
		if ok && m(under) > 0 {
			b.measured, b.known = m(over)/m(under), true
		}
		all = append(all, b)
	}
	versus := func(peer, scenario string, m number, what string, want float64) {
		p, ok1 := find(rows, row{Tool: peer, Target: "sshd", Scenario: scenario, N: 100})
		own, ok2 := find(rows, row{Tool: "cephstack", Target: "sshd", Scenario: scenario, N: 100})
		ratio(fmt.Sprintf("%s of %s over ours, %s, n=100", what, peer, scenario), m, p, own, ok1 && ok2, want, false)
	}
	versus("ansible", "first", wall, "wall", 30)
	versus("ansible", "noop", wall, "wall", 20)
	for _, scenario := range []string{"first", "noop"} {
		versus("ansible", scenario, cpu, "CPU", 100)
		versus("mitogen", scenario, wall, "wall", 4)
		versus("mitogen", scenario, cpu, "CPU", 10)
		versus("clush", scenario, wall, "wall", 1)
		versus("clush", scenario, cpu, "CPU", 10)
	}
	floor, ok := find(rows, row{Tool: "floor", Target: "sshd", Scenario: "true", N: 100})
	for _, w := range []struct {
		scenario string
		most     float64
	}{{"first", 2}, {"noop", 1.3}} {
		own, ok2 := find(rows, row{Tool: "cephstack", Target: "sshd", Scenario: w.scenario, N: 100})
		ratio("our wall over the floor, "+w.scenario+", n=100", wall, own, floor, ok && ok2, w.most, true)
	}
	own, ok1 := find(rows, row{Tool: "floor", Target: "sshd", Scenario: "true", N: 100})
	under, ok2 := find(rows, row{Tool: "bare", Target: "sshd", Scenario: "true", N: 100})
	ratio("our client's CPU over that of bare x/crypto, true, n=100", cpu, own, under, ok1 && ok2, 1.5, true)
	return append(append(all, growth(rows)...), delayed(rows)...)
}

// growth is about 1,000 hosts.
func growth(rows []row) []bar {
	var all []bar
	for _, scenario := range []string{"first", "noop"} {
		hundred, ok1 := find(rows, row{Tool: "cephstack", Target: "sshd", Scenario: scenario, N: 100})
		thousand, ok2 := find(rows, row{Tool: "cephstack", Target: "sshd", Scenario: scenario, N: 1000})
		b := bar{name: "time per host at 1000 over that at 100, " + scenario, want: 1.1, atMost: true}
		if ok1 && ok2 {
			b.measured, b.known = thousand.Wall/hundred.Wall/10, true
		}
		memory := bar{name: "memory at 1000 in MiB, " + scenario, want: 80, atMost: true, measured: thousand.RSS, known: ok2}
		all = append(all, b, memory)
	}
	return all
}

// delayed is about one host behind a delay of 50 ms.
func delayed(rows []row) []bar {
	const rtt = 50
	var all []bar
	for _, w := range []struct {
		scenario string
		most     float64
	}{{"first", 10}, {"noop", 9}} {
		trips := bar{name: "round trips, " + w.scenario + ", n=1, counted", want: w.most, atMost: true}
		own, ok := find(rows, row{Tool: "cephstack", Target: "sshd", Scenario: w.scenario, N: 1, RTT: rtt})
		if ok && own.Counted {
			trips.measured, trips.known = *own.RoundTrips, true
		}
		all = append(all, trips)
	}
	own, ok1 := find(rows, row{Tool: "cephstack", Target: "sshd", Scenario: "first", N: 1, RTT: rtt})
	peer, ok2 := find(rows, row{Tool: "ansible", Target: "sshd", Scenario: "first", N: 1, RTT: rtt})
	faster := bar{name: "wall of ansible over ours, first, n=1, 50 ms", want: 15}
	if ok1 && ok2 {
		faster.measured, faster.known = peer.Wall/own.Wall, true
	}
	return append(all, faster)
}

// barTable shows bars.
func barTable(all []bar) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-52s %10s %10s  %s\n", "bar", "wanted", "measured", "met")
	for _, x := range all {
		sign, measured, met := ">=", "-", "not measured"
		if x.atMost {
			sign = "<="
		}
		if x.known {
			measured, met = fmt.Sprintf("%.2f", x.measured), "NO"
			if x.met() {
				met = "yes"
			}
		}
		fmt.Fprintf(&b, "%-52s %10s %10s  %s\n", x.name, fmt.Sprintf("%s %g", sign, x.want), measured, met)
	}
	return b.String()
}
