package ceph

import "strings"

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
		case strings.IndexByte(spaces, c) >= 0:
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
			n := strings.IndexAny(s[i:], spaces+"=*\"'")
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
