package sshconfig

import (
	"errors"
	"strings"
)

const space = " \t\r\n"

// keyword gives the keyword of a line and what comes behind it, as ssh parts them. The keyword is
// empty for a line that says nothing.
func keyword(text string) (key, rest string) {
	text, _, _ = strings.Cut(text, "\x00") // ssh sees no more of it
	text = strings.TrimRight(text, space+"\f")
	key, rest, ok := delimited(text)
	if ok && key == "" { // what is in front of the keyword
		key, rest, ok = delimited(rest)
	}
	if !ok || strings.HasPrefix(key, "#") {
		return "", ""
	}
	return key, strings.TrimLeft(rest, space)
}

// delimited parts a text behind its first word. White space, one = and a quoted text end the word. It
// is not ok where a quoted text does not end.
func delimited(text string) (word, rest string, ok bool) {
	at := strings.IndexAny(text, space+`"=`)
	if at < 0 {
		return text, "", true
	}
	switch word, rest = text[:at], text[at+1:]; text[at] {
	case '"':
		inside, rest, ok := strings.Cut(rest, `"`)
		return word + inside, strings.TrimLeft(rest, space), ok
	case '=':
		return word, strings.TrimLeft(rest, space), true
	}
	rest = strings.TrimLeft(rest, space)
	if after, is := strings.CutPrefix(rest, "="); is {
		rest = strings.TrimLeft(after, space)
	}
	return word, rest, true
}

// arguments are the words behind a keyword. Quotes of either kind keep a word together, a backslash
// takes away the meaning of a quote, of a backslash, and of a space that is not quoted, and a # at the
// beginning of a word begins a comment.
func arguments(text string) (words []string, err error) {
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" || text[0] == '#' {
			return words, nil
		}
		var word string
		if word, text, err = argument(text); err != nil {
			return nil, err
		}
		words = append(words, word)
	}
}

// unquoted is the value of ProxyJump, in which ssh gives quotes no meaning. It ends at a # or at white space,
// where ssh does not look at its first character.
func unquoted(text string) string {
	text, _, _ = strings.Cut(strings.TrimLeft(text, space+"="), "#")
	if text == "" {
		return ""
	}
	if end := strings.IndexAny(text[1:], space+"\v\f"); end >= 0 {
		text = text[:1+end]
	}
	return text
}

// argument is the first word of a text, and what comes behind it.
func argument(text string) (word, rest string, err error) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) &&
			(strings.IndexByte(`'"\`, text[i+1]) >= 0 || quote == 0 && text[i+1] == ' '):
			i++
			b.WriteByte(text[i])
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), text[i:], nil
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", "", errors.New("a quote does not end")
	}
	return b.String(), "", nil
}
