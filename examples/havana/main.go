// Command havana plans the cloud of a guide of 2014, OpenStack Havana with its
// images and volumes in Ceph Firefly, from hosts that know no operator yet, and
// shows the plan as the commands of that guide: what both do, what the plan does
// besides, and what it does not do as the guide did, each with the reason. The cloud is in memory; cloud.yaml is a
// Spec for a real one.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

//go:embed cloud.yaml
var specFile []byte

//go:embed guide.txt
var guide string

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "havana:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	in, _, closeAll, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	fmt.Fprint(out, compare(guide, commands(plan)))
	for _, f := range plan.Findings {
		fmt.Fprintf(out, "%s %s: %s\n", f.Target, f.Object, f.Message)
	}
	return nil
}

// open makes the cloud as the guide found it.
func open() (*integrate.Integration, *integratetest.World, func() error, error) {
	s, err := spec.Load(bytes.NewReader(specFile), ".")
	if err != nil {
		return nil, nil, nil, err
	}
	world, err := integratetest.New(s)
	if err != nil {
		return nil, nil, nil, err
	}
	world.Machines["controller"].AddFile("/etc/glance/glance-api.conf", []byte("[DEFAULT]\ndefault_store = file\n"), 0o640)
	for _, machine := range world.Machines {
		machine.RemoveDir("/etc/ceph")
	}
	world.Ceph["ceph"].Release, world.Ceph["ceph"].Version = "firefly", "0.80.11"
	for _, name := range []string{"controller", "compute"} {
		world.Bare(name)
	}
	in, err := integrate.New(integrate.Config{Spec: s, World: world.World, Settle: 1, Poll: 1})
	if err != nil {
		return nil, nil, nil, errors.Join(err, world.Close())
	}
	return in, world, world.Close, nil
}
