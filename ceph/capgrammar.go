package ceph

import "strings"

// A capText is the rights of an entity on daemons of one type, as these daemons read
// them: from left to right, and what was read once is not read in another way.
type capText struct {
	daemon string
	rest   string
}

// capsReadable reports whether monitors, OSDs or managers can parse a text. The grammar is
// that of Ceph 16.2. That of other daemons is not known here.
func capsReadable(daemon, text string) bool {
	c := &capText{daemon, text}
	switch daemon {
	case "osd":
		c.rest = strings.Trim(c.rest, spaces)
		return c.list(c.osdGrant, c.separator) && c.rest == ""
	case "mon", "mgr":
		return c.list(c.grant, c.separator) && c.rest == ""
	}
	return true
}

// all reads parts one behind the other, or nothing.
func (c *capText) all(parts ...func() bool) bool {
	was := c.rest
	for _, p := range parts {
		if !p() {
			c.rest = was
			return false
		}
	}
	return true
}

// one reads the first of some parts that is there.
func (c *capText) one(parts ...func() bool) bool {
	for _, p := range parts {
		if p() {
			return true
		}
	}
	return false
}

// any reads parts that may be there, one behind the other, and reports whether one was.
func (c *capText) any(parts ...func() bool) bool {
	found := false
	for _, p := range parts {
		found = p() || found
	}
	return found
}

func maybe(part func() bool) func() bool {
	return func() bool {
		part()
		return true
	}
}

func (c *capText) list(part, separator func() bool) bool {
	if !part() {
		return false
	}
	for c.all(separator, part) {
	}
	return true
}

func (c *capText) lit(text string) func() bool {
	return func() (ok bool) {
		c.rest, ok = strings.CutPrefix(c.rest, text)
		return ok
	}
}

// seq reads parts as all does, when its turn comes.
func (c *capText) seq(parts ...func() bool) func() bool {
	return func() bool { return c.all(parts...) }
}

// alt reads parts as one does, when its turn comes.
func (c *capText) alt(parts ...func() bool) func() bool {
	return func() bool { return c.one(parts...) }
}

// run reads one or more of some bytes.
func (c *capText) run(bytes string) func() bool {
	return func() bool {
		rest := strings.TrimLeft(c.rest, bytes)
		ok := rest != c.rest
		c.rest = rest
		return ok
	}
}

func (c *capText) spaces() bool {
	if c.daemon == "osd" {
		return c.run(spaces)()
	}
	return c.run(capSpaces)()
}

func (c *capText) separator() bool {
	if c.daemon == "osd" {
		return c.one(c.lit(";"), c.lit(","))
	}
	blanks := maybe(c.run(" "))
	return c.all(blanks, c.alt(c.lit(";"), c.lit(",")), blanks)
}

// str reads a word, or a text in quotes that is not empty.
func (c *capText) str() bool { return c.one(c.quoted(1), c.run(wordBytes)) }

func (c *capText) quoted(least int) func() bool {
	return func() bool {
		if c.rest == "" || c.rest[0] != '"' && c.rest[0] != '\'' {
			return false
		}
		n := strings.IndexByte(c.rest[1:], c.rest[0])
		if n < least {
			return false
		}
		c.rest = c.rest[n+2:]
		return true
	}
}

// keyed reads a keyword behind white space, and a value behind an equals sign or white space.
func (c *capText) keyed(key string, value func() bool) func() bool {
	return c.seq(c.spaces, c.lit(key), c.alt(c.lit("="), c.spaces), value)
}

func (c *capText) network() bool {
	c.all(c.spaces, c.lit("network"), c.spaces, c.run(bareBytes("network")))
	return true
}

func (c *capText) letters() bool { return c.any(c.lit("r"), c.lit("w"), c.lit("x")) }

func (c *capText) wildcard() bool { return c.one(c.lit("*"), c.lit("all")) }

// osdGrant reads a clause for OSDs.
func (c *capText) osdGrant() bool {
	pool := maybe(c.keyed("pool", c.str))
	namespace := c.keyed("namespace", c.seq(c.alt(c.quoted(0), c.run(wordBytes)), maybe(c.lit("*"))))
	prefix := maybe(c.seq(c.spaces, c.lit("object_prefix"), c.spaces, c.str))
	any := c.alt(c.wildcard, c.str)
	tag := c.seq(c.spaces, c.lit("tag"), c.spaces, c.str, c.spaces, any, maybe(c.spaces), c.lit("="), maybe(c.spaces), any)
	match := c.alt(tag, c.seq(namespace, tag), c.seq(pool, namespace, prefix), c.seq(pool, prefix))
	perms := c.alt(c.seq(c.spaces, c.wildcard), func() bool {
		return c.any(c.seq(c.spaces, c.letters), c.seq(c.spaces, c.lit("class-read")),
			c.seq(c.spaces, c.lit("class-write")))
	})
	spec := c.alt(perms, c.seq(c.spaces, c.lit("class"), c.spaces, c.str, maybe(c.seq(c.spaces, c.str))))
	profile := c.seq(c.lit("profile"), c.alt(c.lit("="), c.spaces), c.str, pool, maybe(namespace))
	blanks := maybe(c.run(" \t"))
	return c.all(blanks, c.alt(c.seq(c.lit("allow"), spec, match, c.network),
		c.seq(c.lit("allow"), match, spec, c.network), c.seq(profile, c.network)), blanks)
}

// grant reads a clause for monitors or managers.
func (c *capText) grant() bool {
	perms := c.alt(c.wildcard, c.letters)
	equals := c.seq(c.lit("="), c.str)
	if c.daemon == "mgr" {
		equals = c.seq(maybe(c.spaces), c.lit("="), maybe(c.spaces), c.str)
	}
	pair := c.seq(c.str, c.alt(equals, c.seq(c.spaces, c.alt(c.lit("prefix"), c.lit("regex")), c.spaces, c.str)))
	pairs := func() bool { return c.list(pair, c.spaces) }
	with := maybe(c.seq(c.spaces, c.lit("with"), c.spaces, pairs))
	allow := c.seq(maybe(c.spaces), c.lit("allow"))
	filesystem := maybe(c.keyed("fsname", c.str))
	direct := c.seq(allow, c.spaces, perms, c.network, filesystem)
	profile := c.seq(maybe(c.spaces), maybe(c.seq(c.lit("allow"), c.spaces)), c.lit("profile"),
		c.alt(c.lit("="), c.spaces), c.str, c.network)
	service := c.seq(allow, c.keyed("service", c.str), c.spaces, perms, c.network)
	module := c.seq(allow, c.keyed("module", c.str), with, c.spaces, perms, c.network)
	command := c.seq(allow, c.keyed("command", c.str), with, c.network)
	grants := c.alt(direct, profile, service, command)
	if c.daemon == "mgr" {
		direct = c.seq(allow, c.spaces, perms, c.network)
		grants = c.alt(direct, c.mgrProfile(pair), service, module, command)
	}
	return c.all(maybe(c.spaces), grants, maybe(c.spaces))
}

// mgrProfile reads a profile for managers, which know some, and the keys that each takes.
func (c *capText) mgrProfile(pair func() bool) func() bool {
	known := func(names ...string) func() bool {
		return func() bool {
			was := c.rest
			if !c.str() {
				return false
			}
			word := strings.Trim(was[:len(was)-len(c.rest)], `"'`)
			for _, n := range names {
				if word == n {
					return true
				}
			}
			c.rest = was
			return false
		}
	}
	limited := func() bool {
		was := c.rest
		ok := known("pool", "namespace")()
		c.rest = was
		return ok && pair()
	}
	rbd := c.seq(known("rbd", "rbd-read-only"), maybe(c.seq(c.spaces, func() bool { return c.list(limited, c.spaces) })))
	other := c.seq(known("read-only", "read-write", "crash", "osd", "mds", "rgw"),
		maybe(c.seq(c.spaces, func() bool { return c.list(pair, c.spaces) })))
	return c.seq(maybe(c.spaces), maybe(c.seq(c.lit("allow"), c.spaces)), c.lit("profile"),
		c.alt(c.lit("="), c.spaces), c.alt(rbd, other), c.network)
}
