package libvirtsecret

import (
	"encoding/hex"
	"strings"
	"testing"
)

// TestVersion5 has the vector of RFC 9562, appendix A.4.
func TestVersion5(t *testing.T) {
	ns := func(s string) (n [16]byte) {
		_, _ = hex.Decode(n[:], []byte(strings.ReplaceAll(s, "-", "")))
		return n
	}
	got := version5(ns("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "www.example.com")
	if got != "2ed6657d-e927-568b-95e1-2665a8aea6a2" {
		t.Error(got)
	}
	own := version5(ns("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "https://github.com/cephstack/cephstack/libvirtsecret")
	if got := ns(own); got != namespace {
		t.Error(own)
	}
}
