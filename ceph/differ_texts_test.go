package ceph_test

import (
	"math/rand/v2"
	"strings"
)

// pick is one of some texts.
func pick(r *rand.Rand, all ...string) string { return all[r.IntN(len(all))] }

// seldom is one of some odd texts, mostly the first.
func seldom(r *rand.Rand, all ...string) string {
	if r.IntN(8) != 0 {
		return all[0]
	}
	return pick(r, all...)
}

// randomConf is a ceph.conf as people and programs write it, with a fault here and there.
func randomConf(r *rand.Rand) string {
	var b strings.Builder
	eol := seldom(r, "\n", "\r\n", "\r")
	b.WriteString(seldom(r, "", " ", "\n", "  \n", "\t\n\n", "# head\n", "; head\n\n", " # head\n", "\ufeff",
		"\\\n", "#\n \n"))
	if r.IntN(12) != 0 {
		b.WriteString(randomHeading(r, eol))
	}
	for range r.IntN(9) {
		b.WriteString(randomLine(r, eol))
	}
	text := b.String()
	switch r.IntN(12) {
	case 0:
		text = strings.TrimRight(text, "\r\n")
	case 1:
		text += pick(r, " ", "  \n", "\t", "\n\n", "# end", "; end\n", "\\", "\\\n", "\n \n ")
	}
	return text
}

func randomHeading(r *rand.Rand, eol string) string {
	name := pick(r, "global", "client", "client.cinder", "client.glance", "osd", "osd.0", "mon")
	name = seldom(r, name, " "+name, name+" ", "cl\\ient", "clien\\\nt", name+"\\]", name+"#", "é", "", "a b", name+"\x00")
	return seldom(r, "", "", " ", "\t") + "[" + name +
		seldom(r, "]", "] ", "] # c", "]x", "", "]\t; c") + seldom(r, eol, "\n", "\\\n")
}

func randomLine(r *rand.Rand, eol string) string {
	switch r.IntN(12) {
	case 0:
		return seldom(r, "", " ", "\t") + pick(r, "# c", "; c", "#", "# c \\", ";; x = y", "# é", "# \"") + eol
	case 1:
		return seldom(r, "", " ", "\t", "\\") + eol
	case 2, 3:
		return randomHeading(r, eol)
	case 4:
		return seldom(r, "x = y", "key", "= v", "\x00", "include /x", "é = v", "key\tx", "[", "]", "a\\=b = c", "a=b=c",
			"key # = v", "ke\\\ny = v", "'key' = v", "\v = x", "\\ = x") + eol
	}
	return randomOption(r, randomValue(r), eol)
}

func randomOption(r *rand.Rand, value, eol string) string {
	name := pick(r, differOptions...)
	switch r.IntN(8) {
	case 0, 1:
		name = strings.ReplaceAll(name, "_", " ")
	case 2:
		name = strings.ReplaceAll(name, "_", pick(r, "  ", "\t", "-", " \t ", "__", " _", "\\_", "\v"))
	}
	name = seldom(r, name, strings.ToUpper(name), name+"s")
	return seldom(r, "", " ", "\t", "\t\t", "\\\n", "\v") + name + seldom(r, " = ", "=", "\t=\t", " =", "= ", " \\\n= ",
		" = \\\n ", " == ", " ", "") + value + seldom(r, "", "", " ", "\t", " # c", ";c", " \\\n", "\\", " \\ ", "\\#",
		"#\\\n") + seldom(r, eol, "\n", eol+eol)
}

func randomValue(r *rand.Rand) string {
	plain := pick(r, "192.0.2.11", "[v2:192.0.2.11:3300/0,v1:192.0.2.11:6789/0]", "/etc/ceph/ceph.keyring", "a b", "x", "",
		"a, b", "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")
	switch r.IntN(10) {
	case 0:
		return pick(r, `"`, "'") + plain + pick(r, `"`, "'")
	case 1:
		quote := pick(r, `"`, "'")
		return quote + plain + pick(r, "#", ";", `\#`, `\;`, `\"`, `\'`, "é", "\t", `"`, "'", "\\\n", " ", "\\\\", "\x00") +
			pick(r, "", plain) + quote + pick(r, "", " x", "\t", "# c", "\\\n")
	case 2:
		return plain + pick(r, `\#`, `\;`, `\\`, `\x`, "\\\n", "\\\n\t", "#", "é", "\u00a0", "\x00", "\x01", "\t",
			"\v", "\f", `"`, "'", "\\\r\n", "[", "]", "=", "\\\n\\\n", "\xff", "\x7f", "\\\n#") + plain
	}
	return plain
}

// randomKeyring is a keyring as people and programs write it, with a fault here and there.
func randomKeyring(r *rand.Rand) string {
	var b strings.Builder
	eol := seldom(r, "\n", "\r\n", "\r")
	b.WriteString(seldom(r, "", " ", "\n", "  \n", "# head\n", "\ufeff", "\\\n"))
	for range r.IntN(4) {
		b.WriteString(randomEntity(r, eol))
		for range r.IntN(4) {
			b.WriteString(randomKeyLine(r, eol))
		}
	}
	text := b.String()
	switch r.IntN(12) {
	case 0:
		text = strings.TrimRight(text, "\r\n")
	case 1:
		text += pick(r, " ", "  \n", "\t", "\n\n", "# end", "; end\n", "\\", "\\\n", "\n \n ")
	}
	return text
}

func randomEntity(r *rand.Rand, eol string) string {
	name := pick(r, "client.cinder", "client.glance", "client.cinder-backup", "mon.", "osd.0", "mgr.x", "client.a.b")
	name = seldom(r, name, "client", "global", "client.", "cl\\ient.x", "client.\\\nx", "rgw.a", "client.a b",
		"é", "", ".x",
		" "+name, name+" ", "auth.x", "mds.a")
	return seldom(r, "", "", " ", "\t") + "[" + name + seldom(r, "]", "] ", "] # c", "]x", "") + seldom(r, eol, "\n")
}

func randomKeyLine(r *rand.Rand, eol string) string {
	const key = "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw=="
	indent := pick(r, "\t", "", "  ")
	switch r.IntN(8) {
	case 0:
		return seldom(r, indent+"# c", "; c", "", "\t", "# é") + eol
	case 1:
		return indent + seldom(r, "auid = 0", "auid", "pending key = "+key, "x = y", "caps = x", "caps _ = x", "\v = x",
			"keys = "+key, "Key = "+key) + eol
	case 2, 3:
		return indent + seldom(r, "caps mon", "caps mgr", "caps_osd", "caps  mds", "caps mon osd", "caps\tmon",
			"caps mon_osd",
			"caps__mon", "caps ") + " = " + seldom(r, `"allow r"`, `allow *`, `"profile rbd pool=volumes, allow r"`,
			`"allow command \"osd blacklist\""`, `'allow command "a"'`, `"allow r # x"`, `"x`, `x"y`, ``, `"a\#b"`) + eol
	}
	text := seldom(r, key, "AQBTo2NmAAAAABAAKwnJmdWVqYKrZHL2G2Nd9A==", `"`+key+`"`, `'`+key+`'`, key+"xx",
		key[:38]+"AAAA==",
		"QUJD", "AgBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==", "AABTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==", "AQBTo2NmAAAAAAAA",
		key[:38], key[:37], key[:8]+" "+key[8:], key[:8]+"\\\n"+key[8:], "", key+" # c", key+"#", key[:39]+"-", "\\"+key,
		key+"\x00", key+"é", "["+key+"]")
	return indent + seldom(r, "key = ", "key=", "key\t=\t", "key =\\\n", "key ", " key = ", "\\key = ") + text +
		seldom(r, eol, "\n", " "+eol, eol+eol)
}
