package libvirtsecret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
)

const text = "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw=="

func value(t testing.TB, text string) libvirtsecret.Value {
	t.Helper()
	v, err := libvirtsecret.ParseValue(text)
	require.NoError(t, err)
	return v
}

func TestParseValue(t *testing.T) {
	assert.Equal(t, text, value(t, " "+text+"\r\n").Reveal())
	for _, long := range []string{"AA==", strings.Repeat("A", 60), strings.Repeat("A", 4000)} {
		assert.Equal(t, long, value(t, long).Reveal())
	}
	for _, bad := range []string{"", " \n", "not base64!!", "AAA", "A\nA==", "AB==", "_-==", "hunter2hunter2!"} {
		v, err := libvirtsecret.ParseValue(bad)
		require.Error(t, err, "%q", bad)
		assert.True(t, v.IsZero())
		if len(bad) > 4 {
			assert.NotContains(t, err.Error(), bad)
		}
	}
}

func TestEqual(t *testing.T) {
	a, b := value(t, text), value(t, text)
	assert.True(t, a.Equal(b))
	assert.False(t, a.Equal(value(t, "AQAB")))
	assert.False(t, a.Equal(libvirtsecret.Value{}))
	assert.True(t, libvirtsecret.Value{}.Equal(libvirtsecret.Value{}))
	assert.Empty(t, libvirtsecret.Value{}.Reveal())
}

// TestNothingPrintsAValue tries every way to print, from a Value itself to one
// that fmt cannot see the methods of.
func TestNothingPrintsAValue(t *testing.T) {
	type deep struct {
		Shown  libvirtsecret.Secret
		hidden libvirtsecret.Secret
		value  *libvirtsecret.Value
	}
	v := value(t, text)
	s := libvirtsecret.Secret{UUID: "u", UsageID: "us", Value: v}
	things := []any{v, &v, s, &s, []libvirtsecret.Value{v}, map[string]libvirtsecret.Value{"k": v},
		deep{s, s, &v}, &deep{s, s, &v}, []libvirtsecret.Secret{s}, struct{ v any }{v}}
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%08.3f", "%!"} {
			clean(t, fmt.Sprintf(verb, thing))
		}
		clean(t, fmt.Sprintln(thing))
		out, err := json.Marshal(thing)
		if err == nil {
			clean(t, string(out))
		}
		if out, err := xml.Marshal(thing); err == nil {
			clean(t, string(out))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "k", thing)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "k", thing)
		clean(t, log.String())
	}
	assert.Equal(t, "[redacted]", v.String())
	assert.Equal(t, "[redacted]", fmt.Sprintf("%#v", v))
	out, err := json.Marshal(map[libvirtsecret.Value]int{v: 1})
	require.NoError(t, err)
	assert.Equal(t, `{"[redacted]":1}`, string(out))
	assert.Equal(t, `libvirt secret u for "us"`, s.String())
}

func clean(t *testing.T, out string) {
	t.Helper()
	for _, form := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprint([]byte(text))} {
		assert.NotContains(t, out, form)
	}
}
