package audit

import (
	"fmt"
	"slices"
	"strings"
)

func (i *imageFact) key() uuid  { return i.id }
func (v *volumeFact) key() uuid { return v.id }
func (v *serverFact) key() uuid { return v.id }
func (b *backupFact) key() uuid { return b.id }

// evidence is the image in a line.
func (i *imageFact) evidence(s *stock) string {
	return fmt.Sprintf("image %v: status %s, format %s, %d bytes, stores %q, location %q, created %s", i.id,
		i.status.Value(), i.format.Value(), i.size, i.stores.Value(), i.at.Value(), s.since(i.created))
}

// evidence is the volume in a line.
func (v *volumeFact) evidence(s *stock) string {
	text := fmt.Sprintf("volume %v: status %s, host %s, %d GiB, created %s", v.id, v.status.Value(), v.host.Value(),
		v.sizeGiB, s.since(v.created))
	if v.changed > 0 {
		text += ", last changed " + s.since(v.changed)
	}
	if v.stored != v.id {
		text += fmt.Sprintf(", name_id %v", v.stored)
	}
	if m := v.migration.Value(); m != "" {
		text += ", migration " + m
	}
	return text
}

// evidence is the server in a line.
func (v *serverFact) evidence(s *stock) string {
	text := fmt.Sprintf("server %v: status %s, host %s, created %s", v.id, v.status.Value(), v.host.Value(),
		s.since(v.created))
	if t := v.task.Value(); t != "" {
		text += ", task " + t
	}
	return text
}

// migrating reports whether the data of a volume is on its way to another backend.
func (v *volumeFact) migrating() bool {
	m := v.migration.Value()
	return v.status.Value() == "retyping" || m != "" && m != "none" && m != "success" && m != "error"
}

// whole reports whether all data of an image should be in the RBD image of its ID. An image of a server that boots from
// volumes has no data of its own, and a location that somebody registered may name any RBD image.
func (i *imageFact) whole() bool {
	status, own := i.status.Value(), strings.Count(i.at.Value(), "/") <= len("///")
	return (status == "active" || status == "deactivated") && own && i.size > 0 && i.importing.Value() == ""
}

// poolOf is the pool of the backend in the host of a volume (host@backend#pool); nil if the Spec does not have it.
func (s *stock) poolOf(host string) *pool {
	_, backend, _ := strings.Cut(host, "@")
	backend, _, _ = strings.Cut(backend, "#")
	return s.backends[backend]
}

// placesOf are the pools of the Spec in which Glance has the data of an image. Without sure, Glance does not tell.
func (s *stock) placesOf(i *imageFact) (places []*pool, sure bool) {
	if stores := i.stores.Value(); stores != "" {
		for name := range strings.SplitSeq(stores, ",") {
			if p := s.stores[name]; p != nil && !slices.Contains(places, p) {
				places = append(places, p)
			}
		}
		return places, true
	}
	at := i.at.Value()
	if at == "" {
		return nil, false
	}
	for _, p := range s.pools {
		if p.fsid != "" && p.origin() == at {
			return []*pool{p}, true
		}
	}
	return nil, true
}
