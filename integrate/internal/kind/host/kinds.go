package host

import "github.com/cephstack/cephstack/integrate/internal/step"

// Kinds are the kinds of resources of a host, in the order in which they are
// compared and changed.
func Kinds() []step.Kind[*Node] {
	return []step.Kind[*Node]{}
}
