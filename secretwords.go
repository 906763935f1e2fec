package cephstack

import (
	"encoding/base64"
	"regexp"
	"strings"
)

var (
	longWord = regexp.MustCompile(`[A-Za-z0-9+/_-]{20,}={0,2}`)
	// The header of a CephX key is its type, when it was made, and the length of the secret: 16 or 32, in two bytes.
	cephxForm = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}[BRhxCSiy]AA[A-Za-z0-9+/_-]{16,}`)
	hexForm   = regexp.MustCompile(`^[0-9a-fA-F-]+$`)
	publicKey = regexp.MustCompile(`^AAAA(?:[A-Z]3NzaC1|E2VjZHNh|GnNr|InNr)`) // ssh-…, ecdsa, sk-…
)

const (
	longest  = 8192 // characters of a word that is looked at
	encoded  = 3    // how many times a key may have been encoded
	manyWord = 32   // characters of a word that may look random
)

// withoutWords is a text without the long words that may be secrets.
func withoutWords(text string) string {
	var b strings.Builder
	from := 0
	for _, at := range longWord.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		ends := strings.HasSuffix(word, "=") && (at[1] == len(text) || !isLetter(text[at[1]]))
		print := strings.HasSuffix(text[:at[0]], "SHA256:") && len(word) == fingerprint
		if print || !secretWord(word, ends) {
			continue
		}
		b.WriteString(text[from:at[0]])
		b.WriteString(redacted)
		from = at[1]
	}
	return b.String() + text[from:]
}

// fingerprint is how many characters the fingerprint of an SSH key has.
const fingerprint = 43

// secretWord reports whether a word may be a secret. ends says that it ends as base64 does.
func secretWord(word string, ends bool) bool {
	bare := strings.TrimRight(word, "=")
	switch {
	case hexForm.MatchString(bare), publicKey.MatchString(bare):
		return false
	case len(bare) > longest, hasKey(bare, encoded):
		return true
	}
	lower, upper := strings.ContainsFunc(bare, isLower), strings.ContainsFunc(bare, isUpper)
	return ends && lower && upper || len(bare) >= manyWord && random(bare)
}

// hasKey reports whether a word is or has a CephX key, or base64 of a text with a key.
func hasKey(word string, depth int) bool {
	if cephxForm.MatchString(word) {
		return true
	}
	if depth == 0 || len(word) < manyWord {
		return false
	}
	word = strings.NewReplacer("-", "+", "_", "/").Replace(word)
	for offset := range 4 { // the first characters may be missing
		part := word[offset:]
		plain, err := base64.StdEncoding.DecodeString(part[:len(part)/4*4])
		if err != nil {
			continue
		}
		for _, inner := range longWord.FindAll(plain, -1) {
			if hasKey(strings.TrimRight(string(inner), "="), depth-1) {
				return true
			}
		}
	}
	return false
}

// random reports whether the parts of a word that have letters of both cases change between small letters, capitals and
// digits as often as random characters do. Names and paths change less often. A small letter after a capital is no
// change, as many names are written LikeThis.
func random(word string) bool {
	const pairs, share = 20, 0.27
	var all, changes int
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("+/_-", r) }) {
		if !strings.ContainsFunc(part, isLower) || !strings.ContainsFunc(part, isUpper) {
			continue
		}
		for i := range len(part) - 1 {
			all++
			if this, next := class(part[i]), class(part[i+1]); this != next && (this != capital || next != small) {
				changes++
			}
		}
	}
	return all >= pairs && float64(changes) >= share*float64(all)
}

func isLower(r rune) bool { return r >= 'a' && r <= 'z' }

func isUpper(r rune) bool { return r >= 'A' && r <= 'Z' }

func isLetter(c byte) bool { return class(c) != other }

const (
	other = iota
	small
	capital
	digit
)

// class is what kind of letter or digit a character is.
func class(c byte) int {
	switch r := rune(c); {
	case isLower(r):
		return small
	case isUpper(r):
		return capital
	case r >= '0' && r <= '9':
		return digit
	}
	return other
}
