package ceph_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

func Example() {
	ctx := context.Background()
	cluster := ceph.New(cephtest.New()) // or radosconn.Dial, or cephcli.New

	if err := cluster.CreatePool(ctx, ceph.Pool{Name: "volumes", Application: "rbd"}); err != nil {
		fmt.Println(err)
	}
	layout := ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes"}}
	user, err := cluster.CreateUser(ctx, "client.cinder", layout.CinderCaps())
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(user.Entity, user.Key, user.Caps)
	// Output: client.cinder [redacted] mon 'profile rbd' osd 'profile rbd pool=volumes, profile rbd-read-only pool=images'
}

func ExampleCaps_Merge() {
	was := ceph.Caps{
		"mon": "allow r",
		"osd": "allow class-read object_prefix rbd_children, allow rwx pool=volumes, allow rx pool=images, allow r " +
			"pool=archive",
	}
	layout := ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes"}}
	fmt.Println(was.Merge(layout.CinderCaps()))
	// Output: mon 'profile rbd' osd 'profile rbd pool=volumes, profile rbd-read-only pool=images, allow r pool=archive'
}

func ExampleConf_Set() {
	conf, err := ceph.ParseConf([]byte("# ours\n[global]\nfsid = a3d17d0c\n\n[client]\nrbd cache = true ; quick\n"))
	if err == nil {
		err = conf.Set("client", "rbd_cache", "false")
	}
	if err == nil {
		err = conf.Set("client.cinder", "keyring", "/etc/ceph/ceph.client.cinder.keyring")
	}
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s", conf.Render())
	// Output:
	// # ours
	// [global]
	// fsid = a3d17d0c
	//
	// [client]
	// rbd cache = false ; quick
	//
	// [client.cinder]
	// keyring = /etc/ceph/ceph.client.cinder.keyring
}

func ExampleCluster_User() {
	_, err := ceph.New(cephtest.New()).User(context.Background(), "client.cinder")
	fmt.Println(errors.Is(err, ceph.ErrNotFound))
	fmt.Println(err)
	// Output:
	// true
	// ceph auth get client.cinder: errno 2: failed to find client.cinder in keyring
}

func ExampleKeyring_Render() {
	key, err := ceph.ParseKey("QUJD")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s", ceph.Keyring{Users: []ceph.User{{Entity: "client.glance", Key: key}}}.Render())
	// Output:
	// [client.glance]
	// 	key = QUJD
}
