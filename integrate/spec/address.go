package spec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// addresses are the addresses of hosts with these names, from the text of their address:
//
//	(nothing)              nothing, which is the name
//	.cloud.example         the name and this domain
//	10.0.0.[1-400]         one number for each name, in the order of the names. What is more
//	                       than 255 is carried to the number before: 10.0.1.0 comes after
//	                       10.0.0.255
//	2001:db8::[1-190]      the same. The numbers are hexadecimal, as all numbers of such an
//	                       address: these are 400
//	node[001-400].example  the same with names
//
// A port may be behind it, as in an address of one host.
func addresses(names []string, text string) ([]string, error) {
	all := make([]string, len(names))
	before, inside, behind := addressParts(text)
	switch isDomain := strings.HasPrefix(text, "."); {
	case text == "":
		return all, nil
	case isDomain && len(text) > longestName, len(behind) > longestName:
		return nil, fmt.Errorf("has %d characters, %d are possible", len(text), longestName)
	case isDomain:
		for i, name := range names {
			all[i] = name + text
		}
		return all, nil
	}
	v6 := strings.Count(inside, ":") > 1
	base := 10
	if v6 {
		base = 16
	}
	p, err := parsePattern(inside, base)
	switch {
	case !strings.ContainsAny(inside, "[]") && len(names) == 1:
		return []string{text}, nil
	case err != nil:
		return nil, fmt.Errorf("%q %w", shorten(text), err)
	case p.count() != len(names):
		hosts := "hosts"
		if len(names) == 1 {
			hosts = "host"
		}
		return nil, fmt.Errorf("%q stands for %s, and the name for %d %s", shorten(text), p.says(base), len(names), hosts)
	}
	for i, one := range p.expand() {
		text := one
		if v6 {
			one, err = carry6(inside, one)
		} else {
			one, err = carry4(inside, one)
		}
		if err != nil {
			return nil, fmt.Errorf("%q stands for %s, which %w", shorten(inside), text, err)
		}
		all[i] = before + one + behind
	}
	return all, nil
}

// says is how many addresses the pattern stands for.
func (p pattern) says(base int) string {
	switch n := p.count(); {
	case n == 1:
		return "1 address"
	case base == 16:
		return fmt.Sprintf("%d addresses, as numbers of an IPv6 address are hexadecimal", n)
	default:
		return fmt.Sprintf("%d addresses", n)
	}
}

// addressParts takes the brackets and the port off an IPv6 address that has them.
func addressParts(text string) (before, inside, behind string) {
	if strings.Count(text, ":") < 2 || !strings.HasPrefix(text, "[") {
		return "", text, ""
	}
	depth := 0
	for i, r := range text {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 && strings.Contains(text[:i], ":") {
			return "[", text[1:i], text[i:]
		}
		if depth == 0 {
			break
		}
	}
	return "", text, ""
}

// carry4 makes an IPv4 address of one that may have numbers above 255, where the pattern
// has brackets. What is not such an address, as it is a name, stays as it is.
func carry4(pattern, text string) (string, error) {
	pattern, _, _ = strings.Cut(pattern, ":")
	text, port, hasPort := strings.Cut(text, ":")
	ranged, parts := strings.Split(pattern, "."), strings.Split(text, ".")
	isNumber := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	if len(parts) != 4 || len(ranged) != 4 || slices.ContainsFunc(parts, func(s string) bool { return !isNumber(s) }) {
		ranged = nil // it is a name
	}
	carry := uint64(0)
	for i := len(ranged) - 1; i >= 0; i-- {
		n, err := parseNumber(parts[i], 10)
		if err != nil || !strings.Contains(ranged[i], "[") && (n > 255 || isPadded(parts[i])) {
			return "", errors.New("is not an address")
		}
		n += carry
		parts[i], carry = strconv.FormatUint(n&255, 10), n>>8
	}
	if carry > 0 {
		return "", errors.New("is beyond 255.255.255.255")
	}
	text = strings.Join(parts, ".")
	if hasPort {
		text += ":" + port
	}
	return text, nil
}

// carry6 makes an IPv6 address of one that may have numbers above ffff, where the pattern
// has brackets.
func carry6(pattern, text string) (string, error) {
	text, zone, hasZone := strings.Cut(text, "%")
	pattern, _, _ = strings.Cut(pattern, "%")
	parts, ranged := groups6(text), groups6(pattern)
	if len(parts) != 8 || len(ranged) != 8 {
		return "", errors.New("is not an address")
	}
	var ip [16]byte
	carry := uint64(0)
	for i := len(parts) - 1; i >= 0; i-- {
		n, err := parseNumber(parts[i], 16)
		if err != nil || !strings.Contains(ranged[i], "[") && n > 0xffff {
			return "", errors.New("is not an address")
		}
		n += carry
		binary.BigEndian.PutUint16(ip[2*i:], uint16(n))
		carry = n >> 16
	}
	if carry > 0 {
		return "", errors.New("is beyond the last address")
	}
	text = netip.AddrFrom16(ip).String()
	if hasZone {
		text += "%" + zone
	}
	return text, nil
}

// groups6 are the eight numbers of an IPv6 address, with zeros for its ::. Of what is not
// such an address, groups6 gives another number of parts.
func groups6(text string) []string {
	left, right, short := strings.Cut(text, "::")
	var parts []string
	if left != "" {
		parts = strings.Split(left, ":")
	}
	var behind []string
	if right != "" {
		behind = strings.Split(right, ":")
	}
	for zeros := 8 - len(parts) - len(behind); short && zeros > 0; zeros-- {
		parts = append(parts, "0")
	}
	return append(parts, behind...)
}
