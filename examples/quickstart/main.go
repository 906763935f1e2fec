// Command quickstart plans, applies and verifies a Spec against a cloud in
// memory. The hosts are reached over real SSH connections on loopback; Ceph,
// libvirt and the OpenStack APIs are the fakes that tools are tested with.
// Nothing outside the program is read or changed.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
	"go.yaml.in/yaml/v3"
)

//go:embed cloud.yaml
var specFile []byte

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	began := time.Now()
	var s spec.Spec
	if err := yaml.Unmarshal(specFile, &s); err != nil {
		return err
	}
	fakes, err := integratetest.New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fakes.Close()) }()
	world, closeAll, err := overSSH(fakes)
	defer closeAll()
	if err != nil {
		return err
	}
	in, err := integrate.New(integrate.Config{Spec: s, World: world, Settle: time.Millisecond, Poll: time.Millisecond})
	if err != nil {
		return err
	}
	if err := tell(ctx, out, in); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nDone in %.1f s. Everything above was simulated, but for the SSH connections.\n"+
		"Next: `make demo` does the same to a real cloud; examples/cephstack does it to yours.\n", time.Since(began).Seconds())
	return nil
}

// tell goes through the four steps, and says what a newcomer should see.
func tell(ctx context.Context, out io.Writer, in *integrate.Integration) error {
	fmt.Fprintf(out, "1. The Spec: what the cloud should be (examples/quickstart/cloud.yaml).\n\n%s\n", specFile)
	plan, err := in.Plan(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "2. The plan: what is missing for that. Nothing has been changed yet.\n"+
		"   + create, ~ update, ! restart; keys show as digests.\n\n%s\n", plan)
	result, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "3. Apply: %d of %d changes made. A second plan: ", result.Count(integrate.Applied), len(plan.Changes))
	second, err := in.Plan(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n4. Verify: reading, trying each user's rights, and a journey of data through the cloud.\n\n", second)
	report, err := in.Verify(ctx, integrate.VerifyOptions{Image: bytes.NewReader([]byte("stands for a bootable image")), Flavor: "tiny"})
	fmt.Fprint(out, report)
	return err
}

// overSSH puts a real SSH server and client between the program and each host.
func overSSH(fakes *integratetest.World) (integrate.World, func(), error) {
	world := fakes.World
	world.Hosts = map[string]remote.Host{}
	var closers []io.Closer
	closeAll := func() {
		for i := len(closers) - 1; i >= 0; i-- {
			_ = closers[i].Close() // the program ends
		}
	}
	dir, err := os.MkdirTemp("", "quickstart")
	if err != nil {
		return world, closeAll, err
	}
	closers = append(closers, folder(dir))
	for name, machine := range fakes.Machines {
		server, err := remotetest.Serve(machine)
		if err != nil {
			return world, closeAll, err
		}
		closers = append(closers, server)
		cfg, err := server.Config(dir)
		if err != nil {
			return world, closeAll, err
		}
		host, err := remote.New(cfg)
		if err != nil {
			return world, closeAll, err
		}
		closers = append(closers, host)
		world.Hosts[name] = host
	}
	return world, closeAll, nil
}

// A folder is removed when it is closed.
type folder string

// Close removes the folder.
func (f folder) Close() error { return os.RemoveAll(string(f)) }
