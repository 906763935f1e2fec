package hostkeys

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// A Key is a key that a host showed, and that nobody has verified yet.
type Key struct {
	Address     string // host or host:port, as it was asked
	Type        string // ssh-ed25519
	Fingerprint string // SHA256:…, as ssh-keygen -l prints it
	Line        string // of known_hosts
}

// Check compares scanned keys with known_hosts files, of which some may be
// missing, and writes nothing. It returns the keys that the files have, and the
// keys of which they say nothing. A key that the files contradict, by another
// key of its type for the host or by a revocation, is in neither: the error
// tells it, and is remote.ErrHostKey.
func Check(files []string, scanned []Key) (known, unknown []Key, err error) {
	have := knownhosts.New(files)
	for _, file := range files {
		if err := have.Read(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	var changed []error
	for _, k := range scanned {
		switch missing, err := have.Missing(k.Address, k.Line, k.Fingerprint); {
		case err != nil:
			changed = append(changed, fmt.Errorf("%s: %w", words.Printable(k.Address, 100), err))
		case missing:
			unknown = append(unknown, k)
		default:
			known = append(known, k)
		}
	}
	return known, unknown, errors.Join(changed...)
}

// Trust adds the scanned keys that have one of the fingerprints to a
// known_hosts file, and returns how many lines that took. A missing file is
// made, with mode 0600, and so is its folder, with mode 0700. A key that the file has is not added again. Nothing in
// the file is ever changed or removed. If the lines cannot be written, as the disk is
// full, none of them is there.
//
// The fingerprints must come from somewhere else than the scan: otherwise they
// prove nothing. The error is remote.ErrHostKey, and nothing is added, if no
// scanned key has one of the fingerprints, if the file has another key of the
// type for the host, or if it revokes the key.
func Trust(file string, scanned []Key, fingerprints ...string) (added int, err error) {
	known := knownhosts.New([]string{file})
	if err := known.Read(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	var lines string
	for _, print := range fingerprints {
		i := slices.IndexFunc(scanned, func(k Key) bool { return k.Fingerprint == print })
		if i < 0 {
			return 0, fmt.Errorf("%w: no scanned key has the fingerprint %s: somebody else may be answering",
				knownhosts.ErrUntrusted, words.Printable(print, 100))
		}
		k := scanned[i]
		missing, err := known.Missing(k.Address, k.Line, k.Fingerprint)
		if err != nil {
			return 0, err
		}
		if line := k.Line + "\n"; missing && !strings.Contains(lines, line) {
			lines += line
			added++
		}
	}
	if lines == "" {
		return 0, nil
	}
	return added, appendLines(file, lines)
}
