//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// A cephCall is a monitor command, or what is to do with an RBD pool or a lock, on its way to another process.
type cephCall struct {
	Command ceph.Command
	Input   []byte
	Op      string // init, list, lock, unlock or holder
	Pool    string
	Lock    ceph.Lock
}

// A cephAnswer is what came of it.
type cephAnswer struct {
	Data    []byte
	Status  string
	Names   []string
	Lock    ceph.Lock
	Refusal *ceph.CommandError
	Fault   string
}

// A plainSecret is a secret on its way to another process.
type plainSecret struct {
	UUID, UsageID, Description, Value string
	Ephemeral, Private                bool
}

func plain(s libvirtsecret.Secret) plainSecret {
	return plainSecret{s.UUID, s.UsageID, s.Description, s.Value.Reveal(), s.Ephemeral, s.Private}
}

func (p plainSecret) secret() libvirtsecret.Secret {
	value, _ := libvirtsecret.ParseValue(p.Value) // of a secret without a value, it is zero
	return libvirtsecret.Secret{UUID: p.UUID, UsageID: p.UsageID, Description: p.Description, Ephemeral: p.Ephemeral,
		Private: p.Private, Value: value}
}

// A secretCall is a call of a libvirtsecret.Store on its way to another process.
type secretCall struct {
	Op   string
	UUID string
	Set  plainSecret
	Was  *plainSecret
}

type secretAnswer struct {
	Secrets   []plainSecret
	Fault     string
	Condition string
}

// conditions are the errors that keep their meaning on their way.
func conditions() []error {
	return []error{libvirtsecret.ErrUnknown, libvirtsecret.ErrNotFound, libvirtsecret.ErrConflict,
		libvirtsecret.ErrUnreachable}
}

// A sender reaches the fakes that live in another process, over a Unix socket.
type sender struct{ client *http.Client }

func newSender(socket string) *sender {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &sender{&http.Client{Transport: &http.Transport{DialContext: dial}}}
}

func (s *sender) call(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://fakes/"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}

// A distantCeph is the cluster of another process. Of its images, it has what a plan and an apply need.
type distantCeph struct {
	ceph.Images
	*sender
}

func (c distantCeph) do(ctx context.Context, call cephCall) (a cephAnswer, err error) {
	if err := c.call(ctx, "ceph", call, &a); err != nil {
		return a, fmt.Errorf("%w: %w", ceph.ErrUnreachable, err)
	}
	switch {
	case a.Refusal != nil:
		return a, a.Refusal
	case a.Fault != "":
		return a, errors.New(a.Fault)
	}
	return a, nil
}

// Command implements ceph.Commander.
func (c distantCeph) Command(ctx context.Context, command ceph.Command) (ceph.Reply, error) {
	a, err := c.do(ctx, cephCall{Command: command, Input: []byte(command.Input.Reveal())})
	return ceph.Reply{Data: cephstack.Redact(a.Data), Status: a.Status}, err
}

// InitPool implements ceph.Images.
func (c distantCeph) InitPool(ctx context.Context, pool string) error {
	_, err := c.do(ctx, cephCall{Op: "init", Pool: pool})
	return err
}

// List implements ceph.Images.
func (c distantCeph) List(ctx context.Context, pool string) ([]string, error) {
	a, err := c.do(ctx, cephCall{Op: "list", Pool: pool})
	return a.Names, err
}

// Lock implements ceph.Locker.
func (c distantCeph) Lock(ctx context.Context, lock ceph.Lock) error {
	_, err := c.do(ctx, cephCall{Op: "lock", Lock: lock})
	return err
}

// Unlock implements ceph.Locker.
func (c distantCeph) Unlock(ctx context.Context, lock ceph.Lock) error {
	_, err := c.do(ctx, cephCall{Op: "unlock", Lock: lock})
	return err
}

// Holder implements ceph.Locker.
func (c distantCeph) Holder(ctx context.Context, pool, object string) (ceph.Lock, error) {
	a, err := c.do(ctx, cephCall{Op: "holder", Lock: ceph.Lock{Pool: pool, Object: object}})
	return a.Lock, err
}

// A distantStore is the libvirt of another process.
type distantStore struct{ *sender }

func (s distantStore) do(ctx context.Context, call secretCall) ([]libvirtsecret.Secret, error) {
	var a secretAnswer
	if err := s.call(ctx, "secrets", call, &a); err != nil {
		return nil, &libvirtsecret.Error{Op: call.Op, UUID: call.UUID, Err: errors.Join(libvirtsecret.ErrUnreachable, err)}
	}
	if a.Fault != "" {
		why := errors.New(a.Fault)
		for _, c := range conditions() {
			if c.Error() == a.Condition {
				why = c
			}
		}
		return nil, &libvirtsecret.Error{Op: call.Op, UUID: call.UUID, Detail: a.Fault, Err: why}
	}
	var all []libvirtsecret.Secret
	for _, p := range a.Secrets {
		all = append(all, p.secret())
	}
	return all, nil
}

// Lookup implements libvirtsecret.Store.
func (s distantStore) Lookup(ctx context.Context, uuid string) (libvirtsecret.Secret, error) {
	all, err := s.do(ctx, secretCall{Op: "lookup", UUID: uuid})
	if err != nil || len(all) != 1 {
		return libvirtsecret.Secret{}, err
	}
	return all[0], nil
}

// List implements libvirtsecret.Store.
func (s distantStore) List(ctx context.Context) ([]libvirtsecret.Secret, error) {
	return s.do(ctx, secretCall{Op: "list"})
}

// Define implements libvirtsecret.Store.
func (s distantStore) Define(ctx context.Context, c libvirtsecret.Change) error {
	call := secretCall{Op: "define", UUID: c.UUID, Set: plain(c.Secret)}
	if c.Was != nil {
		was := plain(*c.Was)
		call.Was = &was
	}
	_, err := s.do(ctx, call)
	return err
}

// Undefine implements libvirtsecret.Store.
func (s distantStore) Undefine(ctx context.Context, uuid string) error {
	_, err := s.do(ctx, secretCall{Op: "undefine", UUID: uuid})
	return err
}

// fakesAt serves the Ceph and the libvirt of a cloud to another process.
func fakesAt(socket string, w *integratetest.World, compute string) (io.Closer, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ceph", func(out http.ResponseWriter, r *http.Request) {
		var call cephCall
		if json.NewDecoder(r.Body).Decode(&call) == nil {
			_ = json.NewEncoder(out).Encode(cephDoes(r.Context(), w.Ceph["ceph"], call))
		}
	})
	mux.HandleFunc("/secrets", func(out http.ResponseWriter, r *http.Request) {
		var call secretCall
		if json.NewDecoder(r.Body).Decode(&call) == nil {
			_ = json.NewEncoder(out).Encode(libvirtDoes(r.Context(), w.Libvirt[compute], call))
		}
	})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	return server, nil
}

func cephDoes(ctx context.Context, c *cephtest.Cluster, call cephCall) (a cephAnswer) {
	var err error
	switch call.Op {
	case "init":
		err = c.InitPool(ctx, call.Pool)
	case "list":
		a.Names, err = c.List(ctx, call.Pool)
	case "lock":
		err = c.Lock(ctx, call.Lock)
	case "unlock":
		err = c.Unlock(ctx, call.Lock)
	case "holder":
		a.Lock, err = c.Holder(ctx, call.Lock.Pool, call.Lock.Object)
	default:
		call.Command.Input = cephstack.Redact(call.Input)
		var reply ceph.Reply
		reply, err = c.Command(ctx, call.Command)
		a.Data, a.Status = []byte(reply.Data.Reveal()), reply.Status
	}
	if err != nil && !errors.As(err, &a.Refusal) {
		a.Fault = err.Error()
	}
	return a
}

func libvirtDoes(ctx context.Context, s libvirtsecret.Store, call secretCall) (a secretAnswer) {
	var all []libvirtsecret.Secret
	var err error
	switch call.Op {
	case "list":
		all, err = s.List(ctx)
	case "lookup":
		all = make([]libvirtsecret.Secret, 1)
		all[0], err = s.Lookup(ctx, call.UUID)
	case "define":
		change := libvirtsecret.Change{Secret: call.Set.secret()}
		if call.Was != nil {
			was := call.Was.secret()
			change.Was = &was
		}
		err = s.Define(ctx, change)
	case "undefine":
		err = s.Undefine(ctx, call.UUID)
	}
	for _, secret := range all {
		a.Secrets = append(a.Secrets, plain(secret))
	}
	if err != nil {
		a.Fault = err.Error()
		for _, c := range conditions() {
			if errors.Is(err, c) && a.Condition == "" {
				a.Condition = c.Error()
			}
		}
	}
	return a
}
