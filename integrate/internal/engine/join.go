package engine

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/cephstack/cephstack/remote"
)

// join makes one list of what resources ask a host, without what is there twice.
// Operations of a sort stand together, as those on paths travel as one.
func join(entries []Entry) (ops []remote.Op, secrets bool) {
	var paths, folders, units, runs []remote.Op
	var packages []string
	seen := map[string][]remote.Op{} // by their texts, which do not tell everything
	for _, e := range entries {
		asks := e.Asks()
		secrets = secrets || asks.Secrets
		for _, op := range asks.Host {
			if p, ok := op.(remote.Packages); ok {
				for _, name := range p.Names {
					if !slices.Contains(packages, name) {
						packages = append(packages, name)
					}
				}
				continue
			}
			text := fmt.Sprintf("%T %v", op, op)
			if slices.ContainsFunc(seen[text], func(o remote.Op) bool { return reflect.DeepEqual(o, op) }) {
				continue
			}
			seen[text] = append(seen[text], op)
			switch op.(type) {
			case remote.Stat, remote.ReadFile:
				paths = append(paths, op)
			case remote.ReadDir:
				folders = append(folders, op)
			case remote.UnitState:
				units = append(units, op)
			default:
				runs = append(runs, op)
			}
		}
	}
	ops = append(paths, folders...)
	if len(packages) > 0 {
		ops = append(ops, remote.Packages{Names: packages})
	}
	return slices.Concat(ops, units, runs), secrets
}
