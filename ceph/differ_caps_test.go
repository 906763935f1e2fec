package ceph_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
)

// TestCapsDiffer: rights that the monitor takes, this package reads, and what it refuses, too.
func TestCapsDiffer(t *testing.T) {
	real := cephlive.Start(t, 0)
	real.Ceph("auth", "add", "client.x", "mon", "allow r")
	oracle := startLibrados(t, real.Conf)
	d, r := newDiffer(t), rand.New(rand.NewPCG(15, 4))
	n := rounds(400, 2000)
	for range n {
		daemon := pick(r, "mon", "osd", "osd", "mgr")
		text := randomCaps(r, daemon)
		var says string
		oracle.ask(map[string]any{"entity": "client.x", "daemon": daemon, "caps": text}, &says)
		_, err := ceph.ParseCaps(ceph.Caps{daemon: text})
		switch refused := strings.Contains(says, "parse failed"); {
		case refused && err == nil:
			d.differs("read by us only", "%s %q: %s", daemon, text, says)
		case !refused && err != nil:
			d.differs("read by Ceph only", "%s %q: %v", daemon, text, err)
		case refused:
			d.count("refused by both")
		default:
			d.count("read by both")
		}
	}
	d.print(n)
}

func randomCaps(r *rand.Rand, daemon string) string {
	text := randomClause(r, daemon)
	for r.IntN(3) == 0 {
		text += seldom(r, ", ", ",", ";", " ; ", ",,", "\t,", ",\n", "") + randomClause(r, daemon)
	}
	return seldom(r, "", "", " ", "\n", "\v") + text + seldom(r, "", "", " ", ",", "\t", "\r")
}

func randomClause(r *rand.Rand, daemon string) string {
	perms := pick(r, "r", "rw", "rwx", "x", "*", "all", "rx", "w") + seldom(r, "", "r", " r", "z")
	network := seldom(r, "", " network 10.0.0.0/8", " network fe80::/10", " network=10.0.0.0/8", " network x!")
	profile := seldom(r, "", "allow ") + "profile" + seldom(r, " ", "=", "  ", " = ") +
		pick(r, "rbd", "rbd-read-only", "read-only", "osd", "crash", `"rbd"`, "x")
	space := seldom(r, " ", "  ", "\t", "\n", "\r", "\v")
	if daemon == "osd" {
		match := pick(r, "", " pool=volumes", " pool images", " object_prefix rbd_children", " namespace=a",
			" pool=a namespace=b", " tag rbd data=x", " tag cephfs * = *", " auid 5",
			" pool='a b'") + seldom(r, "", " object_prefix x",
			" pool = volumes", ` namespace=""`, " namespace=t*", " auid x", " pool=a!b", " pool=\"x")
		spec := seldom(r, space+perms, " class-read", " class-write", " "+perms+" class-read class-write",
			" class-write class-read", " class rbd child_attach", " class rbd", "")
		return pick(r, profile+match, "allow"+spec+match, "allow"+match+spec) + network
	}
	with := pick(r, "", " with k=v", " with k prefix v", ` with k regex "^a$"`, " with k=v l=m", " with k = v", " with")
	return pick(r, profile+pick(r, "", " pool=x", " pool prefix x", " pool = x", " host=a", ` namespace="a b"`),
		"allow"+space+perms, "allow service mon "+perms, "allow service=mon"+seldom(r, " "+perms, ""),
		`allow command "osd blacklist"`+with, "allow command=x"+with, "allow module status"+with+" "+perms,
		"allow fsname=x", "allow r fsname=x", "allow r network 10.0.0.0/8 fsname=x",
		seldom(r, "allow r", "deny r", "allow", "x", "")) + network
}
