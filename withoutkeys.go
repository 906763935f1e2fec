package cephstack

import (
	"regexp"
	"strings"
)

var longWord = regexp.MustCompile(`[A-Za-z0-9+/_-]{32,}={0,2}`)

// WithoutKeys is a text of another program without what may be a CephX key, or a key that was encoded once more: each
// word of at least 32 digits and letters of both cases. Programs repeat what they cannot read, and that may be a
// keyring. A shorter piece of a key stays.
func WithoutKeys(text string) string {
	return longWord.ReplaceAllStringFunc(text, func(word string) string {
		for _, class := range []string{"0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
			if !strings.ContainsAny(word, class) {
				return word
			}
		}
		return redacted
	})
}
