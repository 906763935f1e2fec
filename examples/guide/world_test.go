package guide_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/examples/internal/cli"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A cloud is the one of a page.
type cloud struct {
	integrated bool
	hosts      string // the file with all hosts
	*integratetest.World

	mu      sync.Mutex
	running running
	servers []*remotetest.Server
	later   atomic.Int64 // by how much the clocks of the clusters are ahead, in ns
	ends    *ending      // what a program of the page comes to, or nil
}

// A running program can be ended.
type running struct {
	cancel context.CancelCauseFunc
	kill   func()
}

// An ending is what happens to the program that changes a host next.
type ending struct {
	host   string
	killed bool // or interrupted
	dead   atomic.Bool
	once   sync.Once
}

var errNoCloud = errors.New("the page has no comment <!-- cloud: … --> before this")

// world is what the comments "cloud" and "world" say.
func (s *session) world(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "cloud" {
		words := strings.Fields(args[1])
		if len(words) == 0 || len(words) > 2 || words[0] != "fresh" && words[0] != "integrated" {
			ts.Fatalf("a cloud is fresh or integrated, not %q", args[1])
		}
		s.close()
		s.cloud = &cloud{integrated: words[0] == "integrated", hosts: "cloud.yaml"}
		if len(words) == 2 {
			s.cloud.hosts = words[1]
		}
		ts.Check(s.make())
		return
	}
	if s.cloud == nil {
		ts.Check(errNoCloud)
	}
	ts.Check(s.cloud.happen(args[1]))
}

func load(file string) (spec.Spec, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return spec.Spec{}, err
	}
	return spec.Load(bytes.NewReader(text), filepath.Dir(file))
}

// make makes the cloud.
func (s *session) make() error {
	c := s.cloud
	all, err := load(filepath.Join(s.dir, c.hosts))
	if err != nil {
		return err
	}
	if c.World, err = integratetest.New(all); err != nil {
		return err
	}
	for _, fake := range c.Ceph {
		fake.Now = func() time.Time { return time.Now().Add(time.Duration(c.later.Load())) }
	}
	if !c.integrated {
		return nil
	}
	own, err := load(filepath.Join(s.dir, "cloud.yaml"))
	if err != nil {
		return err
	}
	in, err := integrate.New(integrate.Config{Spec: own, World: c.World.World, Settle: 1, Poll: 1})
	if err != nil {
		return err
	}
	plan, err := in.Plan(context.Background(), integrate.PlanOptions{})
	if err != nil {
		return err
	}
	_, err = in.Apply(context.Background(), plan, integrate.ApplyOptions{})
	return err
}

func (s *session) open(_ context.Context, opened spec.Spec) (*connect.World, error) {
	if s.cloud == nil {
		return nil, errNoCloud
	}
	s.cloud.Relogin(opened)
	return &connect.World{World: s.cloud.World.World}, nil
}

func (s *session) close() {
	if s.cloud == nil || s.cloud.World == nil {
		return
	}
	for _, server := range s.cloud.servers {
		_ = server.Close() // it has no file
	}
	if err := s.cloud.Close(); err != nil {
		s.t.Error(err)
	}
	s.cloud = nil
}

// happenings are what a comment "world" can say. A word in capitals stands for a name.
func (c *cloud) happenings() map[string]func(is []string) error {
	return map[string]func([]string) error{
		`HOST is down`: func(is []string) error { return c.fail(is[1], nil) },
		`HOST is up`: sure(func(is []string) {
			c.Machines[is[1]].Fail = nil
		}),
		`the disk of HOST is full`: func(is []string) error { return c.fail(is[1], syscall.ENOSPC) },
		`in PATH of HOST, "OLD" becomes "NEW"`: func(is []string) error {
			return c.edit(is[1], is[2], func(s string) string { return strings.Replace(s, is[3], is[4], 1) })
		},
		`PATH of HOST is gone`: func(is []string) error {
			_, err := c.Machines[is[2]].Do(context.Background(), remote.Remove{Path: is[1]})
			return err
		},
		`all hosts are bare`: sure(func([]string) {
			for name := range c.Machines {
				c.Bare(name)
			}
		}),
		`a host with OSDs is down`: sure(func([]string) {
			c.Ceph["ceph"].Ail(cephtest.Ailments{DownOSDs: []int{0, 1}})
		}),
		`all OSDs are up`: sure(func([]string) {
			c.Ceph["ceph"].Ail(cephtest.Ailments{})
		}),
		`Ctrl-C while HOST is changed`: func(is []string) error { return c.end(&ending{host: is[1]}) },
		`the program is killed while HOST is changed`: func(is []string) error {
			return c.end(&ending{host: is[1], killed: true})
		},
		`POOL/IMAGE is made by hand`: func(is []string) error {
			return c.Ceph["ceph"].AddImage(ceph.Image{Pool: is[1], Name: is[2], Size: 1 << 30})
		},
		`guests web and db boot`: func([]string) error { return c.boot(context.Background()) },
		`90 seconds pass`: sure(func([]string) {
			c.later.Add(int64(90 * time.Second))
		}),
		`OWNER@HOST holds the lock`: func(is []string) error {
			return ceph.New(c.Ceph["ceph"]).TakeLock(context.Background(), ceph.Lock{Pool: "cephstack",
				Object: "operator-lock", ID: "x", Owner: is[1], Host: is[2], Purpose: "apply", Term: 90 * time.Second})
		},
	}
}

// boot makes web, with a root disk in Ceph and a volume, on compute1, and db, with a volume alone, on compute2.
func (c *cloud) boot(ctx context.Context) error {
	image, err := c.Cloud.UploadImage(ctx, api.ImageRequest{Name: "cirros", DiskFormat: "raw"},
		strings.NewReader("a disk"))
	if err != nil {
		return err
	}
	data, err := c.Cloud.CreateVolume(ctx, api.VolumeRequest{Name: "data", SizeGiB: 1, Type: "ceph"})
	if err != nil {
		return err
	}
	root, err := c.Cloud.CreateVolume(ctx, api.VolumeRequest{Name: "db", SizeGiB: 1, Type: "ceph", ImageID: image.ID})
	if err != nil {
		return err
	}
	web, err := c.Cloud.CreateServer(ctx, api.ServerRequest{Name: "web", ImageID: image.ID, Flavor: "tiny",
		Host: "compute1"})
	if err != nil {
		return err
	}
	if err := c.Cloud.Attach(ctx, web.ID, data.ID); err != nil {
		return err
	}
	_, err = c.Cloud.CreateServer(ctx, api.ServerRequest{Name: "db", VolumeID: root.ID, Flavor: "tiny", Host: "compute2"})
	return err
}

// sure is a happening that cannot fail.
func sure(f func(is []string)) func([]string) error {
	return func(is []string) error {
		f(is)
		return nil
	}
}

func (c *cloud) happen(what string) error {
	placeholder := regexp.MustCompile(`[A-Z]{2,}`)
	for form, f := range c.happenings() {
		// HOST, PATH and OWNER are words, OLD and NEW any text
		pattern := placeholder.ReplaceAllStringFunc(regexp.QuoteMeta(form), func(name string) string {
			switch name {
			case "OLD", "NEW":
				return `(.*?)`
			case "OSD":
				return name
			}
			return `([^\s@,]+)`
		})
		if is := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(what); is != nil {
			return f(is)
		}
	}
	return fmt.Errorf("the tests do not know how this happens: %q (see happenings)", what)
}

// fail makes a host not answer, or its writes fail.
func (c *cloud) fail(host string, writes error) error {
	m, ok := c.Machines[host]
	if !ok {
		return fmt.Errorf("the cloud has no host %q", host)
	}
	m.Fail = func(_ context.Context, op remote.Op) error {
		if _, write := op.(remote.WriteFile); write && writes != nil {
			return writes
		}
		if writes != nil {
			return nil
		}
		return &remote.HostError{Host: host, Step: "connect", Err: remote.ErrUnreachable}
	}
	return nil
}

// end lets the next program that changes a host end there. What a killed program still tries has no effect.
func (c *cloud) end(e *ending) error {
	if _, ok := c.Machines[e.host]; !ok {
		return fmt.Errorf("the cloud has no host %q", e.host)
	}
	c.ends = e
	for name, m := range c.Machines {
		m.Fail = func(_ context.Context, op remote.Op) error {
			if _, write := op.(remote.WriteFile); write && name == e.host {
				e.once.Do(c.stop)
			}
			if e.dead.Load() {
				return &remote.HostError{Host: name, Step: "exchange", Err: remote.ErrUnreachable}
			}
			return nil
		}
	}
	for _, fake := range c.Ceph {
		fake.Fail = func(cephtest.Op) error {
			if e.dead.Load() {
				return errors.New("the program is dead")
			}
			return nil
		}
	}
	return nil
}

// stop ends the program that runs.
func (c *cloud) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ends.killed {
		c.ends.dead.Store(true)
		c.running.kill()
		return
	}
	c.running.cancel(errors.New("interrupted: the program begins nothing more"))
}

// ended takes away what ended a program.
func (c *cloud) ended() (killed bool) {
	if c == nil || c.ends == nil {
		return false
	}
	killed = c.ends.dead.Load()
	for _, m := range c.Machines {
		m.Fail = nil
	}
	for _, fake := range c.Ceph {
		fake.Fail = nil
	}
	c.ends = nil
	return killed
}

// edit changes a file by hand.
func (c *cloud) edit(path, host string, change func(string) string) error {
	m, ok := c.Machines[host]
	if !ok {
		return fmt.Errorf("the cloud has no host %q", host)
	}
	old, ok := m.Contents(path)
	if !ok {
		return fmt.Errorf("%s has no file %s", host, path)
	}
	changed := change(string(old))
	if changed == string(old) {
		return fmt.Errorf("%s of %s does not have the text that is to be changed:\n%s", path, host, old)
	}
	_, err := m.Do(context.Background(), remote.WriteFile{Path: path, Data: []byte(changed)})
	return err
}

// names stand for what differs from run to run on the way to the hosts: addresses, and fingerprints of host keys.
type names struct {
	mu   sync.Mutex
	real map[string]string // by what the page shows
}

func (n *names) told(text string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for shown, real := range n.real {
		text = strings.ReplaceAll(text, real, shown)
	}
	if host, err := os.Hostname(); err == nil { // of whoever has the operator lock
		text = strings.NewReplacer("@"+host, "@ops1", " on "+host+" ", " on ops1 ").Replace(text)
	}
	return text
}

func (n *names) meant(text string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for shown, real := range n.real {
		text = strings.ReplaceAll(text, shown, real)
	}
	if host, err := os.Hostname(); err == nil {
		text = strings.ReplaceAll(text, "@ops1", "@"+host)
	}
	return text
}

// run runs the program. For trust, the hosts are behind real SSH servers; only their addresses and keys are others.
func (s *session) run(ctx context.Context, p cli.Program, args []string) (exit int) {
	for i := range args {
		args[i] = s.names.meant(args[i])
	}
	if len(args) == 0 || args[0] != "trust" {
		return p.Run(ctx, args)
	}
	file, err := s.reach()
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 99
	}
	old, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 99
	}
	text := string(old)
	for shown, real := range s.names.real {
		text = strings.ReplaceAll(text, strings.TrimSuffix(shown, ":22"), real)
	}
	defer os.WriteFile(file, old, 0o600) //nolint:errcheck // the next command shows it
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 99
	}
	for i := range args { // the names are known by now
		args[i] = s.names.meant(args[i])
	}
	return p.Run(ctx, args)
}

// reach puts an SSH server before each host of cloud.yaml that has an address.
func (s *session) reach() (file string, err error) {
	if s.cloud == nil {
		return "", errNoCloud
	}
	file = filepath.Join(s.dir, "cloud.yaml")
	if s.names.real != nil { // trust runs alone
		return file, nil
	}
	own, err := load(file)
	if err != nil {
		return file, err
	}
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	s.names.real = map[string]string{}
	for _, h := range own.Hosts {
		server, err := remotetest.Serve(s.cloud.Machines[h.Name])
		if err != nil {
			return file, err
		}
		s.cloud.servers = append(s.cloud.servers, server)
		_, _, key, _, _, err := ssh.ParseKnownHosts([]byte(server.KnownHost))
		if err != nil {
			return file, err
		}
		sum := sha256.Sum256([]byte("the host key of " + h.Name))
		s.names.real["SHA256:"+base64.RawStdEncoding.EncodeToString(sum[:])] = ssh.FingerprintSHA256(key)
		s.names.real[h.Address+":22"] = server.Address
	}
	return file, nil
}
