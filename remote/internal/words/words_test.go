package words_test

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote/internal/words"
)

func TestPrintable(t *testing.T) {
	require.Equal(t, "a | b?[31m", words.Printable(" a \n\n b\x1b[31m\r\n", 100))
	require.Equal(t, "…cde", words.Printable("abcde", 3))
	for name, text := range map[string]string{
		"C0": "\x1b\x07\x08\x00", "C1": "\u0080\u009b\u0085", "lines": "\u2028\u2029", "turned": "\u202e\u2066\u200f\u061c",
		"no width": "\u200b\u200d\ufeff\u2060", "fillers": "\u3164\u115f\uffa0\u2800", "marks": "\ufe0f\u034f",
		"tags": "\U000e0041\U000e0101", "spaces": "\u00a0\u2003", "private": "\ue000",
	} {
		got := words.Printable("a"+text+"b", 100)
		require.Equal(t, "a"+strings.Repeat("?", len([]rune(text)))+"b", got, name)
	}
	require.Equal(t, "a\ufffdb é 漢", words.Printable("a\xffb é 漢", 100))
}

// cephx is a key with a secret of n bytes.
func cephx(n int, fill byte) string {
	b := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8}, binary.LittleEndian.AppendUint16(nil, uint16(n))...)
	return base64.StdEncoding.EncodeToString(append(b, strings.Repeat(string(rune(fill)), n)...))
}

func TestSecretsAreMasked(t *testing.T) {
	for _, key := range []string{cephx(16, 'x'), cephx(32, 'y'), "AQDQNVRhAAAAABAA" + "qCCPXwyZCtnlPq0yp0eRfw=="} {
		for _, around := range []string{"%", "key = %", "key=%, and more", "\"key\":\"%\"", "/%", "x%", "--key=% %"} {
			have := words.Printable(strings.ReplaceAll(around, "%", key), 300)
			require.NotContains(t, have, key[4:], around)
			require.Contains(t, have, "[redacted]", around)
		}
	}
	for text, want := range map[string]string{
		"to rabbit://openstack:pa$s/w@rd@10.0.0.1:5672/ failed": "to rabbit://openstack:[redacted]@10.0.0.1:5672/ failed",
		"auth: error parsing file kr: error setting modifier for [client.x] type=key val=AQBSKT: Malformed input"://
		"auth: error parsing file kr: error setting modifier for [client.x] type=key val=[redacted]: Malformed input",
		"x: No ':' or '=' found in assignment: 'password hunter2'\nx"://
		"x: No ':' or '=' found in assignment: [redacted] | x",
		"redis://:secret@h, mysql+pymysql://n:p@h/nova": "redis://:[redacted]@h, mysql+pymysql://n:[redacted]@h/nova",
		"rabbit://a:b@h1,a:c@h2": "rabbit://a:[redacted]@h2",
	} {
		require.Equal(t, want, words.Printable(text, 300))
	}
	for _, plain := range []string{
		"da39a3ee5e6b4b0d3255bfef95601890afd80709", strings.Repeat("0a", 32), "http://h:80/x", "root@host", "a // b: c@d",
		"/usr/lib/python3/dist-packages/oslo_config/cfg.py", strings.Repeat("A", 40),
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE",
	} {
		require.Equal(t, plain, words.Printable(plain, 300))
	}
}

// TestOnlyTheEndOfALongText is looked at, and half a secret does not stay.
func TestOnlyTheEndOfALongText(t *testing.T) {
	key := cephx(16, 'x')
	require.Equal(t, "end", words.Printable(key+strings.Repeat("\n", 64<<10-23)+"end", 100))
	require.Equal(t, "…end", words.Printable(strings.Repeat("key=x ", 1<<20)+"end", 3))
}

func FuzzPrintable(f *testing.F) {
	f.Add("key = AQDQNVRhAAAAABAAqCCPXwyZCtnlPq0yp0eRfw==", "a://b:c@d")
	f.Fuzz(func(t *testing.T, before, after string) {
		key := cephx(16, 'x')
		require.NotContains(t, words.Printable(before+" "+key+" "+after, 1<<20), key)
	})
}
