package step

import (
	"strings"

	"github.com/cephstack/cephstack/remote"
)

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

// ContentDiff is the difference between a file and the content that it should
// have. It shows the desired content, so that no secret may be in it. Of a file that
// is there, it says "other content": its bytes may be secret.
func ContentDiff(have File, want []byte) []FieldDiff {
	old := ""
	if !have.Missing {
		old = "other content"
	}
	return []FieldDiff{{Field: "content", Observed: old, Desired: strings.TrimRight(string(want), "\n")}}
}
