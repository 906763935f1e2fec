package hostkeys

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// A Verified is what somebody knows of a host's key from another place than the host's answer over the network.
type Verified struct {
	Host        string // as the text names it: a name, an address, or [address]:port
	Type        string // ED25519, ECDSA, RSA or DSA; empty where the text does not tell
	Fingerprint string // SHA256:…
}

// ParseVerified reads what tools print of the keys of hosts: lines of known_hosts, such as those of ssh-keyscan, the
// output of ssh-keygen -l, and the keys and fingerprints that cloud-init writes to a console. The host is that of the
// line, or the one behind the @ of the key's comment. Lines without both a host and a key are passed over, as a
// console has others. A line with a marker, such as @revoked, or with a hashed name is an error, and so is a text in
// which no line tells a key.
//
// That the keys are right is for the caller to know: ssh-keyscan, asked over the same network, proves nothing, and the
// console of one host may print a line that names another.
func ParseVerified(text []byte) ([]Verified, error) {
	var all []Verified
	at := 0
	for line := range bytes.Lines(text) {
		at++
		f := strings.Fields(string(line))
		if len(f) < 2 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if f[0] == "@revoked" || f[0] == "@cert-authority" || strings.HasPrefix(f[0], "|1|") {
			return nil, fmt.Errorf("line %d: it begins with %s: give lines with a plain name and no marker, such as "+
				"those of ssh-keyscan without -H", at, words.Printable(f[0], 20))
		}
		all = append(all, verifiedLine(f)...)
	}
	if len(all) == 0 {
		return nil, errors.New("no line has a host and its key, or SHA256:… as ssh-keygen -l prints it")
	}
	return all, nil
}

// verifiedLine is what the words of a line tell, for each name in it.
func verifiedLine(f []string) (all []Verified) {
	for i, word := range f {
		var v Verified
		names := strings.Join(f[min(i+2, len(f)):], " ") // the comment of a key
		if blob := keyBlob(f, i); blob != nil {
			sum := sha256.Sum256(blob)
			v = Verified{Type: typeOf(word), Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])}
			if i == 1 && !strings.HasSuffix(f[0], ":") { // which a prefix of a console's line has
				names = f[0]
			} else {
				_, names, _ = strings.Cut(names, "@")
			}
		} else if isFingerprint(word) && len(f) > i+1 {
			v.Fingerprint = word
			names = f[i+1]
			if last := f[len(f)-1]; len(f) > i+2 && strings.HasPrefix(last, "(") && strings.HasSuffix(last, ")") {
				v.Type = strings.Trim(last, "()")
			}
			if at := strings.LastIndexByte(names, '@'); at >= 0 {
				names = names[at+1:]
			}
		} else {
			continue
		}
		for name := range strings.SplitSeq(names, ",") {
			if name != "" && !strings.ContainsAny(name, " \t*?!") {
				v.Host = name
				all = append(all, v)
			}
		}
		return all
	}
	return nil
}

// keyBlob is the key whose type is the word i, which the key names again.
func keyBlob(f []string, i int) []byte {
	if i+1 >= len(f) || !strings.Contains(f[i], "-") {
		return nil
	}
	blob, err := base64.StdEncoding.DecodeString(f[i+1])
	if err != nil || len(blob) < 4 {
		return nil
	}
	n := binary.BigEndian.Uint32(blob)
	if rest := blob[4:]; uint64(n) > uint64(len(rest)) || string(rest[:n]) != f[i] {
		return nil
	}
	return blob
}

func isFingerprint(word string) bool {
	text, ok := strings.CutPrefix(word, "SHA256:")
	sum, err := base64.RawStdEncoding.DecodeString(text)
	return ok && err == nil && len(sum) == sha256.Size
}

// typeOf is the type of a key as ssh-keygen -l prints it.
func typeOf(name string) string {
	switch {
	case name == "ssh-ed25519":
		return "ED25519"
	case name == "ssh-rsa":
		return "RSA"
	case name == "ssh-dss":
		return "DSA"
	case strings.HasPrefix(name, "ecdsa-sha2-"):
		return "ECDSA"
	}
	return ""
}

// Agreed are the scanned keys that are among the verified ones of a host. The error is remote.ErrHostKey if there are
// none, if the host shows another key of a type than the verified one, or if the verified ones are different keys of
// this type: a host that was made anew has another key, and so has whoever pretends to be the host.
func Agreed(scanned []Key, verified []Verified) (fingerprints []string, err error) {
	byType := map[string][]string{}
	has := map[string]bool{}
	for _, v := range verified {
		if !slices.Contains(byType[v.Type], v.Fingerprint) {
			byType[v.Type] = append(byType[v.Type], v.Fingerprint)
		}
		has[v.Fingerprint] = true
	}
	var faults []error
	for _, k := range scanned {
		others := byType[typeOf(k.Type)]
		switch {
		case len(others) > 1 && typeOf(k.Type) != "":
			faults = append(faults, fmt.Errorf("%w: %d different keys of type %s are said to be verified, %s: leave the one "+
				"that is right", knownhosts.ErrUntrusted, len(others), words.Printable(k.Type, 40), strings.Join(others, " and ")))
		case has[k.Fingerprint]:
			fingerprints = append(fingerprints, k.Fingerprint)
		case len(others) > 0 && typeOf(k.Type) != "":
			faults = append(faults, differs(k, others))
		}
	}
	if len(fingerprints) == 0 && len(faults) == 0 {
		var prints []string
		for _, v := range verified {
			prints = append(prints, v.Fingerprint)
		}
		for _, k := range scanned[:min(1, len(scanned))] {
			faults = append(faults, differs(k, prints))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return fingerprints, nil
}

func differs(k Key, verified []string) error {
	return fmt.Errorf("%w: it shows %s %s, and the key that was verified is %s: somebody else may be answering",
		knownhosts.ErrUntrusted, words.Printable(k.Type, 40), k.Fingerprint, strings.Join(verified, " or "))
}
