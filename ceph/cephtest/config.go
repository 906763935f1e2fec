package cephtest

// configGet tells an option: a monitor by its name (var), the configuration of the cluster by whom it is for and its
// name (who, key), as the bare value. In the fake, both have the same value.
func (c *Cluster) configGet(a call) (any, string, error) {
	name := a.str("key")
	if a.mon != "" {
		name = a.str("var")
	}
	switch value, ok := c.MonOptions[name]; {
	case a.mon == "" && (a.str("who") == "" || name == ""):
		return nil, "", a.refuse(einval, "the fake tells one option of one daemon")
	case !ok && a.mon != "":
		return nil, "", a.refuse(enoent, "error getting '%s': (2) No such file or directory", name)
	case !ok:
		return nil, "", a.refuse(enoent, "unrecognized key '%s'", name)
	case a.mon != "":
		return object{name: value}, "", nil
	default:
		return []byte(value + "\n"), "", nil
	}
}
