package api

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/cephstack/cephstack"
)

// words finds the service's own words in the body of an error, which is JSON in
// one of several shapes, or HTML.
func (c *Cloud) words(body []byte) string {
	if len(body) >= mostRefusal {
		// A secret may be cut in half at the end. Half of it would not be found.
		body = body[:mostRefusal-4096]
	}
	all := c.redactor()
	text := all.hide(string(body)) // before the markup is taken out, which may take out a part of a secret
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		text = ""
		var message struct{ Message string }
		for _, raw := range fields {
			if json.Unmarshal(raw, &message) == nil && message.Message != "" {
				text = message.Message
			}
		}
		var many []struct{ Detail string } // of Placement
		if json.Unmarshal(fields["errors"], &many) == nil && len(many) > 0 {
			text = many[0].Detail
		}
		if raw, ok := fields["message"]; ok {
			_ = json.Unmarshal(raw, &text)
		}
		text = all.hide(text)
	}
	text = unseen().ReplaceAllString(text, " ")
	return c.clean(tags().ReplaceAllString(text, " "))
}

// redactor has the secrets that this Cloud knows now.
func (c *Cloud) redactor() redactor { return append(redactor{c.provider().Token()}, c.secrets()...) }

// Secrets are those that this Cloud knows now: its token, and the password or the secret of its login. They are for a
// program that takes them out of the words of others.
func (c *Cloud) Secrets() []cephstack.Redacted {
	var all []cephstack.Redacted
	for _, secret := range c.redactor() {
		if secret != "" {
			all = append(all, cephstack.Redact(secret))
		}
	}
	return all
}

// clean makes a short line of a text, without secrets.
func (c *Cloud) clean(text string) string { return line(c.redactor().clean(text)) }

// named is the name or ID of an object for an error. It may come from a service. What merely looks like a secret
// stays, as names may look so.
func (c *Cloud) named(object string) string { return line(c.redactor().hide(object)) }

// line makes a short line that can be printed.
func line(text string) string {
	const most = 300
	blank := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	text = strings.Join(strings.FieldsFunc(text, blank), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// A redactor is the secrets that must not show.
type redactor []string

const hidden = "[redacted]"

var (
	unseen = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)<(head|style|script)\b.*?</(head|style|script)>`)
	})
	tags = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<[^<>]*>`) })
)

// clean takes out the known secrets, and what looks like a secret.
func (r redactor) clean(text string) string { return cephstack.WithoutSecrets(r.hide(text)) }

// hide takes out the known secrets. A text in which one of them is written in yet another way, such as encoded twice,
// is hidden as a whole.
func (r redactor) hide(text string) string {
	for _, secret := range r {
		if len(secret) <= 3 {
			continue
		}
		for _, form := range forms(secret) {
			text = strings.ReplaceAll(text, form, hidden)
		}
		if holds(text, secret, 3) {
			return hidden
		}
	}
	return text
}

// forms are the ways in which services write a text: as it is, for a URL, for HTML, for JSON, in base64 at any offset,
// and in hexadecimal digits.
func forms(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret)))}
	if quoted, err := json.Marshal(secret); err == nil {
		all = append(all, strings.Trim(string(quoted), `"`))
	}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			// The digits at both ends depend on the bytes beside the secret.
			digits := e.EncodeToString([]byte(strings.Repeat("x", offset) + secret))
			first, last := []int{0, 2, 3}[offset], (offset+len(secret))*8/6
			if last-first >= 4 {
				all = append(all, digits[first:last])
			}
		}
	}
	return all
}

// holds reports whether a text has a secret in it once the text is decoded, at most depth times.
func holds(text, secret string, depth int) bool {
	if strings.Contains(text, secret) {
		return true
	}
	if depth == 0 {
		return false
	}
	views := []string{html.UnescapeString(text), unescape(text, '%'), strings.ReplaceAll(unescape(text, '%'), "+", " "),
		unescape(text, '\\')}
	for _, view := range views {
		if view != text && holds(view, secret, depth-1) {
			return true
		}
	}
	return false
}

// unescape decodes %XX, or \uXXXX and \X, and leaves alone what is not of that form.
func unescape(text string, mark byte) string {
	if strings.IndexByte(text, mark) < 0 {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		end := min(i+3, len(text))
		if mark == '\\' && strings.HasPrefix(text[i:], `\u`) {
			end = min(i+6, len(text))
			if strings.EqualFold(text[i:min(i+3, len(text))], `\ud`) { // the second half of a character may follow
				end = min(i+12, len(text))
			}
		} else if mark == '\\' {
			end = min(i+2, len(text))
		}
		var one string
		switch {
		case text[i] != mark:
		case mark == '%':
			one, _ = url.PathUnescape(text[i:end])
		case json.Unmarshal([]byte(`"`+text[i:end]+`"`), &one) != nil:
			one = ""
		}
		if one == "" {
			out.WriteByte(text[i])
			continue
		}
		out.WriteString(one)
		i = end - 1
	}
	return out.String()
}
