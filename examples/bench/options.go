//go:build linux

package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are what the command line says.
type options struct {
	tools, scenarios []string
	sizes, memory    []int           // numbers of hosts, of real and of in-process servers
	rtts             []time.Duration // of sizes[i] hosts as far as delaySizes go
	delaySizes       []int
	runs, most       int // of a cell: at least, and where they are short
	parallel         int
	limit, once      time.Duration
	out, plot        string
	merge            bool
}

// allTools in the order of the table.
func allTools() []string {
	return []string{"cephstack", "floor", "bare", "clush", "mitogen", "ansible"}
}

func allScenarios() []string { return []string{"first", "noop", "drift", "rotate"} }

func parseOptions(args []string) (o options, err error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	tools := fs.String("tools", strings.Join(allTools(), ","), "tools to measure")
	scenarios := fs.String("scenarios", strings.Join(allScenarios(), ","), "scenarios to record")
	sizes := fs.String("n", "1,10,100,1000", "numbers of hosts behind a real sshd")
	memory := fs.String("memory", "", "numbers of hosts of the in-process servers (cephstack and floor "+
		"only), such as 1000,10000")
	rtts := fs.String("rtt", "0,50", "round-trip times in ms")
	delaySizes := fs.String("rtt-n", "1,10", "numbers of hosts that are measured with a delay, too")
	fs.IntVar(&o.runs, "runs", 3, "runs per cell, at least; the medians count")
	fs.IntVar(&o.most, "most", 9, "runs per cell, at most: one with a scenario whose runs took less than 30 "+
		"s together is run again")
	fs.IntVar(&o.parallel, "parallel", 100, "hosts that a tool works on at once (Ansible's forks, clush's fanout)")
	once := fs.Float64("once", 20, "seconds: a peer whose first takes longer does drift and rotate once")
	limit := fs.Float64("limit", 600, "seconds: a run that is expected to take longer is skipped, one that takes "+
		"twice as long is ended")
	fs.StringVar(&o.out, "out", "results.json", "where the results go")
	fs.StringVar(&o.plot, "plot", "", "where the plot goes (SVG)")
	fs.BoolVar(&o.merge, "merge", false, "keep the rows of -out that are not measured now")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.limit, o.once = time.Duration(*limit*float64(time.Second)), time.Duration(*once*float64(time.Second))
	o.tools, err = words(*tools, allTools())
	if err == nil {
		o.scenarios, err = words(*scenarios, allScenarios())
	}
	var ms []int
	for _, list := range []struct {
		text string
		to   *[]int
	}{{*sizes, &o.sizes}, {*memory, &o.memory}, {*rtts, &ms}, {*delaySizes, &o.delaySizes}} {
		if err == nil {
			*list.to, err = numbers(list.text)
		}
	}
	for _, n := range ms {
		o.rtts = append(o.rtts, time.Duration(n)*time.Millisecond)
	}
	if err == nil && o.runs < 1 {
		err = fmt.Errorf("-runs %d: at least one is needed", o.runs)
	}
	return o, err
}

func words(text string, known []string) ([]string, error) {
	var list []string
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		if !slices.Contains(known, word) {
			return nil, fmt.Errorf("%q is none of %s", word, strings.Join(known, ", "))
		}
		list = append(list, word)
	}
	return list, nil
}

func numbers(text string) ([]int, error) {
	var list []int
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a number", word)
		}
		list = append(list, n)
	}
	slices.Sort(list)
	return list, nil
}
