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
	"github.com/cephstack/cephstack/integrate/internal/words"
)

const redacted = "[redacted]"

// piece is how many bytes of a secret are taken out wherever they are, also if the rest of the secret is not there.
const piece = 12

// A Scrubber takes secrets out of texts. It knows some, and recognizes others by their form. The zero Scrubber knows
// none. Use it from one goroutine at a time.
type Scrubber struct {
	// A function, so that fmt prints an address with each verb, also deep inside a struct of somebody else.
	secrets func() *secrets
}

// secrets are the forms of those that are known.
type secrets struct {
	pieces map[string]struct{} // of the long forms
	whole  map[string]struct{} // the short forms
	short  map[string]struct{} // those of up to three bytes
	filter [1 << 20 / 64]uint64
}

// Add makes secrets known. They are then taken out in each form that logs have: as they are, over several lines,
// escaped up to three times for URLs, JSON, Python, HTML and syslog, in base64 at any offset, and in hexadecimal
// digits. Of a secret with 12 bytes or more, each piece of 12 bytes is taken out. A secret of up to three bytes is
// taken out only where it is a word of its own.
func (s *Scrubber) Add(secrets ...cephstack.Redacted) {
	for _, secret := range secrets {
		s.add(secret.Reveal())
	}
}

func (s *Scrubber) add(secret string) {
	if s.secrets == nil {
		known := &secrets{pieces: map[string]struct{}{}, whole: map[string]struct{}{}, short: map[string]struct{}{}}
		s.secrets = func() *secrets { return known }
	}
	all := forms(secret)
	if plain, err := url.PathUnescape(secret); err == nil && plain != secret { // of a URL
		all = append(all, forms(plain)...)
	}
	for _, form := range all {
		s.secrets().add(form)
	}
}

func (s *secrets) add(form string) {
	switch {
	case len(form) < filtered:
		s.short[form] = struct{}{}
		return
	case len(form) < piece:
		s.whole[form] = struct{}{}
		s.filter[bit(form)/64] |= 1 << (bit(form) % 64)
		return
	}
	for i := 0; i+piece <= len(form); i++ {
		s.pieces[form[i:i+piece]] = struct{}{}
		s.filter[bit(form[i:])/64] |= 1 << (bit(form[i:]) % 64)
	}
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	if strings.TrimSpace(secret) == "" {
		return nil
	}
	all := []string{secret, clean(secret), strings.TrimSpace(secret), url.QueryEscape(secret), url.PathEscape(secret),
		html.EscapeString(secret), strings.Trim(strconv.Quote(secret), `"`), strings.ReplaceAll(secret, `'`, `\'`),
		strings.ReplaceAll(secret, `'`, `'\''`), strings.ReplaceAll(secret, `"`, `\"`),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(html.EscapeString(secret))}
	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
		all = append(all, percent.ReplaceAllStringFunc(escaped, strings.ToLower))
	}
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

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

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
	text = words.Shown(s.known(clean(text))) // without the digest of a password, which helps to guess it
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

// known is a text without the secrets that are known. They are found through escapes, too, and in base64.
func (s *Scrubber) known(text string) string {
	if s.secrets == nil {
		return text
	}
	hidden := make([]bool, len(text))
	found := false
	mark := func(from, to int) {
		found = true
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	for _, v := range views(text) {
		s.secrets().find(v.text, func(from, to int) { mark(v.from(from, to)) })
	}
	for _, at := range encodedWord.FindAllStringIndex(text, -1) {
		if s.secrets().encoded(text[at[0]:at[1]], rounds) {
			mark(at[0], at[1])
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

// find calls a function with each place of a secret.
func (s *secrets) find(text string, mark func(from, to int)) {
	for i := 0; i+filtered <= len(text); i++ {
		if !s.may(text[i:]) {
			continue
		}
		for n := filtered; n < piece && i+n <= len(text); n++ {
			if _, ok := s.whole[text[i:i+n]]; ok {
				mark(i, i+n)
			}
		}
		if i+piece <= len(text) {
			if _, ok := s.pieces[text[i:i+piece]]; ok {
				mark(i, i+piece)
			}
		}
	}
	for form := range s.short {
		for from := 0; ; {
			i := strings.Index(text[from:], form)
			if i < 0 {
				break
			}
			i, from = from+i, from+i+1
			if alone(text, i, i+len(form)) {
				mark(i, i+len(form))
			}
		}
	}
}

// encoded reports whether a word is base64 of a text with a secret.
func (s *secrets) encoded(word string, depth int) (found bool) {
	plain, ok := decoded(word)
	if !ok {
		return false
	}
	s.find(plain, func(int, int) { found = true })
	for _, inner := range encodedWord.FindAllString(plain, -1) {
		found = found || depth > 1 && s.encoded(inner, depth-1)
	}
	return found
}

// filtered is how many bytes of a form the filter knows.
const filtered = 4

// bit is where the filter has the begin of a form.
func bit(form string) uint32 {
	n := uint32(form[0]) | uint32(form[1])<<8 | uint32(form[2])<<16 | uint32(form[3])<<24
	return n * 2654435761 >> 12
}

// may reports whether a form may begin here. Most places of a text are not looked at any further.
func (s *secrets) may(text string) bool {
	n := bit(text)
	return s.filter[n/64]&(1<<(n%64)) != 0
}

// alone reports whether a part of a text is a word of its own.
func alone(text string, from, to int) bool {
	inWord := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] == '_' || text[i] == '-' || text[i] == '.' || text[i] >= 0x80 ||
			unicode.IsLetter(rune(text[i])) || unicode.IsDigit(rune(text[i])))
	}
	return !inWord(from-1) && !inWord(to)
}
