package cephxtest_test

import (
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephx/cephxtest"
)

// In a test, a Subject goes to cephxtest.TestAuth(t, subject).
func Example() {
	fake := cephtest.NewTentacle()
	subject := cephxtest.Subject{Batcher: fake, Seeder: fake,
		Login: func(user ceph.User, _ string) (stop func(), err error) {
			s, err := fake.Login(user.Entity, user.Key)
			if err != nil {
				return nil, err
			}
			return s.Close, nil
		},
		Renew: func() { _ = fake.RestartMonitor("a") },
	}
	stop, err := subject.Login(fake.AddUser(ceph.User{Entity: "client.cinder"}), "")
	fmt.Println(stop != nil, err)
	// Output: true <nil>
}
