package ceph

import (
	"fmt"
	"strings"
)

// capSpaces is the white space that all daemons take between words. An OSD takes
// more, a monitor does not.
const capSpaces = " \t\n"

// A word is a token of a caps clause. A quoted word is never a keyword.
type word struct {
	text   string
	quoted bool
}

// A wordReader hands out the words of a clause; past the end they are empty.
type wordReader struct{ words []word }

func (w *wordReader) done() bool { return len(w.words) == 0 }

func (w *wordReader) peek() word {
	if w.done() {
		return word{}
	}
	return w.words[0]
}

func (w *wordReader) next() word {
	t := w.peek()
	if !w.done() {
		w.words = w.words[1:]
	}
	return t
}

// skip drops one unquoted word and reports whether it was there.
func (w *wordReader) skip(text string) bool {
	if w.done() || w.peek() != (word{text: text}) {
		return false
	}
	w.words = w.words[1:]
	return true
}

// pairAhead reports whether a key and its value follow.
func (w *wordReader) pairAhead() bool {
	if len(w.words) < 3 || w.words[1].quoted {
		return false
	}
	op := w.words[1].text
	return op == "=" || op == "prefix" || op == "regex"
}

// capWords cuts a clause into words. The equals sign and the star after a
// quoted word are words of their own.
func capWords(s string) ([]word, error) {
	var out []word
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case strings.IndexByte(capSpaces, c) >= 0:
			i++
		case c == '=' || c == '*':
			out = append(out, word{text: string(c)})
			i++
		case c == '"' || c == '\'':
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return nil, errorString("quote is not closed")
			}
			out = append(out, word{text: s[i+1 : i+1+n], quoted: true})
			i += n + 2
		default:
			n := strings.IndexAny(s[i:], capSpaces+"=*\"'")
			if n < 0 {
				n = len(s) - i
			}
			out = append(out, word{text: s[i : i+n]})
			i += n
		}
	}
	return out, nil
}

const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"

// bareBytes are the bytes that the value of a keyword may have without quotes. The values of
// network and gids take no quotes.
func bareBytes(key string) string {
	switch key {
	case "network":
		return "/.:abcdefABCDEF0123456789]["
	case "gids":
		return "0123456789,"
	}
	return wordBytes
}

// needQuotes refuses a word that the grammar of caps allows in quotes only.
func needQuotes(words []word) error {
	keyword := ""
	for _, w := range words {
		if !w.quoted && w.text != "=" && w.text != "*" && strings.Trim(w.text, bareBytes(keyword)) != "" {
			return fmt.Errorf("%q needs quotes", w.text)
		}
		switch {
		case w.quoted, w.text == "=" && keyword == "network":
			keyword = ""
		case w.text != "=":
			keyword = w.text
		}
	}
	return nil
}

// quoteWord puts a value into quotes if the grammar of caps does not allow it without them.
func quoteWord(s string) string {
	switch {
	case s != "" && strings.Trim(s, wordBytes) == "":
		return s
	case strings.Contains(s, `"`):
		return "'" + s + "'"
	}
	return `"` + s + `"`
}

// quoteKey is quoteWord for the left of an equals sign, where a star is a word.
func quoteKey(s string) string {
	if s == "*" {
		return s
	}
	return quoteWord(s)
}

// quoteAfter is the quote that is open behind c, when quote is open before it; 0 is none.
// A backslash does not escape a quote.
func quoteAfter(quote, c byte) byte {
	switch {
	case c == quote:
		return 0
	case quote == 0 && (c == '"' || c == '\''):
		return c
	}
	return quote
}

// unclosed reports whether a quote in s is not closed.
func unclosed(s string) bool {
	var quote byte
	for i := range len(s) {
		quote = quoteAfter(quote, s[i])
	}
	return quote != 0
}

// collapse makes one space of white space outside quotes.
func collapse(s string) string {
	var out strings.Builder
	var quote byte
	space := false
	for i := range len(s) {
		blank := quote == 0 && strings.IndexByte(capSpaces, s[i]) >= 0
		switch {
		case !blank:
			out.WriteByte(s[i])
		case !space:
			out.WriteByte(' ')
		}
		quote, space = quoteAfter(quote, s[i]), blank
	}
	return out.String()
}
