package ceph

import "strings"

// Writes reports whether the rights let a user write all images of a pool.
func (c Caps) Writes(pool string) bool {
	for _, cl := range readClauses("osd", c["osd"]) {
		here := len(cl.match) == 0 || len(cl.match) == 1 && cl.term("pool") == pool
		writes := cl.profile == "rbd" || cl.profile == "" && strings.ContainsAny(cl.perms, "w*")
		if here && writes && !cl.unread && len(cl.scope) == 0 {
			return true
		}
	}
	return false
}
