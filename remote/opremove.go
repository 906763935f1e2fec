package remote

import "github.com/cephstack/cephstack/remote/internal/wire"

// Remove removes a file. A file that is not there is unchanged, not an error.
// Result: Changed.
type Remove struct {
	Path string
	Was  string // as in WriteFile
}

func (Remove) nature() nature   { return nature{name: "remove", patience: slowDisk} }
func (o Remove) object() string { return o.Path }

func (o Remove) fault() string {
	return first(pathFault(o.Path), when(o.Path == "/", "not a file"), wasFault(o.Was))
}

func (o Remove) encode() wire.Op            { return wire.Op{Name: "remove", Args: []string{o.Path, o.Was}} }
func (Remove) decode(answer, *Result) error { return nil }
