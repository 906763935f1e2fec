package ceph

// Reach reports whether the caps may let a user open images of a pool. A clause that names no pool, one that names
// pools by a tag, and one that cannot be read, count for all pools of application rbd and of no application. Where
// a clause is for a single namespace, Reach gives that, too, in the order of the clauses. The right to list the
// children of images, allow class-read object_prefix rbd_children, opens none.
//
// Similar To: ceph auth get <entity>; ceph osd pool ls detail
func (c Caps) Reach(p Pool) (reaches bool, namespaces []string) {
	for _, cl := range readClauses("osd", c["osd"]) {
		named := cl.term("pool")
		anyPool := named == "" && (p.Application == "rbd" || p.Application == "")
		if named != p.Name && !anyPool || cl.childrenOnly() {
			continue
		}
		reaches = true
		if space := cl.term("namespace"); space != "" {
			namespaces = append(namespaces, space)
		}
	}
	return reaches, namespaces
}
