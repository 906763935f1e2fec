package host

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// An endpoint is where a monitor listens.
type endpoint struct {
	protocol string // v1 or v2
	addr     netip.AddrPort
}

// sameMonitors compares two values of mon_host as clients read them: each address of
// have has to be one at which a monitor of want listens, and each monitor has to be
// reachable. A list that was written by hand, without ports or protocols, is as good:
// clients then try the usual ports.
func sameMonitors(have, want string) bool {
	h, readable := monitors(have)
	w, ok := monitors(want)
	if !readable || !ok || len(h) == 0 || len(w) == 0 {
		return false
	}
	reaches := func(monitor, at []endpoint) bool {
		return slices.ContainsFunc(at, func(e endpoint) bool { return slices.Contains(monitor, e) })
	}
	listed := slices.Concat(h...)
	for _, monitor := range w {
		if !slices.ContainsFunc(listed, func(at []endpoint) bool { return reaches(slices.Concat(monitor...), at) }) {
			return false
		}
	}
	all := slices.Concat(slices.Concat(w...)...)
	for _, at := range listed {
		if !reaches(all, at) {
			return false
		}
	}
	return true
}

// noneOf reports whether two values of mon_host are known to have no address in common. Of names of hosts, that is not
// known.
func noneOf(have, want string) bool {
	h, readable := monitors(have)
	w, ok := monitors(want)
	if !readable || !ok || len(h) == 0 || len(w) == 0 {
		return false
	}
	listed := slices.Concat(slices.Concat(h...)...)
	return !slices.ContainsFunc(slices.Concat(slices.Concat(w...)...), func(e endpoint) bool {
		return slices.ContainsFunc(listed, func(o endpoint) bool { return o.addr.Addr() == e.addr.Addr() })
	})
}

// monitors takes a value of mon_host apart: for each monitor its addresses, and for
// each address what a client tries. It is false for a value with names of hosts.
func monitors(value string) (all [][][]endpoint, ok bool) {
	inside := false
	for _, text := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,;", r) }) {
		if !inside {
			all = append(all, nil)
		}
		if rest, found := strings.CutPrefix(text, "["); found && (strings.HasPrefix(rest, "v1:") ||
			strings.HasPrefix(rest, "v2:")) {
			text, inside = rest, true
		}
		if inside && strings.Count(text, "]") > strings.Count(text, "[") {
			text, inside = strings.TrimSuffix(text, "]"), false
		}
		tries, ok := endpoints(text)
		if !ok {
			return nil, false
		}
		all[len(all)-1] = append(all[len(all)-1], tries)
	}
	return all, true
}

// endpoints are what a client tries for an address such as 192.0.2.1, 192.0.2.1:6789,
// [2001:db8::1]:6789 or v2:192.0.2.1:3300/0.
func endpoints(text string) ([]endpoint, bool) {
	const v1, v2, oldPort, newPort = "v1", "v2", 6789, 3300
	protocol := ""
	for _, p := range []string{v1, v2} {
		if rest, ok := strings.CutPrefix(text, p+":"); ok {
			protocol, text = p, rest
		}
	}
	if rest, nonce, ok := strings.Cut(text, "/"); ok {
		if _, err := strconv.ParseUint(nonce, 10, 32); err != nil {
			return nil, false
		}
		text = rest
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	port := uint16(0)
	if err != nil {
		both, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, false
		}
		addr, port = both.Addr(), both.Port()
	}
	var out []endpoint
	for _, e := range []endpoint{{v2, netip.AddrPortFrom(addr, newPort)}, {v1, netip.AddrPortFrom(addr, oldPort)}} {
		usual := e.addr.Port()
		if port != 0 {
			e.addr = netip.AddrPortFrom(addr, port)
		}
		other := (port == newPort || port == oldPort) && port != usual
		if protocol == e.protocol || protocol == "" && !other {
			out = append(out, e)
		}
	}
	return out, true
}
