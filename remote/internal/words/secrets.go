package words

import (
	"encoding/base64"
	"encoding/binary"
	"regexp"
)

var (
	keyForm = regexp.MustCompile(`[A-Za-z0-9+/]{20,}={0,2}`)
	urlForm = regexp.MustCompile(`(//[^\s:/@]*:)\S+@`)
)

// masked stands for what is taken out.
const masked = "***"

// Masked is s without what looks like a secret: a CephX key, or the password of a URL.
// What a service printed may hold both.
func Masked(s string) string {
	s = keyForm.ReplaceAllStringFunc(s, func(word string) string {
		if isKey(word) {
			return masked
		}
		return word
	})
	return urlForm.ReplaceAllString(s, "${1}"+masked+"@")
}

// keyHeader is how many bytes of a CephX key come before its secret: its type, when it was
// made, and the length of the secret.
const keyHeader = 2 + 8 + 2

// maxKey is more than the characters of any key that there is: 40, or 60.
const maxKey = 128

// isKey reports whether a word is a CephX key in base64, or ends with one.
func isKey(word string) bool {
	for from := max(0, len(word)-maxKey); from < len(word); from++ {
		b, err := base64.StdEncoding.DecodeString(word[from:])
		if err == nil && len(b) > keyHeader && b[1] == 0 &&
			int(binary.LittleEndian.Uint16(b[keyHeader-2:])) == len(b)-keyHeader {
			return true
		}
	}
	return false
}
