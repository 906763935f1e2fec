package ceph_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

const secret = "AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA=="

func TestKeyDoesNotPrint(t *testing.T) {
	key, err := ceph.ParseKey(secret)
	require.NoError(t, err)
	hidden := struct{ k ceph.Key }{key} // fmt calls no methods on unexported fields
	user := ceph.User{Entity: "client.a", Key: key}
	var out bytes.Buffer
	for _, v := range []any{key, &key, user, &user, hidden, &hidden, []ceph.Key{key}, map[string]ceph.Key{"a": key},
		ceph.Keyring{Users: []ceph.User{user}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	text, err := xml.Marshal(user.Key)
	require.NoError(t, err)
	out.Write(text)
	hex := fmt.Sprintf("%x", secret)
	for _, leak := range []string{secret, secret[:12], hex[:20], strings.ToUpper(hex[:20]), "[65 81 66"} {
		assert.NotContains(t, out.String(), leak)
	}
	assert.Equal(t, "[redacted]", fmt.Sprint(key))
	assert.Equal(t, secret, key.Reveal())
}

func TestParseKey(t *testing.T) {
	for _, good := range []string{"QQ==", " \t" + secret + "\r\n", strings.Repeat("QUJD", 20)} {
		k, err := ceph.ParseKey(good)
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSpace(good), k.Reveal())
		assert.False(t, k.IsZero())
	}
	for _, bad := range []string{"", " ", "QQ", "Q Q=", "QUJD\nQUJD", secret + "x", "key = " + secret} {
		_, err := ceph.ParseKey(bad)
		require.ErrorIs(t, err, ceph.ErrInvalid)
		assert.NotContains(t, err.Error(), secret[:10])
	}
}

func TestKeyEqual(t *testing.T) {
	a, err := ceph.ParseKey(secret)
	require.NoError(t, err)
	b, err := ceph.ParseKey(secret + "\n")
	require.NoError(t, err)
	c, err := ceph.ParseKey("QUJD")
	require.NoError(t, err)
	assert.True(t, a.Equal(b))
	assert.False(t, a.Equal(c))
	assert.False(t, a.Equal(ceph.Key{}))
	assert.True(t, ceph.Key{}.Equal(ceph.Key{}))
	assert.True(t, ceph.Key{}.IsZero())
}

func TestKeyType(t *testing.T) {
	for text, want := range map[string]string{
		"AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA==":                     "aes",
		"AgBSdFxU0ECOHSAAjnmJMdI0AOBUBBQbGSxnLI55iTHSNADgVAQUGxksZyyO": "aes256k",
		"AwBSdFxU": "", "AQ==": "",
	} {
		k, err := ceph.ParseKey(text)
		require.NoError(t, err)
		assert.Equal(t, want, k.Type(), len(text))
	}
	assert.Empty(t, ceph.Key{}.Type())
}

// TestCommandsAndRepliesDoNotPrintKeys, as a keyring is a command's input, and a user's
// key is in a reply.
func TestCommandsAndRepliesDoNotPrintKeys(t *testing.T) {
	const secret = "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw=="
	cmd := ceph.Command{JSON: []byte(`{"prefix":"auth import"}`), Input: cephstack.Redact(secret)}
	reply := ceph.Reply{Data: cephstack.Redact(secret), Status: "imported keyring"}
	assert.Equal(t, `{"prefix":"auth import"}, 40 bytes of input`, fmt.Sprint(cmd))
	assert.Equal(t, `"imported keyring", 40 bytes`, fmt.Sprint(reply))
	for _, v := range []any{cmd, &cmd, reply, &reply, ceph.Request{Command: cmd}, ceph.Answer{Reply: reply},
		[]ceph.Command{cmd}} {
		var texts []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
		data, err := json.Marshal(v)
		require.NoError(t, err)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("sent", "what", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("sent", "what", v)
		for _, text := range append(texts, string(data), log.String()) {
			assert.NotContains(t, text, secret)
			assert.NotContains(t, text, base64.StdEncoding.EncodeToString([]byte(secret)))
			assert.NotContains(t, strings.ToLower(text), hex.EncodeToString([]byte(secret)))
			assert.NotContains(t, text, "65 81 66 84")
		}
	}
}
