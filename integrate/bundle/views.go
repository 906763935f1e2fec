package bundle

import (
	"encoding/base64"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A view is a text as somebody may have meant it, such as without the escapes of JSON, and where each byte of it is
// from. Where these are nil, it is the text itself.
type view struct {
	text  string
	bytes []span
}

// A span is a part of a text.
type span struct{ from, to int }

// rounds is how many times a text may have been escaped, such as JSON in JSON.
const rounds = 3

// escapes are what begins an escape: all of them, as one text may have several kinds, and each by itself, as a secret
// may have a character that begins one of another kind.
var escapes = []string{`%\&#`, `%`, `\`, `&`}

// views are the text itself, and what it is without escapes. An escape such as \xe4 may stand for a byte, or for a
// character. The last views have lines that go on where they ended, also as Python prints long texts.
func views(text string) []view {
	plain := view{text, nil}
	all := []view{plain}
	chain := func(begins string, latin bool) {
		for v, n := plain, 0; n < rounds; n++ {
			next, changed := v.unescaped(begins, latin)
			if !changed {
				break
			}
			all = append(all, next)
			v = next
		}
	}
	kinds := 0
	for _, begins := range escapes[1:] {
		if strings.Contains(text, begins) {
			kinds++
		}
	}
	for i, begins := range escapes {
		if i == 0 || kinds > 1 {
			chain(begins, false)
		}
	}
	if strings.Contains(text, `\x`) {
		chain(escapes[0], true)
	}
	for _, end := range []struct {
		of *regexp.Regexp
		by string
	}{{endOfLine, ""}, {endOfLine, " "}, {endOfQuotes, ""}} {
		if joined, changed := plain.joined(end.of, end.by); changed {
			all = append(all, joined)
		}
	}
	return all
}

// from gives the bytes of the text that the bytes of the view are from.
func (v view) from(first, last int) (from, to int) {
	if v.bytes == nil || first == last {
		return first, last
	}
	return v.bytes[first].from, v.bytes[last-1].to
}

// A viewer makes a view of a view.
type viewer struct {
	of      view
	text    []byte
	bytes   []span
	changed bool
}

// add takes some bytes in the place of those from FIRST to LAST.
func (w *viewer) add(bytes string, first, last int) {
	from, to := w.of.from(first, last)
	for i := range len(bytes) {
		w.text = append(w.text, bytes[i])
		w.bytes = append(w.bytes, span{from, to})
	}
	w.changed = w.changed || last-first != len(bytes)
}

func (w *viewer) view() view { return view{string(w.text), w.bytes} }

// unescaped is the view without one level of escapes.
func (v view) unescaped(begins string, latin bool) (view, bool) {
	if !strings.ContainsAny(v.text, begins) {
		return v, false
	}
	w := &viewer{of: v, text: make([]byte, 0, len(v.text)), bytes: make([]span, 0, len(v.text))}
	for i := 0; i < len(v.text); {
		got, n := v.text[i:i+1], 1
		if strings.IndexByte(begins, v.text[i]) >= 0 {
			got, n = escape(v.text[i:], latin)
		}
		w.add(got, i, i+n)
		i += n
	}
	return w.view(), w.changed
}

// escape is what the begin of a text stands for, and how many bytes of the text that is.
func escape(text string, latin bool) (string, int) {
	switch {
	case len(text) < 2:
	case text[0] == '%' && text[1] == '%':
		return "%", 2
	case text[0] == '%':
		if c, ok := number(text, 1, 2, 16); ok {
			return string([]byte{byte(c)}), 3
		}
	case text[0] == '#': // of syslog
		if c, ok := number(text, 1, 3, 8); ok && c < 256 {
			return string([]byte{byte(c)}), 4
		}
	case text[0] == '&':
		if end := strings.IndexByte(text[:min(len(text), 12)], ';'); end > 0 {
			if got := html.UnescapeString(text[:end+1]); got != text[:end+1] {
				return got, end + 1
			}
		}
	case text[0] == '\\':
		return backslash(text, latin)
	}
	return text[:1], 1
}

func backslash(text string, latin bool) (string, int) {
	switch text[1] {
	case 'x':
		if c, ok := number(text, 2, 2, 16); ok && latin {
			return string(rune(c)), 4
		} else if ok {
			return string([]byte{byte(c)}), 4
		}
	case 'u':
		if c, ok := number(text, 2, 4, 16); ok {
			if low, ok := number(text, 8, 4, 16); ok && text[6:8] == `\u` {
				if pair := (c-0xd800)<<10 | (low - 0xdc00) + 0x10000; c>>10 == 0xd800>>10 && low>>10 == 0xdc00>>10 {
					return string(rune(pair)), 12
				}
			}
			return string(rune(c)), 6
		}
	case 'U':
		if c, ok := number(text, 2, 8, 16); ok {
			return string(rune(c)), 10
		}
	case 'n', 't', 'r':
		return map[byte]string{'n': "\n", 't': "\t", 'r': "\r"}[text[1]], 2
	case '\n':
		return "", 2
	}
	if c, ok := number(text, 1, 3, 8); ok && c < 256 {
		return string([]byte{byte(c)}), 4
	}
	if r, _ := utf8.DecodeRuneInString(text[1:]); unicode.IsLetter(r) {
		return text[:1], 1
	}
	return text[1:2], 2
}

// number is that of some digits of a text.
func number(text string, from, digits, base int) (int, bool) {
	if len(text) < from+digits || text[from] == '+' || text[from] == '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[from:from+digits], base, 32)
	return int(n), err == nil
}

// endOfLine and endOfQuotes are between two pieces of a text that goes on in the next line.
var (
	endOfLine   = regexp.MustCompile(`[ \t]*\\?\n[ \t]*`)
	endOfQuotes = regexp.MustCompile(`["'][ \t]*\n?[ \t]*[ubr]{0,2}["']`)
)

// joined is the view with something else in the place of each end of a line.
func (v view) joined(end *regexp.Regexp, by string) (view, bool) {
	w := &viewer{of: v}
	from := 0
	for _, at := range end.FindAllStringIndex(v.text, -1) {
		for i := from; i < at[0]; i++ {
			w.add(v.text[i:i+1], i, i+1)
		}
		w.add(by, at[0], at[1])
		from, w.changed = at[1], true
	}
	for i := from; i < len(v.text); i++ {
		w.add(v.text[i:i+1], i, i+1)
	}
	return w.view(), w.changed
}

// encodedWord is what may be base64 of a text.
var encodedWord = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,1000}={0,2}`)

// decoded is the text that a word is base64 of, if it prints.
func decoded(word string) (string, bool) {
	word = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(word, "="))
	plain, err := base64.RawStdEncoding.DecodeString(word)
	if err != nil || !utf8.Valid(plain) {
		return "", false
	}
	for _, r := range string(plain) {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return "", false
		}
	}
	return string(plain), true
}
