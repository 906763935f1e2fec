package wiring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/upstart"
)

// Open connects a Spec's parts to the real world. Hosts are connected to when
// they are first used; a cloud whose APIs do not answer is the World's
// CloudErr. closeAll ends what was opened. Without librados, clusters are reached
// through the ceph program on a host only.
func Open(ctx context.Context, s spec.Spec, librados Librados) (w integrate.World, closeAll func(), err error) {
	o := &opening{World: integrate.World{Clusters: map[string]integrate.Cluster{}, Hosts: map[string]remote.Host{}, Secrets: map[string]libvirtsecret.Store{}, Entries: map[string]remote.Host{}}}
	if err := login(s.SSH); err != nil {
		return o.World, o.close, err
	}
	o.hosts(s)
	if len(o.errs) == 0 {
		o.clusters(ctx, s.Clusters, access{"/etc/ceph", librados})
	}
	if len(o.errs) == 0 {
		o.Cloud, o.CloudErr = api.Dial(ctx, api.Config{Cloud: s.Cloud.Name, CloudsFile: s.Cloud.CloudsFile})
		if o.CloudErr != nil {
			o.CloudErr = fmt.Errorf("cloud %q of %s: %w", s.Cloud.Name, cmp.Or(s.Cloud.CloudsFile, "clouds.yaml"), o.CloudErr)
		}
	}
	return o.World, o.close, errors.Join(o.errs...)
}

// An opening is a World that is being opened.
type opening struct {
	integrate.World
	opened []io.Closer
	errs   []error
}

func (o *opening) close() {
	for _, c := range o.opened {
		_ = c.Close() // the program is done with it
	}
}

// hosts makes the hosts, the other ways into them, and libvirt's secrets there.
func (o *opening) hosts(s spec.Spec) {
	fleet, err := hostFleet(s.SSH)
	if err != nil {
		o.errs = append(o.errs, err)
		return
	}
	entries, err := entryFleet(s.SSH)
	if err != nil {
		o.errs = append(o.errs, err)
		return
	}
	for _, h := range s.Hosts {
		layout := cmp.Or(h.Layout, s.Layout)
		host := o.host(fleet, h, layout, o.Hosts)
		if host != nil && entries != nil {
			o.host(entries, h, layout, o.Entries)
		}
		if host != nil && slices.Contains(h.Services, "nova-compute") {
			o.Secrets[h.Name] = virsh.New(host, virsh.Options{Container: libvirtOf(layout)})
		}
	}
	o.opened = append(o.opened, fleet) // after its hosts
	if entries != nil {
		o.opened = append(o.opened, entries)
	}
}

// host puts a fleet's host into a map, with the units of its layout, and gives it
// as it is without them; nil when it cannot be.
func (o *opening) host(fleet *remote.Fleet, h spec.Host, layout string, into map[string]remote.Host) remote.Host {
	host, err := fleet.Host(h.Name, cmp.Or(h.Address, h.Name))
	if err != nil {
		o.errs = append(o.errs, err)
		return nil
	}
	o.opened = append(o.opened, host)
	into[h.Name] = inLayout(layout, h.Name, host)
	return host
}

// inLayout is a host with the units of its layout.
func inLayout(layout, name string, host remote.Host) remote.Host {
	if layout == "upstart" {
		return upstart.New(name, host)
	}
	return host
}

// libvirtOf is the container that libvirt is in, in a layout.
func libvirtOf(layout string) string {
	if layout == "kolla" {
		return "nova_libvirt"
	}
	return ""
}

func (o *opening) clusters(ctx context.Context, clusters []spec.Cluster, a access) {
	for _, c := range clusters {
		cluster, closer, err := a.open(ctx, c, o.Hosts[c.Host])
		if closer != nil {
			o.opened = append(o.opened, closer)
		}
		if err != nil {
			o.errs = append(o.errs, err)
			continue
		}
		o.World.Clusters[c.Name] = cluster
	}
}

// login says what of ssh is missing for a login, each an *spec.FieldError.
func login(s spec.SSH) error {
	var faults []error
	for _, f := range []struct {
		missing       bool
		path, message string
	}{
		{s.User == "", "ssh.user", "is missing: name the user to log in as"},
		{len(s.KeyFiles) == 0 && s.Agent == "", "ssh.key_files", "is missing: name a private key, or give ssh.agent the path of an agent's socket"},
		{len(s.KnownHosts) == 0, "ssh.known_hosts", noKnownHosts},
	} {
		if f.missing {
			faults = append(faults, &spec.FieldError{Path: f.path, Message: f.message})
		}
	}
	return errors.Join(faults...)
}

const noKnownHosts = "is missing: name a file with the hosts' keys, which are always checked; cephstack trust writes it"

// sshConfig is how the hosts of a Spec are reached.
func sshConfig(s spec.SSH) (remote.Config, error) {
	timeouts, err := s.Timeouts.Parse()
	if err != nil {
		return remote.Config{}, err
	}
	c := remote.Config{User: s.User, KeyFiles: s.KeyFiles, Agent: s.Agent, KnownHosts: s.KnownHosts, Sudo: s.Sudo && s.User != "root", Timeouts: timeouts}
	if s.Jump != "" {
		jump := c
		jump.Name, jump.Sudo, jump.Address = s.Jump, false, s.Jump
		if user, address, ok := strings.Cut(s.Jump, "@"); ok {
			jump.User, jump.Address = user, address
		}
		c.Jump = &jump
	}
	return c, nil
}

// KeyTargets are the machines whose host keys a Spec's connections check, for
// Config.ScanHostKeys: the jump host first, if there is one, and then the hosts
// behind it.
func KeyTargets(given spec.Spec) ([]remote.Config, error) {
	s := given.SSH
	if len(s.KnownHosts) == 0 {
		return nil, &spec.FieldError{Path: "ssh.known_hosts", Message: noKnownHosts}
	}
	c, err := sshConfig(s)
	if err != nil {
		return nil, err
	}
	var all []remote.Config
	if c.Jump != nil {
		if err := login(s); err != nil {
			return nil, err
		}
		all = append(all, remote.Config{Name: c.Jump.Address, Address: c.Jump.Address, Timeouts: c.Timeouts})
	}
	for _, h := range given.Hosts {
		all = append(all, remote.Config{Name: h.Name, Address: cmp.Or(h.Address, h.Name), Jump: c.Jump, Timeouts: c.Timeouts})
	}
	return all, nil
}

func hostFleet(s spec.SSH) (*remote.Fleet, error) {
	c, err := sshConfig(s)
	if err != nil {
		return nil, err
	}
	return remote.NewFleet(c)
}

// entryFleet makes the first entries into hosts; nil when the Spec has none.
func entryFleet(s spec.SSH) (*remote.Fleet, error) {
	e := s.Entry
	if e == nil {
		return nil, nil
	}
	c, err := sshConfig(s)
	if err != nil {
		return nil, err
	}
	c.User, c.KeyFiles, c.Agent, c.Sudo = e.User, e.KeyFiles, e.Agent, e.User != "root"
	if e.PasswordFile != "" {
		if c.Password, err = readPassword(e.PasswordFile); err != nil {
			return nil, fmt.Errorf("spec: ssh.entry.password_file: %w", err)
		}
	}
	return remote.NewFleet(c)
}

// readPassword reads a file that its owner alone may read. What it looks at is
// what it reads, also where the file is replaced meanwhile.
func readPassword(path string) (remote.Password, error) {
	f, err := os.Open(path)
	if err != nil {
		return remote.Password{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return remote.Password{}, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return remote.Password{}, fmt.Errorf("%s is open to others than its owner (mode %04o): chmod 600 it, and change the password if they should not know it", path, mode)
	}
	text, err := io.ReadAll(f)
	return remote.NewPassword(strings.TrimRight(string(text), "\r\n")), err
}
