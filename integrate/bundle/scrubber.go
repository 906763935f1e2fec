package bundle

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/cephstack/cephstack"
)

const redacted = "[redacted]"

// piece is how many bytes of a secret are taken out wherever they are, also if the rest of the secret is not there.
const piece = 12

// A Scrubber takes secrets out of texts. It knows some, and recognizes others by their form. The zero Scrubber knows
// none. Use it from one goroutine at a time.
type Scrubber struct {
	pieces map[string]struct{} // of the long forms
	whole  map[string]struct{} // the short forms
}

// Add makes secrets known. They are then taken out in each form that logs have: as they are, and escaped for URLs,
// JSON, Python and HTML, in base64 at any offset, and in hexadecimal digits. Of a secret with 12 bytes or more, each
// piece of 12 bytes is taken out. A secret of up to three bytes is taken out only where it is a word of its own.
func (s *Scrubber) Add(secrets ...cephstack.Redacted) {
	for _, secret := range secrets {
		s.add(secret.Reveal())
	}
}

func (s *Scrubber) add(secret string) {
	if s.pieces == nil {
		s.pieces, s.whole = map[string]struct{}{}, map[string]struct{}{}
	}
	all := forms(secret)
	if plain, err := url.PathUnescape(secret); err == nil && plain != secret { // of a URL
		all = append(all, forms(plain)...)
	}
	for _, form := range all {
		if len(form) < piece {
			s.whole[form] = struct{}{}
			continue
		}
		for i := 0; i+piece <= len(form); i++ {
			s.pieces[form[i:i+piece]] = struct{}{}
		}
	}
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	if strings.TrimSpace(secret) == "" {
		return nil
	}
	all := []string{secret, clean(secret), strings.TrimSpace(secret), url.QueryEscape(secret), url.PathEscape(secret),
		html.EscapeString(secret), strings.Trim(strconv.Quote(secret), `"`), strings.ReplaceAll(secret, `'`, `\'`)}
	if quoted, err := json.Marshal(secret); err == nil {
		all = append(all, strings.Trim(string(quoted), `"`))
	}
	if len(secret) < 4 {
		return without(all, "")
	}
	hexed := hex.EncodeToString([]byte(secret))
	all = append(all, hexed, strings.ToUpper(hexed))
	for offset := range 3 {
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			digits := e.EncodeToString(append(make([]byte, offset), secret...))
			first, last := []int{0, 2, 3}[offset], (offset+len(secret))*8/6 // what depends on nothing beside the secret
			if last-first >= 4 {
				all = append(all, digits[first:last])
			}
		}
	}
	return without(all, "")
}

// without is a list without a text.
func without(all []string, text string) []string {
	var kept []string
	for _, s := range all {
		if s != text {
			kept = append(kept, s)
		}
	}
	return kept
}

var (
	commands = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?`)
	pem      = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)
	// The headers and the forms of tokens: Keystone's Fernet tokens, JWT.
	header = regexp.MustCompile(`(?i)((?:x-(?:auth|subject|service|storage)-token|authorization|proxy-authorization|` +
		`set-cookie|cookie)\\?["']?\s*[:=]\s*\\?["']?)[^"'\r\n\\]+`)
	bearer = regexp.MustCompile(`(?i)(\b(?:bearer|basic|negotiate)\s+)[A-Za-z0-9+/_.~=-]{6,}`)
	token  = regexp.MustCompile(`\b(?:gAAAAA[A-Za-z0-9_-]{20,}={0,2}|` +
		`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?)`)
	login  = regexp.MustCompile(`(://[^\s/@:]*):[^\s@]+@`)
	logins = regexp.MustCompile(`(://\S*?,[^\s/@:,]*):[^\s@]+@`) // of the second host, and those behind
	// A password that a sentence names, and a digest of one.
	told = regexp.MustCompile(`(?i)(\b(?:password|passwd|passphrase|secret)\s+(?:is|was)?\s*)(["'])[^"'\n]*["']`)
	// What Python prints of a text: u'…' and b'…'.
	python = regexp.MustCompile(`(?i)(["'][\w.-]*(?:pass|secret|token|key|jwt)[\w.-]*["']\s*[:=,]\s*[ubr]{1,2})` +
		`(?:'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?)`)
	crypt = regexp.MustCompile(`\$(?:1|2[abxy]?|5|6|y|gy|scrypt|argon2id?|pbkdf2-sha(?:256|512))\$[^\s"':]{8,}`)
)

// Text is a text without secrets, of characters that print, ends of lines and tabs. Commands for a terminal are not
// there any more, and neither is a character that does not show: a secret cannot hide behind them.
func (s *Scrubber) Text(text string) string {
	text = s.known(clean(text))
	text = pem.ReplaceAllString(text, redacted)
	for _, form := range []*regexp.Regexp{header, bearer, python} {
		text = form.ReplaceAllString(text, "${1}"+redacted)
	}
	text = token.ReplaceAllString(text, redacted)
	text = crypt.ReplaceAllString(text, redacted)
	for _, form := range []*regexp.Regexp{login, logins} {
		text = form.ReplaceAllString(text, "${1}:"+redacted+"@")
	}
	text = told.ReplaceAllString(text, "${1}"+redacted)
	return s.known(cephstack.WithoutSecrets(text))
}

// clean is a text without what does not print.
func clean(text string) string {
	text = commands.ReplaceAllString(strings.ToValidUTF8(text, "?"), "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r) && r != '\r' && r != '\v' && r != '\f' && r != '\u0085':
			return ' '
		}
		return -1
	}, text)
}

// known is a text without the secrets that are known.
func (s *Scrubber) known(text string) string {
	hidden := make([]bool, len(text))
	found := false
	mark := func(from, to int) {
		found = true
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	if len(s.pieces) > 0 {
		for i := 0; i+piece <= len(text); i++ {
			if _, ok := s.pieces[text[i:i+piece]]; ok {
				mark(i, i+piece)
			}
		}
	}
	for form := range s.whole {
		for from := 0; ; {
			i := strings.Index(text[from:], form)
			if i < 0 {
				break
			}
			i, from = from+i, from+i+1
			if len(form) > 3 || alone(text, i, i+len(form)) {
				mark(i, i+len(form))
			}
		}
	}
	if !found {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(redacted)
		}
	}
	return strings.ToValidUTF8(b.String(), "")
}

// alone reports whether a part of a text is a word of its own.
func alone(text string, from, to int) bool {
	inWord := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] == '_' || text[i] == '-' || text[i] == '.' || text[i] >= 0x80 ||
			unicode.IsLetter(rune(text[i])) || unicode.IsDigit(rune(text[i])))
	}
	return !inWord(from-1) && !inWord(to)
}
