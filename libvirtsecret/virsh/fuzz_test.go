package virsh_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/remote"
)

// FuzzOutput: whatever virsh prints, an error is one line that prints, without the value of a secret, and a secret
// counts as defined only if its value was read back.
func FuzzOutput(f *testing.F) {
	const uuid, value = "1b63f79f-dd5b-5d25-bd38-f038b744ec2f", "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw=="
	for _, text := range []string{one + "<#end", "<#secret <#value<#end", "<#defined " + uuid + " 0\n" + value + "\n",
		"<#defined " + uuid + " 0\nerror: " + value + "\x1b[2J\n", "<#defined " + uuid + " 1\nerror: no " + value,
		"<#defined " + uuid + " x", strings.Replace(one, "AQAB", value, 1) + "<#end " + uuid + " ceph\n", "\xff" + value} {
		f.Add([]byte(text), []byte(nil), 0)
		f.Add([]byte(text), []byte("error: "+text), 1)
	}
	f.Fuzz(func(t *testing.T, out, stderr []byte, exit int) {
		v, err := libvirtsecret.ParseValue(value)
		require.NoError(t, err)
		secret := libvirtsecret.Secret{UUID: uuid, UsageID: "u", Value: v}
		s := virsh.New(&script{}, virsh.Options{})
		r := remote.Result{Data: out, Stderr: stderr, Exit: exit}
		_, read := s.ListOp(uuid)
		_, _, listed := read(r)
		_, judge, err := s.DefineOp(libvirtsecret.Change{Secret: secret})
		require.NoError(t, err)
		defined := judge(r)[0]
		if defined == nil && !strings.Contains(string(out), value) {
			t.Fatalf("%q defines the secret", out)
		}
		odd := func(r rune) bool { return !unicode.IsPrint(r) }
		for _, err := range []error{listed, defined} {
			if err != nil && strings.ContainsFunc(err.Error(), odd) {
				t.Fatalf("%q, %q: %q", out, stderr, err)
			}
		}
		if defined != nil && strings.Contains(defined.Error(), value) {
			t.Fatalf("an error holds the value: %q", defined)
		}
	})
}
