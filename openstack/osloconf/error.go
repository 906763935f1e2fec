package osloconf

import "strconv"

// An Error is a file that oslo.config would not load, or an option or value
// that a file cannot hold. Its text never holds a value.
type Error struct {
	Line    int    // in the file, from 1; 0 when the fault is not in a file
	Section string // what Set was asked for; empty for a fault in a file
	Option  string
	Reason  string
}

func (e *Error) Error() string {
	s := "osloconf: "
	if e.Line > 0 {
		return s + "line " + strconv.Itoa(e.Line) + ": " + e.Reason
	}
	if e.Section != "" {
		s += "[" + e.Section + "] "
	}
	if e.Option != "" {
		s += e.Option + ": "
	}
	return s + e.Reason
}
