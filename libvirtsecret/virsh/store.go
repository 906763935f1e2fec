package virsh

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// Options say how virsh is called.
type Options struct {
	URI string // of the libvirt daemon, as the host sees it; qemu:///system when empty
}

// A Store is the libvirt daemon of a host.
type Store struct {
	host remote.Host
	uri  string
}

var _ libvirtsecret.Store = (*Store)(nil)

// New returns the Store of host's libvirt daemon. It runs nothing.
func New(host remote.Host, o Options) *Store {
	if o.URI == "" {
		o.URI = "qemu:///system"
	}
	return &Store{host: host, uri: o.URI}
}

// Lookup implements libvirtsecret.Store.
//
// Similar To: virsh secret-dumpxml <uuid>; virsh secret-get-value <uuid>
func (s *Store) Lookup(ctx context.Context, uuid string) (libvirtsecret.Secret, error) {
	c := call{op: "lookup", uuid: uuid}
	if err := libvirtsecret.CheckUUID(uuid); err != nil {
		return libvirtsecret.Secret{}, c.fail(err)
	}
	found, err := s.read(ctx, c)
	if err == nil && len(found) == 0 {
		err = c.fail(libvirtsecret.ErrNotFound)
	}
	if err != nil {
		return libvirtsecret.Secret{}, err
	}
	return found[0], nil
}

// List implements libvirtsecret.Store.
//
// Similar To: virsh secret-list
func (s *Store) List(ctx context.Context) ([]libvirtsecret.Secret, error) {
	return s.read(ctx, call{op: "list"})
}

func (s *Store) read(ctx context.Context, c call) ([]libvirtsecret.Secret, error) {
	out, _, err := s.run(ctx, c, readScript, nil, c.uuid)
	if err != nil {
		return nil, err
	}
	secrets, err := parse(string(out))
	if err != nil {
		return nil, c.fail(err)
	}
	return secrets, nil
}

// Define implements libvirtsecret.Store.
//
// Similar To: virsh secret-define <file>; virsh secret-set-value <uuid> --file <file>
func (s *Store) Define(ctx context.Context, secret libvirtsecret.Secret) error {
	c := call{op: "define", uuid: secret.UUID, value: secret.Value.Reveal()}
	if err := secret.Validate(); err != nil {
		return c.fail(err)
	}
	xml, err := secret.XML()
	if err != nil {
		return c.fail(err)
	}
	private := "no"
	if secret.Private {
		private = "yes"
	}
	out, exit, err := s.run(ctx, c, defineScript, []byte(c.value), secret.UUID, string(xml), private)
	if err != nil {
		return s.explain(ctx, exit, secret, err)
	}
	if secret.Private {
		return nil
	}
	back, err := libvirtsecret.ParseValue(string(out))
	if err != nil || !back.Equal(secret.Value) {
		return c.fail(errors.New("the value does not read back as it was set"))
	}
	return nil
}

// explain turns a refusal to define into ErrConflict on the evidence of what
// the daemon has, for the words of a refusal are in the daemon's language.
func (s *Store) explain(ctx context.Context, exit int, secret libvirtsecret.Secret, refusal error) error {
	var e *libvirtsecret.Error
	if exit != exitRefused || !errors.As(refusal, &e) || e.Err != errRefused {
		return refusal
	}
	others, err := s.List(ctx)
	if err == nil && slices.ContainsFunc(others, secret.Conflicts) {
		e.Err = libvirtsecret.ErrConflict
	}
	return refusal
}

// Undefine implements libvirtsecret.Store.
//
// Similar To: virsh secret-undefine <uuid>
func (s *Store) Undefine(ctx context.Context, uuid string) error {
	c := call{op: "undefine", uuid: uuid}
	if err := libvirtsecret.CheckUUID(uuid); err != nil {
		return c.fail(err)
	}
	_, _, err := s.run(ctx, c, undefineScript, nil, uuid)
	return err
}

// run runs a script on the host and gives its standard output. exit is 0
// unless the script ended by itself with another status.
func (s *Store) run(ctx context.Context, c call, script string, stdin []byte, args ...string) (out []byte, exit int, err error) {
	argv := append([]string{"sh", "-c", prelude + script, "virsh", s.uri}, args...)
	results, err := s.host.Do(ctx, remote.Run{Argv: argv, Stdin: stdin})
	if err == nil && len(results) != 1 {
		err = fmt.Errorf("%d results for one operation", len(results))
	}
	if err == nil {
		err = results[0].Err
	}
	if errors.Is(err, remote.ErrUnreachable) {
		err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnreachable, err)
	}
	if err != nil {
		return nil, 0, c.fail(err)
	}
	r := results[0]
	if r.Exit != 0 {
		return nil, r.Exit, c.refused(r.Exit, string(r.Stderr))
	}
	return r.Data, 0, nil
}
