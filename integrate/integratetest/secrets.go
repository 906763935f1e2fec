package integratetest

import (
	"context"
	"errors"
	"slices"
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
		for _, uuid := range run.Argv[1:] {
			s.mu.Lock()
			secret := s.waiting[uuid]
			s.mu.Unlock()
			err := store.Define(context.Background(), secret)
			s.mu.Lock()
			s.ended[uuid] = err
			s.mu.Unlock()
			exit = max(exit, status(err))
		}
		return nil, nil, exit
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
func (s *secretsOn) ListOp(expected ...string) (remote.Op, func(remote.Result) ([]libvirtsecret.Secret, bool, error)) {
	return remote.Run{Argv: []string{listProgram}}, func(r remote.Result) ([]libvirtsecret.Secret, bool, error) {
		if r.Err != nil {
			return nil, false, r.Err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, secret := range s.listed {
			if !slices.Contains(expected, secret.UUID) {
				return nil, false, nil
			}
		}
		return s.listed, s.ended[""] == nil, s.ended[""]
	}
}

// DefineOp is Define, for any number of secrets, as an operation of the host.
func (s *secretsOn) DefineOp(secrets ...libvirtsecret.Secret) (remote.Op, func(remote.Result) []error, error) {
	run := remote.Run{Argv: []string{defineProgram}}
	for _, secret := range secrets {
		if err := secret.Validate(); err != nil {
			return nil, nil, err
		}
		s.mu.Lock()
		s.waiting[secret.UUID] = secret
		s.mu.Unlock()
		run.Argv = append(run.Argv, secret.UUID)
		run.Stdin = append(append(run.Stdin, secret.Value.Reveal()...), '\n')
	}
	return run, func(r remote.Result) []error {
		var errs []error
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, secret := range secrets {
			errs = append(errs, errors.Join(r.Err, s.ended[secret.UUID]))
		}
		return errs
	}, nil
}
