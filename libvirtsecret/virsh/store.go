package virsh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/remote"
)

// Options say how virsh is called.
type Options struct {
	// URI is the address of the libvirt daemon as the host sees it. An empty
	// URI stands for qemu:///system.
	URI string
	// Container is the name of the docker or podman container that libvirt and
	// virsh are in, such as nova_libvirt. It is empty if they are on the host
	// itself.
	Container string
}

// A Store is the libvirt daemon of a host.
type Store struct {
	host      remote.Host
	uri       string
	container string
}

var _ hostbatch.Store = (*Store)(nil)

// New returns the Store of host's libvirt daemon. It runs nothing.
func New(host remote.Host, o Options) *Store {
	if o.URI == "" {
		o.URI = "qemu:///system"
	}
	return &Store{host: host, uri: o.URI, container: o.Container}
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
	out, err := s.run(ctx, c, s.op(readScript, nil, c.uuid))
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

// ListOp implements hostbatch.Store. It runs one virsh, which reads the
// expected secrets and lists all UUIDs.
func (s *Store) ListOp(expected ...string) (remote.Op, hostbatch.ListReader) {
	c := call{op: "list"}
	var words strings.Builder
	for _, uuid := range expected {
		if libvirtsecret.CheckUUID(uuid) == nil {
			fmt.Fprintf(&words, readWords, uuid)
		}
	}
	op := remote.Run{Argv: s.argv("virsh", "-q", "-c", s.uri, words.String()+endWords)}
	return op, func(r remote.Result) ([]libvirtsecret.Secret, bool, error) {
		out, err := c.take(r)
		if err != nil {
			return nil, false, err
		}
		_, table, _ := strings.Cut(string(out), markEnd)
		for row := range strings.Lines(table) {
			if f := strings.Fields(row); len(f) > 1 && f[1] == "ceph" && !slices.Contains(expected, f[0]) {
				return nil, false, nil
			}
		}
		if words.Len() == 0 {
			return nil, true, nil
		}
		secrets, err := c.parse(out)
		return secrets, err == nil, err
	}
}

// Define implements libvirtsecret.Store.
//
// Similar To: virsh secret-define <file>; virsh secret-set-value <uuid> --file <file>
func (s *Store) Define(ctx context.Context, change libvirtsecret.Change) error {
	op, judge, err := s.DefineOp(change)
	if err != nil {
		return err
	}
	r, err := s.do(ctx, defining(change.Secret), op)
	if err != nil {
		return err
	}
	return s.explain(ctx, change.Secret, judge(r)[0])
}

// DefineOp implements hostbatch.Store.
func (s *Store) DefineOp(changes ...libvirtsecret.Change) (remote.Op, hostbatch.DefineReader, error) {
	var args []string
	var values []byte
	for _, change := range changes {
		c := defining(change.Secret)
		if err := change.Validate(); err != nil {
			return nil, nil, c.fail(err)
		}
		xml, err := change.XML()
		if err != nil {
			return nil, nil, c.fail(err)
		}
		private := "no"
		if change.Private {
			private = "yes"
		}
		values = append(append(values, c.value...), '\n')
		seen := "any"
		switch was := change.Was; {
		case was != nil && was.UUID == "":
			seen = "absent"
		case was != nil:
			seen, values = "there", append(append(values, was.Value.Reveal()...), '\n')
		}
		args = append(args, change.UUID, string(xml), private, seen)
	}
	changes = slices.Clone(changes)
	return s.op(defineScript, values, args...), func(r remote.Result) []error {
		errs := make([]error, len(changes))
		for i, change := range changes {
			errs[i] = defining(change.Secret).defined(r, change.Secret)
		}
		return errs
	}, nil
}

func defining(secret libvirtsecret.Secret) call {
	return call{op: "define", uuid: secret.UUID, value: secret.Value.Reveal()}
}

// defined says what became of one secret of those that defineScript defines.
func (c call) defined(r remote.Result, secret libvirtsecret.Secret) error {
	// Each secret has a status of its own, also where the script did not get to the others.
	_, own, found := strings.Cut(string(r.Data), markDefined+c.uuid+" ")
	if found || r.Exit == exitSome {
		r.Exit = 0
	}
	if _, err := c.take(r); err != nil {
		return err
	}
	own, _, _ = strings.Cut(own, markDefined)
	first, said, _ := strings.Cut(own, "\n")
	status, err := strconv.Atoi(first)
	switch {
	case !found || err != nil:
		return c.fail(fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, errOutput))
	case status != 0:
		return c.refused(status, said)
	case secret.Private: // its value is never given out
		return nil
	}
	return c.proven(said, secret)
}

// proven compares the value that was read back, which is the last line. virsh
// may have printed warnings and errors before it.
func (c call) proven(said string, secret libvirtsecret.Secret) error {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	back, err := libvirtsecret.ParseValue(lines[len(lines)-1])
	if err == nil && back.Equal(secret.Value) {
		return nil
	}
	var words []string
	for _, line := range lines {
		if strings.HasPrefix(line, "error: ") {
			words = append(words, line)
		}
	}
	if len(words) > 0 {
		return c.refused(exitUnset, strings.Join(words, "\n"))
	}
	return c.fail(fmt.Errorf("%w: the value does not read back as it was set", libvirtsecret.ErrUnknown))
}

// explain turns a refusal into ErrConflict if the daemon has a secret that
// conflicts. The words of the refusal do not always tell: they may be in the
// daemon's language.
func (s *Store) explain(ctx context.Context, secret libvirtsecret.Secret, refusal error) error {
	var e *libvirtsecret.Error
	if !errors.As(refusal, &e) || !errors.Is(e.Err, errRefused) {
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
	_, err := s.run(ctx, c, s.op(undefineScript, nil, uuid))
	return err
}

// op is a script as an operation.
func (s *Store) op(script string, stdin []byte, args ...string) remote.Op {
	argv := append([]string{"sh", "-c", prelude + script, "virsh", s.uri}, args...)
	return remote.Run{Argv: s.argv(argv...), Stdin: cephstack.Redact(stdin)}
}

// argv runs a program where libvirt is: on the host, or in its container.
func (s *Store) argv(args ...string) []string {
	if s.container == "" {
		return args
	}
	return append([]string{"sh", "-c", enterScript, "sh", s.container}, args...)
}

// run runs a script on the host and gives its standard output.
func (s *Store) run(ctx context.Context, c call, op remote.Op) ([]byte, error) {
	r, err := s.do(ctx, c, op)
	if err != nil {
		return nil, err
	}
	return c.take(r)
}

// do gives the result of an operation. Where the exchange failed, the result of a change says
// whether it may have had an effect, and the error of the exchange does not.
func (s *Store) do(ctx context.Context, c call, op remote.Op) (remote.Result, error) {
	results, err := s.host.Do(ctx, op)
	switch {
	case len(results) == 1 && (err == nil || c.writes()):
		return results[0], nil
	case err == nil:
		err = fmt.Errorf("%d results for one operation", len(results))
	}
	return remote.Result{}, c.unreachable(err)
}

// take gives the standard output of a script that ended well.
func (c call) take(r remote.Result) ([]byte, error) {
	if r.Err != nil {
		return nil, c.unreachable(r.Err)
	}
	if r.Exit != 0 {
		return nil, c.refused(r.Exit, string(r.Stderr))
	}
	return r.Data, nil
}

func (c call) unreachable(err error) error {
	if errors.Is(err, remote.ErrUnreachable) {
		err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnreachable, err)
	}
	// A program that was ended for its time, or that said too much, had begun, unlike a connection.
	begun := errors.Is(err, remote.ErrTimeout) && !errors.As(err, new(*remote.HostError)) ||
		errors.Is(err, remote.ErrTooLarge) || errors.Is(err, remote.ErrUnknown)
	if c.writes() && begun {
		err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, err)
	}
	return c.fail(err)
}
