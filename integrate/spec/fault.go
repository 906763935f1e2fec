package spec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

// A FieldError is one fault of a Spec.
type FieldError struct {
	Path    string // such as cinder.backends[0].name
	Line    int    // in the YAML that Load read; 0 where the YAML does not have the field
	Message string
	Err     error // the cause; nil for most faults
}

func (e *FieldError) Error() string {
	at := ""
	if e.Path != "" {
		at = oneLine(e.Path) + ": "
	}
	if e.Line > 0 {
		at = fmt.Sprintf("line %d: %s", e.Line, at)
	}
	var lines []string
	for line := range strings.SplitSeq(e.Message, "\n") {
		lines = append(lines, oneLine(line))
	}
	return "spec: " + at + strings.Join(lines, "\n")
}

// oneLine is a text as it is printed. A name in it may hold anything, if that is its fault.
func oneLine(text string) string {
	const most = 1000
	if n := len(text); n > most {
		text = strings.ToValidUTF8(text[:most], "") + fmt.Sprintf("… (%d bytes)", n)
	}
	if unfitText(text, len(text)) == "" {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

// Unwrap gives the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// longestName is the longest name of a volume type, of a zone, and of a host in DNS.
const longestName = 255

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

func (v *validation) fault(path, format string, args ...any) {
	v.faults = append(v.faults, &FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

// faulty reports whether a fault was found at or below a path.
func (v *validation) faulty(path string) bool {
	return slices.ContainsFunc(v.faults, func(err error) bool {
		var f *FieldError
		return errors.As(err, &f) && (f.Path == path || strings.HasPrefix(f.Path, path+"."))
	})
}

func (v *validation) name(path, value string) {
	switch {
	case value == "":
		v.fault(path, "is missing")
	case len(value) > longestName:
		v.fault(path, "has %d characters, %d are possible", len(value), longestName)
	case !nameForm.MatchString(value):
		v.fault(path, "%q may hold only letters, digits, '_', '-' and '.', and begins with a letter or digit", value)
	}
}

// lockPool is the pool that integrate keeps its operator lock in.
const lockPool = "cephstack"

// poolName checks the name of a pool.
func (v *validation) poolName(path, value string) {
	v.name(path, value)
	if value == lockPool {
		v.fault(path, "%q is the pool of the operator lock; take another name", value)
	}
}

func (v *validation) optional(path, value string) {
	if value != "" {
		v.name(path, value)
	}
}

func (v *validation) address(path, address string) {
	if err := (remote.Config{Address: address}).CheckAddress(); err != nil {
		v.fault(path, "%q is %v", address, err)
	}
}
