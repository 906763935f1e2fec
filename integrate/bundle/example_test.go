package bundle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/bundle"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A tool applies a plan. It makes a bundle of how that went.
func Example() {
	ctx := context.Background()
	s, err := spec.Read(strings.NewReader(document), ".")
	if err != nil {
		panic(err)
	}
	w, err := integratetest.New(s)
	if err != nil {
		panic(err)
	}
	defer w.Close()
	events := bundle.NewRecorder()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Observer: events.Observe})
	if err != nil {
		panic(err)
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		panic(err)
	}
	folder, err := os.MkdirTemp("", "bundle")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	name := filepath.Join(folder, "bundle.tar.gz")
	err = bundle.Write(ctx, name, bundle.Contents{Spec: s, World: w.World, Plan: plan, Events: events,
		Hosts: []string{"compute1"}}, bundle.Options{Lines: 100})
	if err != nil {
		panic(err)
	}
	info, err := os.Stat(name)
	fmt.Println(info.Mode(), err)
	// Output: -rw------- <nil>
}

// A Scrubber takes the secrets that a tool knows out of a text of its own, and what looks like a secret.
func ExampleScrubber() {
	var s bundle.Scrubber
	s.Add(cephstack.Redact("correct horse battery"))
	fmt.Println(s.Text("login with correct%20horse%20battery failed; amqp://nova:guess@10.0.0.5/"))
	// Output: login with [redacted] failed; amqp://nova:[redacted]@10.0.0.5/
}
