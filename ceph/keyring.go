package ceph

import (
	"fmt"
	"strings"
)

// A Keyring holds entities with keys (and caps, where a file has them).
//
// Similar To: ceph-authtool -l <file>
type Keyring struct {
	Users []User
	// Faults tell why Ceph cannot read the file that this was parsed from, with the line or
	// the entity. They hold no key. Render gives a file that Ceph reads.
	Faults []string
}

// ParseKeyring reads a keyring file as ceph-authtool does. An entity without a
// key is read too. The key of a rotation that has not ended ("pending key") is
// passed over. What Ceph would refuse, and can be read in one way only, is among
// the Faults of the keyring; another text that Ceph would refuse is ErrInvalid.
// Errors quote nothing of the file but entity names.
//
// Similar To: ceph-authtool -l <file>
func ParseKeyring(data []byte) (Keyring, error) {
	p, err := parseConf(data)
	if err != nil {
		return Keyring{}, fmt.Errorf("keyring: %w", err)
	}
	c := &Conf{}
	c.take(p)
	k := Keyring{Faults: p.faults}
	if c.foreign > 0 {
		k.Faults = append(k.Faults, fmt.Sprintf("line %d: a character beyond ASCII", 1+lines(c.data[:c.foreign-1])))
	}
	bySection := map[string][]option{}
	for _, o := range c.options {
		bySection[o.section] = append(bySection[o.section], o)
	}
	for _, name := range c.Sections() {
		if name == "global" {
			continue
		}
		if !validEntity(name) {
			return Keyring{}, fmt.Errorf("%w: keyring: a section name is not an entity", ErrInvalid)
		}
		u := User{Entity: name}
		if err := u.takeAll(bySection[name]); err != nil {
			return Keyring{}, fmt.Errorf("keyring: %s: %w", name, err)
		}
		if text := u.Key.Reveal(); text != "" && readableKey(text) == "" {
			k.Faults = append(k.Faults, name+": the key is not one that Ceph made")
		}
		k.Users = append(k.Users, u)
	}
	return k, nil
}

// takeAll fills lines of a keyring into the user; of lines with one name, the last one counts.
func (u *User) takeAll(lines []option) error {
	last := make(map[string]string, len(lines))
	for _, o := range lines {
		last[o.name] = o.value
	}
	for name, value := range last {
		if err := u.take(name, value); err != nil {
			return err
		}
	}
	return nil
}

// take fills one line of a keyring into the user.
func (u *User) take(name, value string) (err error) {
	daemon, caps := strings.CutPrefix(name, "caps_")
	switch {
	case name == "key":
		if text := readableKey(value); text != "" {
			value = text
		}
		u.Key, err = ParseKey(value)
	case caps && daemon != "":
		if u.Caps == nil {
			u.Caps = Caps{}
		}
		u.Caps[strings.ReplaceAll(daemon, "_", " ")] = value
	case name == "", name == "auid", name == "pending_key":
	default:
		err = fmt.Errorf("%w: unknown field", ErrInvalid)
	}
	return err
}

// Render gives the keyring file's bytes: one section per user, key only. It
// is the one output of this package, besides Key.Reveal, that holds keys.
//
// Similar To: ceph-authtool -C <file> -n <entity> --add-key <key>
func (k Keyring) Render() []byte {
	var b strings.Builder
	for _, u := range k.Users {
		b.WriteString("[" + printable(u.Entity) + "]\n")
		if !u.Key.IsZero() {
			b.WriteString("\tkey = " + u.Key.Reveal() + "\n")
		}
	}
	return []byte(b.String())
}

// Lookup finds an entity.
//
// Similar To: ceph-authtool <file> -n <entity> --print-key
func (k Keyring) Lookup(entity string) (User, bool) {
	for _, u := range k.Users {
		if u.Entity == entity {
			return u, true
		}
	}
	return User{}, false
}

// validEntity reports whether a name is type.id with a type that Ceph knows, and holds only
// what Render writes as it is.
func validEntity(name string) bool {
	kind, id, ok := strings.Cut(name, ".")
	if !ok || strings.ContainsAny(id, spaces+"[]\"'\\#;=") || strings.ContainsFunc(id, unprintable) {
		return false
	}
	switch kind {
	case "client", "osd", "mgr", "mds", "mon", "auth":
		return true
	}
	return false
}

// printable turns what a line cannot hold into spaces.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return ' '
		}
		return r
	}, s)
}
