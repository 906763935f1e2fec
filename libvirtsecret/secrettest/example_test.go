package secrettest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
)

func Example() {
	ctx := context.Background()
	store := secrettest.New()
	value, _ := libvirtsecret.ParseValue("AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")
	secret := libvirtsecret.Secret{
		UUID:    libvirtsecret.DeriveUUID("4b5c8c0a-ff60-454b-a1b4-9747aa737d19", "client.cinder"),
		UsageID: libvirtsecret.UsageID("4b5c8c0a-ff60-454b-a1b4-9747aa737d19", "client.cinder"),
		Value:   value,
	}
	secret.Private = true
	fmt.Println(store.Define(ctx, libvirtsecret.Change{Secret: secret}))

	secret.Private = false
	err := store.Define(ctx, libvirtsecret.Change{Secret: secret})
	fmt.Println(errors.Is(err, libvirtsecret.ErrConflict))
	fmt.Println(errors.Unwrap(err))
	// Output:
	// <nil>
	// true
	// libvirtsecret: in conflict with what libvirt has
}
