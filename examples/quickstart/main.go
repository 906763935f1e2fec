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
	"path/filepath"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote/remotetest"
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
	s, err := spec.Load(bytes.NewReader(specFile), ".")
	if err != nil {
		return err
	}
	fakes, err := integratetest.New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fakes.Close()) }()
	served, err := serve(fakes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, served.Close()) }()
	world, err := connect.Open(ctx, served.reached(s), connect.Options{Have: served.rest})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	in, err := integrate.New(integrate.Config{Spec: s, World: world.World, Settle: time.Millisecond,
		Poll: time.Millisecond})
	if err != nil {
		return err
	}
	if err := tell(ctx, out, in); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nDone in %.1f s. Everything above was simulated, but for the SSH connections.\n"+
		"Next: `make demo` does the same to a real cloud; examples/cephstack does it to yours.\n",
		time.Since(began).Seconds())
	return nil
}

// tell goes through the four steps, and says what a newcomer should see.
func tell(ctx context.Context, out io.Writer, in *integrate.Integration) error {
	fmt.Fprintf(out, "1. The Spec: what the cloud should be (examples/quickstart/cloud.yaml).\n\n%s\n", specFile)
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "2. The plan: what is missing for that. Nothing has been changed yet.\n"+
		"   + create, ~ update, ! restart; keys show as digests.\n\n%s\n", plan)
	result, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "3. Apply: %d of %d changes made. A second plan: ", result.Count(integrate.Applied),
		len(plan.Changes))
	second, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n4. Verify: reading, trying each user's rights, and a journey of data through the cloud.\n\n",
		second)
	report, err := in.Verify(ctx, integrate.VerifyOptions{Image: integratetest.Image(), Flavor: "tiny"})
	fmt.Fprint(out, report)
	return err
}

// A service is the machines of the cloud in memory, each behind an SSH server.
type service struct {
	dir       string // has the private key and known_hosts
	addresses map[string]string
	rest      world.World // what is not reached over SSH
	closers   []io.Closer
}

// serve puts a real SSH server before each machine. All let the same key in.
func serve(fakes *integratetest.World) (*service, error) {
	dir, err := os.MkdirTemp("", "quickstart")
	if err != nil {
		return nil, err
	}
	s := &service{dir: dir, addresses: map[string]string{}, rest: fakes.World}
	s.rest.Hosts, s.rest.Entries = nil, nil
	if err := s.start(fakes.Machines); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *service) start(machines map[string]*remotetest.Host) error {
	var key []byte
	var known strings.Builder
	for name, machine := range machines {
		server, err := serveOne(machine, key)
		if err != nil {
			return err
		}
		s.closers = append(s.closers, server)
		s.addresses[name], key = server.Address, server.Key
		known.WriteString(server.KnownHost)
	}
	return errors.Join(os.WriteFile(filepath.Join(s.dir, "known_hosts"), []byte(known.String()), 0o600),
		os.WriteFile(filepath.Join(s.dir, "id"), key, 0o600))
}

// serveOne makes a key for the first machine.
func serveOne(machine *remotetest.Host, key []byte) (*remotetest.Server, error) {
	if key == nil {
		return remotetest.Serve(machine)
	}
	return remotetest.ServeKey(machine, key)
}

// reached is the Spec with the ways to its hosts.
func (s *service) reached(cloud spec.Spec) spec.Spec {
	cloud = cloud.Clone()
	for i := range cloud.Hosts {
		cloud.Hosts[i].Address = s.addresses[cloud.Hosts[i].Name]
	}
	cloud.SSH = spec.SSH{User: "root", KeyFiles: []string{filepath.Join(s.dir, "id")},
		KnownHosts: []string{filepath.Join(s.dir, "known_hosts")}}
	return cloud
}

// Close ends the servers, and removes the folder.
func (s *service) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
