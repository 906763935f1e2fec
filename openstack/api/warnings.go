package api

import (
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cephstack/cephstack"
)

// The codes of warnings.
const (
	TLSUnverified = "tls-unverified"  // certificates are not checked
	TLSNone       = "tls-none"        // what is sent and answered is not encrypted
	LoginFileOpen = "login-file-open" // others can read the file with the password, or write to it
)

const openToOthers = fs.FileMode(0o026) // others may read or write, or the group may write

// A Warning is about how the APIs are reached. It keeps nothing from being done.
type Warning struct {
	Code    string // TLSUnverified, TLSNone or LoginFileOpen
	Object  string // the file; of TLSNone the scheme, host and port of the URL
	Message string // what it is, and what to do about it
}

// Warnings are what whoever uses the Cloud should know of the login.
func (c *Cloud) Warnings() []Warning { return slices.Clone(c.warnings) }

// unverified is the warning about a clouds.yaml that turns the check of certificates off.
func unverified(file string) Warning {
	return Warning{TLSUnverified, file, "verify: false turns the check of certificates off: whoever is between this " +
		"machine and the APIs can read the password and the token, and change every answer. Take " +
		"verify out, and name the CA's " +
		"file as cacert"}
}

// plain is the warning about a URL without TLS that leads away from this machine. what names the URL, secrets are what
// is sent there, and instead says what to do.
func plain(address, what, secrets, instead string) []Warning {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || loopback(u.Hostname()) {
		return nil
	}
	return []Warning{{TLSNone, u.Scheme + "://" + u.Host, what + " begins with http://, so nothing is encrypted: " +
		"whoever is between this machine and the APIs can read " + secrets + ", and change every answer. " + instead}}
}

// loopback reports whether a host is this machine, by its name or address alone.
func loopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

var secretField = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(password|application_credential_secret|token|passcode)["']?\s*:\s*["']?[^\s"'#,}]`)
})

// readable warns of a file with a password that is open to others than its owner.
func readable(name string, text []byte, info fs.FileInfo) []Warning {
	if info.Mode().Perm()&openToOthers == 0 || !secretField().Match(text) {
		return nil
	}
	return []Warning{{LoginFileOpen, name, fmt.Sprintf("has a password or token in it and mode %04o, so that others than "+
		"its owner can read it or write to it: chmod 600 %s", info.Mode().Perm(),
		cephstack.ShellQuote(name))}}
}
