package remotetest

import (
	"path"
	"strings"
)

// real is the folder where a symlink leads, as remote.File.Real tells it.
func (h *Host) real(name string) string {
	at, parts := "/", strings.Split(name, "/")
	for steps := 0; ; steps++ {
		switch n := h.nodes[at]; {
		case n == nil || n.owner != "root" && n.owner != "0" || steps > 90:
			return ""
		case n.kind == kindSymlink:
			parts = append(strings.Split(n.target, "/"), parts...)
			if at = path.Dir(at); path.IsAbs(n.target) {
				at = "/"
			}
		case n.kind != kindDir || n.mode&0o022 != 0 || n.mode&0o001 == 0:
			return ""
		}
		if len(parts) == 0 {
			return at
		}
		at, parts = path.Join(at, parts[0]), parts[1:]
	}
}
