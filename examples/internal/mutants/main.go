// Command mutants puts faults into the code, one at a time, and sees that tests catch each. The list is mutants.yaml.
//
//	mutants [-match TEXT]
//
// The faults are in an overlay of the compiler: no file of the tree is changed. The tests run without C libraries, and
// without live tests but those that the list names. They have to pass without a fault first. The exit status is 1 if a
// fault is not caught, or does not compile, or is in the place of a text that the code does not have any more.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed mutants.yaml
var list []byte

// A mutant is a fault that somebody could make.
type mutant struct {
	Breaks string   `yaml:"breaks"` // what is not true any more
	File   string   `yaml:"file"`
	Find   string   `yaml:"find"` // is in the file once
	Put    string   `yaml:"put"`  // stands there instead
	Tests  []string `yaml:"tests"`
	Live   string   `yaml:"live"` // the tests of these packages that run, with real programs
}

func main() {
	match := flag.String("match", "", "try only the mutants whose file or sentence has this `text`")
	flag.Parse()
	if err := run(context.Background(), *match); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, match string) error {
	all, err := chosen(match)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	packages := map[string][]string{} // by what the tests that run are called
	for _, m := range all {
		packages[m.Live] = append(packages[m.Live], m.Tests...)
	}
	for live, of := range packages {
		slices.Sort(of)
		if out, err := (mutant{Tests: slices.Compact(of), Live: live}).test(ctx, ""); err != nil {
			return fmt.Errorf("the tests fail without a mutant: %w\n%s", err, out)
		}
	}
	missed := 0
	for line := range results(ctx, dir, all) {
		fmt.Println(line.text)
		if !line.caught {
			missed++
		}
	}
	fmt.Printf("%d caught, %d not caught\n", len(all)-missed, missed)
	if missed > 0 {
		return errors.New("a mutant that is not caught is a missing test, or its entry in mutants.yaml is wrong")
	}
	return nil
}

// chosen are the mutants of the list that match.
func chosen(match string) ([]mutant, error) {
	var all []mutant
	d := yaml.NewDecoder(bytes.NewReader(list))
	d.KnownFields(true)
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m mutant) bool { return !strings.Contains(m.File+"\n"+m.Breaks, match) })
	if len(all) == 0 {
		return nil, fmt.Errorf("no mutant has %q", match)
	}
	return all, nil
}

// A result is how one mutant ended.
type result struct {
	caught bool
	text   string
}

// results tries all mutants, as many at once as there are processors.
func results(ctx context.Context, dir string, all []mutant) <-chan result {
	ended, places := make(chan result), make(chan struct{}, runtime.NumCPU())
	var work sync.WaitGroup
	for i, m := range all {
		work.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			ended <- m.try(ctx, filepath.Join(dir, fmt.Sprint(i)))
		})
	}
	go func() {
		work.Wait()
		close(ended)
	}()
	return ended
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// try runs the tests with the mutant, whose files have names that begin with name.
func (m mutant) try(ctx context.Context, name string) result {
	overlay, err := m.overlay(name)
	if err != nil {
		return result{text: fmt.Sprintf("WRONG     %s: %v", m.Breaks, err)}
	}
	began := time.Now()
	out, err := m.test(ctx, overlay)
	took := time.Since(began).Seconds()
	by := failed.FindSubmatch(out)
	switch {
	case err == nil:
		return result{text: fmt.Sprintf("SURVIVED  %s (%s, %.0f s)", m.Breaks, m.File, took)}
	case by == nil, bytes.Contains(out, []byte("[build failed]")):
		return result{text: fmt.Sprintf("WRONG     %s: no test failed: %v\n%s", m.Breaks, err, out)}
	}
	return result{true, fmt.Sprintf("caught    %s: %s (%.0f s)", m.Breaks, by[1], took)}
}

// overlay writes the file with the fault, and the overlay that puts it into the place of the right one.
func (m mutant) overlay(name string) (string, error) {
	right, err := filepath.Abs(m.File)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(right)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(data), m.Find); n != 1 {
		return "", fmt.Errorf("%s has the text %d times, not once: %s", m.File, n, m.Find)
	}
	wrong := name + filepath.Ext(m.File)
	places, err := json.Marshal(map[string]map[string]string{"Replace": {right: wrong}})
	if err != nil {
		return "", err
	}
	text := strings.Replace(string(data), m.Find, m.Put, 1)
	return name + ".json", errors.Join(os.WriteFile(wrong, []byte(text), 0o600),
		os.WriteFile(name+".json", places, 0o600))
}

// test runs the tests of the mutant.
func (m mutant) test(ctx context.Context, overlay string) ([]byte, error) {
	live := "0"
	args := []string{"test", "-vet=off", "-failfast", "-overlay=" + overlay}
	if m.Live != "" {
		live, args = "1", append(args, "-run="+m.Live)
	}
	c := exec.CommandContext(ctx, "go", append(args, m.Tests...)...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "CEPHSTACK_LIVE="+live)
	return c.CombinedOutput()
}
