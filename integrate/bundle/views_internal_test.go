package bundle

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// each writes each character of a text in a form.
func each(form, text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, form, r)
	}
	return b.String()
}

// eachByte writes each byte of a text in a form.
func eachByte(form, text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, form, text[i])
	}
	return b.String()
}

// TestNoEscapeHidesASecret, and neither does an end of a line.
func TestNoEscapeHidesASecret(t *testing.T) {
	for _, secret := range []string{"hunter2", "R4bbit/ca?ry", "p\u00e4ssw\u00f6rt",
		"p\u00e4ssw\u00f6rt, und noch mehr \u00fc", "a b/c&d", `x'y"z\w<>`, "\u5bc6\u7801\u5bc6\u7801", "\U0001f511key",
		"a+b=c%d", "correct horse battery"} {
		var s Scrubber
		s.add(secret)
		inJSON, err := json.Marshal(secret)
		require.NoError(t, err)
		twice, err := json.Marshal(string(inJSON))
		require.NoError(t, err)
		ascii := strings.Trim(strconv.QuoteToASCII(secret), `"`)
		half := len(secret) / 3
		for !utf8.RuneStart(secret[half]) {
			half++
		}
		for how, text := range map[string]string{
			"JSON": string(inJSON), "JSON in JSON": string(twice), "JSON of Python": ascii,
			"a byte each": eachByte(`\x%02x`, secret), "octal": eachByte(`\%03o`, secret),
			"URL of Python": strings.ReplaceAll(url.PathEscape(secret), "%2F", "/"),
			"URL in a URL":  url.QueryEscape(url.QueryEscape(secret)), "all of a URL": eachByte("%%%02X", secret),
			"HTML": each("&#%d;", secret), "HTML in HTML": html.EscapeString(html.EscapeString(secret)),
			"a format":   strings.ReplaceAll(secret, "%", "%%"),
			"base64":     base64.StdEncoding.EncodeToString([]byte("nova:" + secret)),
			"a new line": secret[:half] + "\n    " + secret[half:], "Python": secret[:half] + "'\n    '" + secret[half:],
		} {
			got := s.Text("login " + text + " failed\n")
			assert.NotContains(t, got, text, how)
			assert.Contains(t, got, redacted, "%s of %s", how, secret)
			assert.True(t, strings.HasPrefix(got, "login ") && strings.HasSuffix(got, " failed\n"), got)
			rest := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(got, "login "), " failed\n"), redacted, "")
			assert.Less(t, len(rest), 8, "%s of %s: %s", how, secret, got)
		}
	}
	var s Scrubber
	s.add("p\u00e4ssw\u00f6rt")
	assert.Equal(t, "it is [redacted] here", s.Text(`it is p\xe4ssw\xf6rt here`), "a text of Python")
	s.add("k9z")
	assert.Equal(t, "it is [redacted] here", s.Text("it is bm92YTprOXo= here"), "three characters in base64")
	const other = "100% of C:\\new &amp; #123 \\x4 %zz \n  \n it's \"fine\" bm92YTpub3Zh"
	assert.Equal(t, other, s.Text(other))
}

// FuzzViews: each byte of a view is from somewhere in the text.
func FuzzViews(f *testing.F) {
	f.Add(`a\u00e4%41\ud83d\udd11&amp;#011\101`)
	f.Add("a'\n  'b\\\nc%")
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range views(text) {
			for i := range v.text {
				from, to := v.from(i, i+1)
				assert.True(t, 0 <= from && from < to && to <= len(text))
			}
		}
	})
}
