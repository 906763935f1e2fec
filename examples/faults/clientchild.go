//go:build linux && amd64

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// beClient plans and applies, in a process of its own, against the cloud of the process that started it. It tells
// each event in a line, and waits for a line before it goes on. The folder says where the cloud is.
func beClient(ctx context.Context, dir string, out io.Writer) error {
	s, err := spec.Load(strings.NewReader(smallCloud), ".")
	if err != nil {
		return err
	}
	w, err := distantWorld(ctx, dir)
	if err != nil {
		return err
	}
	acks := bufio.NewReader(os.Stdin)
	tell := func(e integrate.Event) {
		fmt.Fprintf(out, "event %v\n", e.LogValue())
		_, _ = acks.ReadString('\n')
	}
	in, err := integrate.New(integrate.Config{Spec: s, World: w, Observer: tell, Settle: time.Millisecond,
		Poll: time.Millisecond})
	if err != nil {
		return err
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	if len(plan.Problems()) > 0 {
		return fmt.Errorf("problems: %v", plan.Problems())
	}
	fmt.Fprintf(out, "planned %d\n", len(plan.Changes))
	if _, err := in.Apply(ctx, plan, integrate.ApplyOptions{}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "done")
	return err
}

// distantWorld is the cloud of another process: its hosts over SSH, its APIs over HTTP, and the rest over a socket.
func distantWorld(ctx context.Context, dir string) (world.World, error) {
	far := newSender(filepath.Join(dir, "socket"))
	images := distantCeph{sender: far}
	w := world.World{Clusters: map[string]world.Cluster{"ceph": {Mon: images, Images: images}},
		Hosts: map[string]remote.Host{}, Secrets: map[string]libvirtsecret.Store{"compute1": distantStore{far}}}
	data, err := os.ReadFile(filepath.Join(dir, "hosts.json"))
	if err != nil {
		return w, err
	}
	addresses := map[string]string{}
	if err := json.Unmarshal(data, &addresses); err != nil {
		return w, err
	}
	for name, address := range addresses {
		w.Hosts[name], err = remote.New(remote.Config{Name: name, Address: address, User: "root",
			KeyFiles: []string{filepath.Join(dir, "id")}, KnownHosts: []string{filepath.Join(dir, "known_hosts")}})
		if err != nil {
			return w, err
		}
	}
	w.Cloud, err = api.Dial(ctx, api.Config{Cloud: "fake", CloudsFile: filepath.Join(dir, "clouds.yaml"),
		Poll: time.Millisecond})
	if err != nil {
		err = errors.Join(errors.New("the APIs"), err)
	}
	return w, err
}
