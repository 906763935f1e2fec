// Command addcompute puts a new compute into service: it makes the compute keep VM disks in Ceph, proves that, and only
// then lets Nova use it. It is an in-house tool on cephstack, in a module of its own, to copy from.
//
//	addcompute -f cloud.yaml compute7
//
// The Spec has the new compute already, by the name under which its nova-compute reports. Until everything is proven,
// the compute is disabled in Nova: VMs that are there go on, and no further VM comes. Run it again after a failure.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "addcompute:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("addcompute", flag.ContinueOnError)
	flags.SetOutput(out)
	file := flags.String("f", "cloud.yaml", "the `file` with the Spec")
	yes := flags.Bool("yes", false, "apply without asking")
	timeout := flags.Duration("timeout", 15*time.Minute, "how `long` all of it may take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("name one compute of the Spec")
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()

	cloud, err := load(*file)
	if err != nil {
		return err
	}
	world, err := connect.Open(ctx, cloud, connect.Options{})
	if err != nil {
		return err
	}
	defer world.Close()
	tool, err := New(integrate.Config{Spec: cloud, World: world.World})
	if err != nil {
		return err
	}
	tool.Say = func(line string) { fmt.Fprintln(out, line) }
	tool.Approve = func(plan *integrate.Plan) bool { return *yes || ask(in, out, plan) }
	return tool.Add(ctx, flags.Arg(0))
}

// load reads a Spec. Paths in it are relative to its folder.
func load(file string) (spec.Spec, error) {
	text, err := os.Open(file)
	if err != nil {
		return spec.Spec{}, err
	}
	defer text.Close()
	return spec.Load(text, filepath.Dir(file))
}

// ask shows a plan, and asks whether it is right.
func ask(in io.Reader, out io.Writer, plan *integrate.Plan) bool {
	fmt.Fprintf(out, "%s\nApply this plan? [y/N] ", plan)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	return strings.TrimSpace(answer) == "y"
}
