package ceph

import (
	"slices"
	"strings"
)

// replaced reports whether the wanted clauses take the place of c: they cover
// it, or it speaks of a pool that they rule.
func replaced(daemon string, c clause, want []clause) bool {
	if c.unread {
		return false
	}
	pool := c.term("pool")
	for _, w := range want {
		if w.String() == c.String() || pool != "" && w.term("pool") == pool {
			return true
		}
		if w.profile == "rbd" && (daemon == "mon" && monProfileCovers(c) || daemon == "osd" && osdProfileCovers(w, c)) {
			return true
		}
	}
	return false
}

// monProfileCovers: profile rbd on a mon is reading the maps, and putting a
// dead client's address on the blocklist (once called blacklist).
func monProfileCovers(c clause) bool {
	switch {
	case c.profile != "" || len(c.match) > 0 || c.class != "":
		return false
	case len(c.scope) == 0:
		return c.perms == "r"
	}
	s := c.scope[0]
	return s.key == "command" && c.perms == "" && (s.value == "osd blacklist" || s.value == "osd blocklist")
}

// osdProfileCovers: profile rbd on an osd holds class-read on the object that
// lists an image's children, in every pool; without a pool, it holds all of
// what RBD needs everywhere.
func osdProfileCovers(w, c clause) bool {
	if c.childrenOnly() {
		return true
	}
	if len(w.match) > 0 {
		return false
	}
	return c.profile == "rbd" || c.profile == "rbd-read-only" ||
		c.profile == "" && len(c.scope) == 0 && strings.Trim(c.perms, "rwx") == "" && c.term("tag") == ""
}

// childrenOnly reports whether a clause is the right to list the children of images, and no more.
func (c clause) childrenOnly() bool {
	return c.profile == "" && c.perms == "" && c.class == "class-read" && len(c.scope) == 0 &&
		slices.Equal(c.match, []term{{"object_prefix", " ", "rbd_children"}})
}

func (c clause) term(key string) string {
	for _, t := range c.match {
		if t.key == key {
			return t.value
		}
	}
	return ""
}
