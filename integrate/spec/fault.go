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
	// Path is the field, such as cinder.backends[0].name. In an error of Load, hosts[2] is
	// the third entry in the hosts of the text, which may stand for many hosts.
	Path string
	// File, Line and Column are the place of the field in what Load read. File is empty
	// where Load was not given a file. Where the text does not have the field, the place is
	// that of the field around it; Line and Column are 0 where there is none.
	File         string
	Line, Column int
	Message      string
	Err          error // the cause; nil for most faults

	form  string // the message without its values; empty where there is no such form
	other string // the path of another field that the fault is about
}

func (e *FieldError) Error() string {
	at := ""
	if e.Path != "" {
		at = oneLine(e.Path) + ": "
	}
	if e.File != "" || e.Line > 0 {
		at = e.place() + ": " + at
	}
	var lines []string
	for line := range strings.SplitSeq(e.Message, "\n") {
		lines = append(lines, oneLine(line))
	}
	return "spec: " + at + strings.Join(lines, "\n")
}

// place is where the field is, as editors and compilers write it.
func (e *FieldError) place() string {
	switch {
	case e.File != "" && e.Line > 0:
		return fmt.Sprintf("%s:%d:%d", oneLine(e.File), e.Line, e.Column)
	case e.File != "":
		return oneLine(e.File)
	}
	return fmt.Sprintf("line %d, column %d", e.Line, e.Column)
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
	v.faults = append(v.faults, &FieldError{Path: path, Message: fmt.Sprintf(format, args...), form: format})
}

// repeated is fault for a field that repeats another one.
func (v *validation) repeated(path, other, format string, args ...any) {
	v.faults = append(v.faults, &FieldError{Path: path, Message: fmt.Sprintf(format, args...), form: format, other: other})
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
