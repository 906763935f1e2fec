package words

// Features names the bits of the features of an RBD image, as rbd info does.
func Features(bits uint64) []string {
	var out []string
	for i, name := range [...]string{"layering", "striping", "exclusive-lock", "object-map", "fast-diff", "deep-flatten",
		"journaling", "data-pool", "operations", "migrating", "non-primary", "dirty-cache"} {
		if bits&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}
