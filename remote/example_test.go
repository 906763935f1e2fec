package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// One exchange writes a file, restarts the service that reads it, and looks
// at a file that is not there.
func ExampleHost() {
	fake := remotetest.NewHost("c1")
	fake.AddUnit("cinder-volume")
	var host remote.Host = fake // or what remote.New returns

	results, err := host.Do(context.Background(),
		remote.WriteFile{Path: "/etc/ceph/ceph.conf", Data: []byte("[global]\n"), Mode: 0o644},
		remote.RestartUnit{Unit: "cinder-volume"},
		remote.ReadFile{Path: "/etc/ceph/none"},
	)
	fmt.Println(err)
	fmt.Println(results[0].Changed, results[0].File.Owner, results[0].File.Mode)
	fmt.Println(results[1].Unit.Active)
	fmt.Println(errors.Is(results[2].Err, fs.ErrNotExist), results[2].Err)
	// Output:
	// <nil>
	// true root -rw-r--r--
	// active
	// true c1: read /etc/ceph/none: file does not exist
}

// A write that compares and swaps does not undo what somebody else did.
func ExampleWriteFile_was() {
	host := remotetest.NewHost("c1")
	do := func(op remote.Op) remote.Result {
		results, err := host.Do(context.Background(), op)
		if err != nil {
			fmt.Println(err)
		}
		return results[0]
	}
	do(remote.WriteFile{Path: "/etc/motd", Data: []byte("one"), Was: remote.Absent})
	seen := do(remote.ReadFile{Path: "/etc/motd"})
	do(remote.WriteFile{Path: "/etc/motd", Data: []byte("somebody else's")})

	r := do(remote.WriteFile{Path: "/etc/motd", Data: []byte("two"), Was: seen.File.SHA256})
	fmt.Println(r.Err)
	fmt.Println(errors.Is(r.Err, remote.ErrConflict))
	// Output:
	// c1: write /etc/motd: remote: changed since it was read
	// true
}

// One broken host does not keep the others from their work.
func ExampleEach() {
	hosts := map[string]*remotetest.Host{"c1": remotetest.NewHost("c1"), "c2": remotetest.NewHost("c2")}
	hosts["c2"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "c2", Step: "connect", Err: remote.ErrUnreachable}
	}
	outcomes := remote.Each(context.Background(), []string{"c1", "c2"}, 10,
		func(ctx context.Context, name string) (string, error) {
			r, err := hosts[name].Do(ctx, remote.Run{Argv: []string{"id", "-un"}})
			return string(r[0].Data), err
		})
	for _, o := range outcomes {
		fmt.Printf("%s %q %v\n", o.Name, o.Value, o.Err)
	}
	// Output:
	// c1 "root\n" <nil>
	// c2 "" c2: connect: remote: host unreachable
}

// A real SSH connection, to a server in the same process.
func ExampleNew() {
	server, err := remotetest.Serve(remotetest.NewHost("c1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	cfg, _ := server.Config(dir)

	host, err := remote.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer host.Close()
	results, err := host.Do(context.Background(), remote.Stat{Path: "/etc"})
	fmt.Println(results[0].File.Kind, err)
	// Output:
	// dir <nil>
}

// What New does not like, it says at once.
func ExampleNew_faults() {
	_, err := remote.New(remote.Config{Address: "c1:port", Agent: "/run/agent"})
	fmt.Println(err)
	// Output:
	// remote: Address: neither host nor host:port
	// remote: User: missing
	// remote: KnownHosts: missing: host keys are always checked
}
