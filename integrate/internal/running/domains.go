package running

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// domainsOf reads what virsh said. A domain that is gone at the end is left out.
func domainsOf(parts []part, said string) ([]Domain, error) {
	for _, p := range parts {
		switch {
		case p.is("no-virsh"):
			return nil, fmt.Errorf("libvirt's domains cannot be read: %s", strings.TrimSpace(p.text))
		case p.is("no-list"):
			if said == "" {
				return nil, errWhole
			}
			return nil, fmt.Errorf("libvirt's domains cannot be read: %s", said)
		}
	}
	listed, there := uuidsOf(parts, "listed")
	seen := map[string]Domain{}
	asked := false
	for i := 0; i < len(parts); i++ {
		if parts[i].is("domain") {
			asked = true
			if d := domainOf(parts[i:]); libvirtsecret.CheckUUID(d.UUID) == nil {
				seen[d.UUID] = d
			}
		}
	}
	switch {
	case !there && !asked:
		return nil, ErrNotAsked
	case !there:
		return nil, errWhole
	}
	persistent, _ := uuidsOf(parts, "persistent")
	active, _ := uuidsOf(parts, "active")
	autostart, _ := uuidsOf(parts, "autostart")
	var all []Domain
	for _, uuid := range slices.Sorted(maps.Keys(listed)) {
		d, ok := seen[uuid]
		if !ok {
			d = Domain{UUID: uuid, Active: active[uuid],
				Err: errors.New("came while the domains were read; read the host again")}
		}
		if d.Err != nil {
			d.Active = active[uuid]
		}
		d.Persistent, d.Autostart = persistent[uuid], autostart[uuid]
		all = append(all, d)
	}
	return all, nil
}

// uuidsOf are the UUIDs that a list of virsh has.
func uuidsOf(parts []part, name string) (uuids map[string]bool, there bool) {
	lines, there := named(parts, name)
	uuids = map[string]bool{}
	for _, line := range lines {
		if uuid := strings.TrimSpace(line); libvirtsecret.CheckUUID(uuid) == nil {
			uuids[uuid] = true
		}
	}
	return uuids, there
}

// domainOf reads the parts of one domain, which begin with its UUID.
func domainOf(parts []part) Domain {
	d := Domain{UUID: parts[0].word(1), State: strings.TrimSpace(parts[0].text)}
	live, stored, over := "", "", false
	for _, p := range parts[1:] {
		if p.is("live") {
			live = p.text
		} else if p.is("stored") {
			stored = p.text
		} else {
			over = p.is("over")
			break
		}
	}
	now, err := parseXML(live, d.UUID)
	if err == nil && !over {
		err = errWhole
	}
	next, nextErr := parseXML(stored, d.UUID)
	if err = errors.Join(err, nextErr); err != nil {
		d.Err = fmt.Errorf("domain %s cannot be read: %w", d.UUID, err)
		return d
	}
	d.Name, d.Active, d.Stored = now.Name, now.ID != "", next.disks()
	if d.Active {
		d.Live = now.disks()
	}
	return d
}
