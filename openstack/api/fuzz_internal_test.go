package api

import (
	"strings"
	"testing"
	"unicode"

	"github.com/gophercloud/gophercloud/v2"
)

// FuzzWords: whatever a service answers, its words are a short line that prints, without the
// secrets that are known.
func FuzzWords(f *testing.F) {
	for _, text := range []string{"", `{"itemNotFound":{"message":"no \u001b[2J\u202e server","code":404}}`,
		`{"message":"a\nb"}`,
		"<html><head>x</head><body>502 \x9b31m</body></html>", `{"badRequest":{"message":"hunter2-secret"}}`, "[",
		"\xff\u2028"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := &Cloud{secrets: func() redactor { return redactor{"hunter2-secret"} },
			provider: func() *gophercloud.ProviderClient { return &gophercloud.ProviderClient{} }}
		text := c.words(body)
		if len(text) > 303 || strings.Contains(text, "hunter2-secret") ||
			strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q is %q", body, text)
		}
	})
}
