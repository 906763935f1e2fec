package virsh_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// TestWhatAHelperAllows is what the operations are, on a host and in a container.
func TestWhatAHelperAllows(t *testing.T) {
	a, b := secret(t, "client.a"), secret(t, "client.b")
	for _, container := range []string{"", "nova_libvirt"} {
		store := virsh.New(nil, virsh.Options{Container: container})
		ops, scripts := store.Allow([]libvirtsecret.Secret{a, b, {UUID: "none"}})
		list, _ := store.ListOp(a.UUID, b.UUID)
		require.Equal(t, []remote.Op{list}, ops)
		require.Len(t, scripts, 1)
		n := len(scripts[0].Start.Argv)
		require.Contains(t, []int{5, 10}, n, "the helper knows these lengths")
		define, _, err := store.DefineOp(libvirtsecret.Change{Secret: b},
			libvirtsecret.Change{Secret: a, Was: &libvirtsecret.Secret{}}, libvirtsecret.Change{Secret: a, Was: &a})
		require.NoError(t, err)
		argv := define.(remote.Run).Argv
		require.Equal(t, scripts[0].Start.Argv, argv[:n])
		for _, arg := range argv[n:] {
			assert.Contains(t, append(scripts[0].Secrets, scripts[0].Arguments...), arg)
		}
		assert.Equal(t, []string{a.UUID, b.UUID}, scripts[0].Secrets)
		text := string(helper.AllowList(ops, scripts...))
		assert.Equal(t, 2, strings.Count(text, "\nsecret "))
		assert.NotContains(t, text, a.Value.Reveal())
		assert.Less(t, len(text), 32<<10, "the helper reads a list of 256 KiB at most")
	}
}
