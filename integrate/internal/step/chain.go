package step

import "github.com/cephstack/cephstack/remote"

// Chain makes each operation need the one before. The operations are the first
// ones of a step, so that their indexes are right.
func Chain(ops ...remote.Op) []remote.Op {
	chained := make([]remote.Op, len(ops))
	copy(chained, ops)
	for i := 1; i < len(chained); i++ {
		chained[i] = remote.If{OK: []int{i - 1}, Op: chained[i]}
	}
	return chained
}
