package running

import "unique"

// compacted is a host whose texts are not parts of the answer, which would stay in memory as a whole: for 1,000 hosts
// these are hundreds of MiB. Texts that are the same are kept once.
func compacted(h Host) Host {
	for i := range h.Domains {
		d := &h.Domains[i]
		keep(&d.UUID, &d.Name, &d.State)
		for _, disks := range [][]Disk{d.Live, d.Stored} {
			for n := range disks {
				o := &disks[n]
				keep(&o.Target, &o.Device, &o.Protocol, &o.Pool, &o.Image, &o.User, &o.SecretUUID, &o.SecretUsage, &o.Serial,
					&o.Path)
				for m := range o.Monitors {
					keep(&o.Monitors[m])
				}
			}
		}
	}
	for i := range h.Processes {
		p := &h.Processes[i]
		keep(&p.Name, &p.Unit, &p.Container, &p.Domain)
		p.Library = p.Library.compacted()
	}
	for i := range h.Installed {
		h.Installed[i] = h.Installed[i].compacted()
	}
	packages := make(map[string]string, len(h.Packages))
	for name, version := range h.Packages {
		keep(&name, &version)
		packages[name] = version
	}
	if h.Packages != nil {
		h.Packages = packages
	}
	return h
}

func (l Library) compacted() Library {
	keep(&l.Path, &l.In, &l.Version)
	return l
}

// keep replaces texts by copies that all who have the same text share.
func keep(texts ...*string) {
	for _, text := range texts {
		*text = unique.Make(*text).Value()
	}
}
