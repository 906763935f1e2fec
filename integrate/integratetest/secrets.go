package integratetest

import (
	"context"
	"sync"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// secretsOn is a store whose work can go along in its host's one exchange, as
// that of package virsh can.
type secretsOn struct {
	*secrettest.Store

	mu      sync.Mutex
	waiting map[string]libvirtsecret.Secret // by UUID
	ended   map[string]error
	listed  []libvirtsecret.Secret
}

const (
	listProgram   = "secrets-list"
	defineProgram = "secrets-define"
)

func newSecretsOn(store *secrettest.Store, m *remotetest.Host) *secretsOn {
	s := &secretsOn{Store: store, waiting: map[string]libvirtsecret.Secret{}, ended: map[string]error{}}
	m.Handle(listProgram, func(remote.Run) (stdout, stderr []byte, exit int) {
		listed, err := store.List(context.Background())
		s.mu.Lock()
		defer s.mu.Unlock()
		s.listed, s.ended[""] = listed, err
		return nil, nil, status(err)
	})
	m.Handle(defineProgram, func(run remote.Run) (stdout, stderr []byte, exit int) {
		s.mu.Lock()
		secret := s.waiting[run.Argv[1]]
		s.mu.Unlock()
		err := store.Define(context.Background(), secret)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended[run.Argv[1]] = err
		return nil, nil, status(err)
	})
	return s
}

func status(err error) int {
	if err != nil {
		return 1
	}
	return 0
}

// ListOp is List as an operation of the host.
func (s *secretsOn) ListOp(...string) (remote.Op, func(remote.Result) ([]libvirtsecret.Secret, error)) {
	return remote.Run{Argv: []string{listProgram}}, func(r remote.Result) ([]libvirtsecret.Secret, error) {
		if r.Err != nil {
			return nil, r.Err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.listed, s.ended[""]
	}
}

// DefineOp is Define as an operation of the host.
func (s *secretsOn) DefineOp(secret libvirtsecret.Secret) (remote.Op, func(remote.Result) error, error) {
	if err := secret.Validate(); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	s.waiting[secret.UUID] = secret
	s.mu.Unlock()
	op := remote.Run{Argv: []string{defineProgram, secret.UUID}, Stdin: []byte(secret.Value.Reveal())}
	return op, func(r remote.Result) error {
		if r.Err != nil {
			return r.Err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.ended[secret.UUID]
	}, nil
}
