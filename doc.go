// Package cephstack is the map of the house: an SDK that makes an OpenStack cloud
// keep its images, volumes, backups and VM disks in Ceph, and proves that it does. The
// package itself has what keys and passwords of all rooms are made of: Redacted. It also
// has what takes secrets out of the words of other programs, WithoutSecrets, what quotes
// a word for a shell, ShellQuote, and what reads the files of this machine, ReadFile.
//
// # Use
//
// To keep a secret out of everything that prints, make it with Redact, and read it with
// Reveal. The Examples of all packages are in their files *_test.go; go doc -http shows
// them in a browser.
//
// # Rooms
//
// Begin with integrate: one Spec, one Plan that can be read before it happens, one
// Apply that survives being killed, one Verify that boots a VM and checks the bytes
// that the VM wrote. Around it:
//
//   - integrate/spec: the Spec, its defaults, its validation and its YAML.
//     integrate/spec/reference tells what each field means, and has a JSON Schema;
//     integrate/spec/draft writes a first Spec.
//   - integrate/drift: what differs from the Spec, for people, programs and Prometheus.
//   - integrate/audit: what is true about data and credentials that no Spec says.
//   - integrate/adopt: the Spec of a cloud that is integrated already.
//   - integrate/rotate: new CephX keys for services, and for those guests that the Spec allows
//     to be moved or rebooted.
//   - integrate/world: the World, everything outside, behind interfaces.
//   - integrate/connect: opens the World of a Spec.
//   - integrate/bundle: what a colleague needs to understand a run, in one file without
//     secrets.
//   - integrate/detect: asks the hosts which release of OpenStack they run.
//   - integrate/explain: a text for each check, each code of a finding and each kind of
//     change.
//   - integrate/htmlreport: shows a plan or a verification as a page to look at.
//   - integrate/integratetest: a whole cloud in memory.
//   - integrate/schema: a JSON Schema for each JSON output.
//
// The ground floor has four rooms, which can be used without integrate:
//
//   - ceph: pools, users with computed rights, keys, keyrings and ceph.conf, through
//     one interface, Commander. Adapters: ceph/radosconn (librados), ceph/cephcli (the
//     ceph program on a host). ceph/cephx is about keys: their types, changes, sessions and
//     watchers. ceph/bulk describes many RBD images in few exchanges.
//   - remote: many operations on a host in one exchange over SSH, with atomic writes,
//     units, packages and programs. remote/hostkeys reads and extends known_hosts.
//     remote/upstart is for hosts without systemd, and remote/helper limits what the
//     login user may do as root.
//   - libvirtsecret: the CephX keys that QEMU uses. Adapters: libvirtsecret/libvirtconn
//     (libvirt's library), libvirtsecret/virsh (the virsh program on a host).
//     libvirtsecret/hostbatch is an optional interface: many secrets in one exchange
//     with a host.
//   - openstack: which options each service needs in which release.
//     openstack/osloconf edits oslo.config files without touching a byte that it was
//     not asked to change. openstack/api is a client of the cloud's APIs.
//
// Programs are in examples: examples/cephstack for operators, examples/quickstart for
// newcomers, examples/lab, a real cloud on one machine, examples/havana, a guide of
// 2014 as a Spec, and examples/bench.
//
// # Seams and fakes
//
// Each outside world has one small interface, and a package with its fake and its
// conformance suite, which the real adapters pass, too: ceph/cephtest,
// remote/remotetest, libvirtsecret/secrettest and libvirtsecret/hostbatch/batchtest.
// The interface of OpenStack is HTTP, and openstack/openstacktest is a server with a
// state. integrate/integratetest puts all of them together.
//
// # Laws
//
// Packages ceph, remote, libvirtsecret, openstack and integrate are pure Go and do not
// need librados or libvirt. ceph, remote, libvirtsecret and openstack do not import
// each other. integrate sees interfaces, never adapters, apart from the client
// openstack/api; integrate/connect puts the adapters together. No package has an init
// function, a global logger or state of its own. A context comes first and is
// mandatory. Secrets are types whose text does not print. The file
// .github/CONTRIBUTING.md has the design.
package cephstack

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// A Redacted is a secret text that does not print: every way of fmt, JSON, text and slog
// gives "[redacted]", also deep inside a struct of somebody else. The types of keys and passwords embed it, and what
// may hold keys, such as the input of a program, is one. Compare two of them by
// what they reveal, not with ==.
type Redacted struct {
	// A pointer, because fmt calls no methods on unexported fields: deep inside a struct
	// of somebody else, the text then prints as an address.
	text *string
}

// Redact keeps a text, or a copy of bytes, as it is. The empty text is the zero Redacted.
func Redact[T ~string | ~[]byte](secret T) Redacted {
	if len(secret) == 0 {
		return Redacted{}
	}
	text := string(secret)
	return Redacted{&text}
}

// Len is how many bytes the text has.
func (r Redacted) Len() int { return len(r.Reveal()) }

// Reveal returns the text. No other method gives it out.
func (r Redacted) Reveal() string {
	if r.text == nil {
		return ""
	}
	return *r.text
}

const redacted = "[redacted]"

// String gives "[redacted]".
func (r Redacted) String() string { return redacted }

// GoString gives "[redacted]".
func (r Redacted) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (r Redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON gives "[redacted]".
func (r Redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText gives "[redacted]".
func (r Redacted) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives "[redacted]".
func (r Redacted) LogValue() slog.Value { return slog.StringValue(redacted) }

// What programs print before a text that they could not read: Ceph of a keyring and of a key, oslo.config and Python of
// a line. What is behind it may be a secret, to the end of the line or of the quotes.
var (
	unreadKeyring = regexp.MustCompile(`(?m)(\btype=\S+ val=).*?(: Malformed|$)`)
	unreadKey     = regexp.MustCompile(`(\bdecode key )(?:'[^'\n]*'?|"[^"\n]*"?)`)
	unreadLine    = regexp.MustCompile(`(?m)((?:in assignment|Key cannot be empty|Unexpected continuation line|` +
		`Invalid section \(must end with \]\)|Empty section name|\[line +\d+\]|\bline \d+): *)["'].*$`)
	// Python's, of a file without a section.
	quotedLine = regexp.MustCompile(`(?m)^(?:'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")$`)
)

// Values of what is called a key, a password, a secret and so on. The value of a password goes to the end of the line
// where blanks are around the sign, as in a configuration file.
var (
	quotedValue = regexp.MustCompile(`(?i)((?:` + anyName + `)\\?["']\s*[:=]\s*)` +
		`(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s,}\]]+)`)
	wholeLine = regexp.MustCompile(`(?im)((?:^[ \t]*(?:` + passwordName + `)\s*[:=]|\b(?:` + passwordName +
		`)(?:[ \t]+=|=[ \t]))[ \t]*).+$`)
	oneWord = regexp.MustCompile(`(?i)(\b(?:(?:(?:` + anyName + `)[ \t]*=|(?:` + passwordName + `):)[ \t]*)+)` +
		`(?:\[redacted\]|"[^"\n]*"?|'[^'\n]*'?|[^\s"']+)`)
	urlForm = regexp.MustCompile(`(//[^\s:/@]*:)\S+@`)
)

// What programs say of a token or of a secret, and not of a password: a list, as only known words are surely no secret.
// bareName is what comes before, without the name of an option such as auth_token.
var (
	bareName  = regexp.MustCompile(`(?i)^[ \t]*(?:token|secret)s?:[ \t]+$`)
	statement = regexp.MustCompile(`(?i)^(?:(?:is|was|has|been|already|not|no longer|signature)[ \t]+)*(?:absent|denied|` +
		`expired|found|inactive|invalid|malformed|missing|refused|rejected|required|revoked|unauthorized|unknown|valid)` +
		`[.,;:!)]*(?:[ \t]*$|[ \t]*\n|[ \t])`)
)

const (
	passwordName = `[\w.-]*(?:password|passwd|passphrase|passcode|secret|token)s?\d*`
	anyName      = passwordName + `|(?:[\w.-]*[_.-])?key|val`
)

// WithoutSecrets is a text of another program without what may be a secret: programs repeat what they cannot read, and
// that may be a keyring, or a line with a password. Taken out are
//   - CephX keys, also cut by a few characters, and base64 and base64url of a text with such a key;
//   - long words of letters of both cases that look random, or end as base64 does;
//   - the password of a URL, and the value of what is called key, val, password, secret or token, but for words such as
//     "token: expired";
//   - the line that a parser quotes in its error.
//
// Names, paths, UUIDs, digests in hexadecimal digits and public keys of SSH stay. A short piece of a key stays, and a
// key in hexadecimal digits.
func WithoutSecrets(text string) string {
	const first = "${1}" + redacted
	text = withoutWords(text) // first, as a word may end like a name of a value
	text = unreadKeyring.ReplaceAllString(text, first+"${2}")
	text = unreadKey.ReplaceAllString(text, first)
	text = unreadLine.ReplaceAllString(text, first)
	text = quotedLine.ReplaceAllString(text, redacted)
	text = quotedValue.ReplaceAllString(text, first)
	text = withoutValues(wholeLine, text)
	text = withoutValues(oneWord, text)
	return urlForm.ReplaceAllString(text, first+"@")
}

// withoutValues is a text without what a form matches behind its first group. What a program says of a token stays, if
// nothing else is taken with it.
func withoutValues(form *regexp.Regexp, text string) string {
	var b strings.Builder
	from := 0
	for _, at := range form.FindAllStringSubmatchIndex(text, -1) {
		end, value := at[1], at[3]
		if said := statement.FindString(text[value:]); said != "" && bareName.MatchString(text[at[2]:value]) &&
			end <= value+len(said) {
			continue
		}
		b.WriteString(text[from:value])
		b.WriteString(redacted)
		from = end
	}
	return b.String() + text[from:]
}

// WithoutKeys is a text of one's own, which quotes values of others, without what looks like a secret by itself: the
// first two points of the list of WithoutSecrets, and the password of a URL. What is only called a key or a password
// stays, so that a sentence about passwords stays as it is.
func WithoutKeys(text string) string {
	return urlForm.ReplaceAllString(withoutWords(text), "${1}"+redacted+"@")
}

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

var shellWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellQuote is a text as one word of a command that a person may paste into a POSIX shell: in single quotes, unless
// it needs none. A shell expands nothing in it. A character that does not print, such as the end of a line, is shown as
// a question mark.
func ShellQuote(text string) string {
	if shellWord.MatchString(text) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// ReadFile reads a file of this machine that has at most limit bytes. More is an error, and so is whatever is not a
// regular file: a device may have no end, and a pipe may keep a reader waiting. The null device is an empty file. The
// FileInfo is of the file that was read, also if somebody replaces the file meanwhile.
func ReadFile(name string, limit int64) ([]byte, fs.FileInfo, error) {
	return read(context.Background(), name, limit, false)
}

// ReadInput is ReadFile for a file that is read once in a run. That may be a pipe, too, such as that of <(…) in a
// shell. A pipe is read to its end, or until ctx ends. A pipe that nobody has opened to write to it is empty.
func ReadInput(ctx context.Context, name string, limit int64) ([]byte, fs.FileInfo, error) {
	return read(ctx, name, limit, true)
}

// OpenFile opens a file as ReadFile does, for one that may have any size.
func OpenFile(name string) (*os.File, error) {
	f, _, err := open(name, false)
	return f, err
}

func read(ctx context.Context, name string, limit int64, pipes bool) ([]byte, fs.FileInfo, error) {
	f, info, err := open(name, pipes)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) }) // of a pipe
	defer stop()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, nil, &fs.PathError{Op: "read", Path: name, Err: context.Cause(ctx)}
	case err != nil:
		return nil, nil, err
	case int64(len(text)) > limit:
		return nil, nil, &fs.PathError{Op: "read", Path: name,
			Err: fmt.Errorf("has more than %d bytes, which is the limit for such a file", limit)}
	}
	return text, info, nil
}

var (
	errNotRegular = errors.New("is not a regular file")
	errNoInput    = errors.New("is neither a regular file nor a pipe")
)

// open does not wait for whoever may write to a pipe.
func open(name string, pipes bool) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = odd(info, pipes)
	}
	if err != nil {
		f.Close()
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return f, info, nil
}

// odd is what is wrong with a file that is not a regular file.
func odd(info fs.FileInfo, pipes bool) error {
	null, err := os.Stat(os.DevNull)
	switch {
	case err == nil && os.SameFile(info, null), pipes && info.Mode()&fs.ModeNamedPipe != 0:
		return nil
	case info.IsDir():
		return syscall.EISDIR
	case pipes:
		return errNoInput
	}
	return errNotRegular
}
