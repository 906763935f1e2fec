package virsh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	out, _, err := s.run(ctx, c, s.op(readScript, nil, c.uuid, ""))
	if err != nil {
		return nil, err
	}
	return c.parse(out)
}

func (c call) parse(out []byte) ([]libvirtsecret.Secret, error) {
	secrets, err := parse(string(out))
	if err != nil {
		return nil, c.fail(err)
	}
	return secrets, nil
}

// ListOp is List as an operation that can go to the host together with others,
// and what makes its result of it. It costs least where expected has the UUIDs
// of all secrets that are there.
func (s *Store) ListOp(expected ...string) (remote.Op, func(remote.Result) ([]libvirtsecret.Secret, error)) {
	c := call{op: "list"}
	expected = slices.DeleteFunc(slices.Clone(expected), func(uuid string) bool { return libvirtsecret.CheckUUID(uuid) != nil })
	return s.op(readScript, nil, "", strings.Join(expected, " ")), func(r remote.Result) ([]libvirtsecret.Secret, error) {
		out, _, err := c.take(r)
		if err != nil {
			return nil, err
		}
		return c.parse(out)
	}
}

// Define implements libvirtsecret.Store.
//
// Similar To: virsh secret-define <file>; virsh secret-set-value <uuid> --file <file>
func (s *Store) Define(ctx context.Context, secret libvirtsecret.Secret) error {
	op, _, err := s.DefineOp(secret)
	if err != nil {
		return err
	}
	c := defining(secret)
	out, exit, err := s.run(ctx, c, op)
	if err != nil {
		return s.explain(ctx, exit, secret, err)
	}
	return c.proven(out, secret)
}

// DefineOp is Define as an operation that can go to the host together with
// others, and what makes its result of it. Where Define lists the secrets to
// tell a conflict, this one goes by libvirt's words alone.
func (s *Store) DefineOp(secret libvirtsecret.Secret) (remote.Op, func(remote.Result) error, error) {
	c := defining(secret)
	if err := secret.Validate(); err != nil {
		return nil, nil, c.fail(err)
	}
	xml, err := secret.XML()
	if err != nil {
		return nil, nil, c.fail(err)
	}
	private := "no"
	if secret.Private {
		private = "yes"
	}
	op := s.op(defineScript, []byte(c.value), secret.UUID, string(xml), private)
	return op, func(r remote.Result) error {
		out, _, err := c.take(r)
		if err != nil {
			return err
		}
		return c.proven(out, secret)
	}, nil
}

func defining(secret libvirtsecret.Secret) call {
	return call{op: "define", uuid: secret.UUID, value: secret.Value.Reveal()}
}

// proven compares what was read back; a private value is never given out.
func (c call) proven(out []byte, secret libvirtsecret.Secret) error {
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
	_, _, err := s.run(ctx, c, s.op(undefineScript, nil, uuid))
	return err
}

// op is a script as an operation.
func (s *Store) op(script string, stdin []byte, args ...string) remote.Op {
	return remote.Run{Argv: append([]string{"sh", "-c", prelude + script, "virsh", s.uri}, args...), Stdin: stdin}
}

// run runs a script on the host and gives its standard output. exit is 0
// unless the script ended by itself with another status.
func (s *Store) run(ctx context.Context, c call, op remote.Op) (out []byte, exit int, err error) {
	results, err := s.host.Do(ctx, op)
	if err == nil && len(results) != 1 {
		err = fmt.Errorf("%d results for one operation", len(results))
	}
	if err != nil {
		return nil, 0, c.unreachable(err)
	}
	return c.take(results[0])
}

// take gives the standard output of a script that ended well.
func (c call) take(r remote.Result) (out []byte, exit int, err error) {
	if r.Err != nil {
		return nil, 0, c.unreachable(r.Err)
	}
	if r.Exit != 0 {
		return nil, r.Exit, c.refused(r.Exit, string(r.Stderr))
	}
	return r.Data, 0, nil
}

func (c call) unreachable(err error) error {
	if errors.Is(err, remote.ErrUnreachable) {
		err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnreachable, err)
	}
	return c.fail(err)
}
