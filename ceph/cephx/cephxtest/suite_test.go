package cephxtest_test

import (
	"strings"
	"testing"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephx/cephxtest"
)

// TestMemory: the cluster in memory keeps all promises, in both of its releases.
func TestMemory(t *testing.T) {
	for name, fresh := range map[string]func() *cephtest.Cluster{"16.2": cephtest.New, "20.2.4": cephtest.NewTentacle} {
		t.Run(name, func(t *testing.T) { cephxtest.TestAuth(t, memory(fresh())) })
	}
}

func memory(c *cephtest.Cluster) cephxtest.Subject {
	return cephxtest.Subject{Batcher: c, Seeder: c,
		Login: func(user ceph.User, image string) (stop func(), err error) {
			s, err := c.Login(user.Entity, user.Key)
			if err != nil {
				return nil, err
			}
			if image != "" {
				pool, name := split(image)
				err = s.Watch(pool, name)
			}
			return s.Close, err
		},
		Renew: func() { _ = c.RestartMonitor("a") },
	}
}

func split(image string) (pool, name string) {
	pool, name, _ = strings.Cut(image, "/")
	return pool, name
}
