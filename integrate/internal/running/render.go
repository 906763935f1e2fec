package running

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Answer is what a fake host says to Ask.
type Answer struct {
	Domains []RawDomain
	// NoLibvirt is why libvirt cannot be asked, as virsh says it; empty where it can.
	NoLibvirt string
	Processes []Process
	Installed []Library
	Packages  map[string]string
}

// A RawDomain is a domain with its XML as virsh prints it.
type RawDomain struct {
	UUID, State  string
	Live, Stored string
	Active       bool
	Persistent   bool
	Autostart    bool
}

// Render is what a host prints for an answer; o is what was asked. A process without a pid has its place in the list.
func Render(o Options, a Answer) []byte {
	var b strings.Builder
	if o.Domains {
		renderDomains(&b, a)
	}
	files := map[Library]int{}
	boxes := map[string]string{}
	number := func(l Library) int {
		l.Path, l.In = "", ""
		if _, ok := files[l]; !ok {
			files[l] = len(files) + 1
		}
		return files[l]
	}
	renderProcesses(&b, a.Processes, number, boxes)
	byNumber := func(x, y Library) int { return cmp.Compare(files[x], files[y]) }
	for _, l := range slices.SortedFunc(maps.Keys(files), byNumber) {
		fmt.Fprintf(&b, "%slibrary 00:01 %d\n%s", mark, files[l], found(l))
	}
	fmt.Fprintf(&b, "%spackages\n", mark)
	for _, name := range slices.Sorted(maps.Keys(a.Packages)) {
		fmt.Fprintf(&b, "installed %s %s\n", name, a.Packages[name])
	}
	for _, l := range a.Installed {
		if l.In != "" {
			idOf(boxes, l.In)
		}
	}
	fmt.Fprintf(&b, "%scontainers\n", mark)
	for _, name := range slices.Sorted(maps.Keys(boxes)) {
		fmt.Fprintf(&b, "1 %s /%s\n", boxes[name], name)
	}
	for _, l := range a.Installed {
		fmt.Fprintf(&b, "%sinstalled %s %s\n1:%d\n%s", mark, cmp.Or(boxes[l.In], "-"), l.Path, number(l), found(l))
	}
	fmt.Fprintf(&b, "%send\n", mark)
	return []byte(b.String())
}

func renderDomains(b *strings.Builder, a Answer) {
	if a.NoLibvirt != "" {
		fmt.Fprintf(b, "%sno-virsh\n%s\n", mark, a.NoLibvirt)
		return
	}
	listed, active, persistent, autostart := "", "", "", ""
	for _, d := range a.Domains {
		fmt.Fprintf(b, "%sdomain %s\n%s\n\n%slive\n%s\n%sstored\n%s\n%sover\n", mark, d.UUID, d.State, mark, d.Live, mark,
			d.Stored, mark)
		listed += d.UUID + "\n"
		if d.Active {
			active += d.UUID + "\n"
		}
		if d.Persistent {
			persistent += d.UUID + "\n"
		}
		if d.Autostart {
			autostart += d.UUID + "\n"
		}
	}
	fmt.Fprintf(b, "%[1]spersistent\n%[2]s%[1]sautostart\n%[3]s%[1]sactive\n%[4]s%[1]slisted\n%[5]s", mark, persistent,
		autostart, active, listed)
}

func renderProcesses(b *strings.Builder, all []Process, number func(Library) int, boxes map[string]string) {
	var maps, names, groups, guests, files strings.Builder
	for i, p := range all {
		pid := cmp.Or(p.PID, i+1)
		gone := ""
		if p.Replaced {
			gone = deleted
		}
		fmt.Fprintf(&maps, "/proc/%d/maps:1000-2000 r--p 00000000 00:01 %d    %s%s\n", pid, number(p.Library), p.Path, gone)
		fmt.Fprintf(&names, "/proc/%d/comm:%s\n", pid, p.Name)
		fmt.Fprintf(&groups, "/proc/%d/cgroup:0::/", pid)
		if p.Container != "" {
			fmt.Fprintf(&groups, "machine.slice/libpod-%s.scope/", idOf(boxes, p.Container))
		}
		fmt.Fprintf(&groups, "%s\n", p.Unit)
		if p.Domain != "" {
			fmt.Fprintf(&guests, "/proc/%d/cmdline:-uuid\n/proc/%d/cmdline-%s\n", pid, pid, p.Domain)
		}
	}
	fmt.Fprintf(b, "%[1]smaps\n%[2]s%[1]snames\n%[3]s%[1]sgroups\n%[4]s%[1]sguests\n%[5]s%[1]sfiles\n%[6]s", mark,
		maps.String(), names.String(), groups.String(), guests.String(), files.String())
}

// idOf gives a container an ID.
func idOf(boxes map[string]string, name string) string {
	if boxes[name] == "" {
		boxes[name] = fmt.Sprintf("%064x", len(boxes)+1)
	}
	return boxes[name]
}

// found is what the search of a file prints.
func found(l Library) string {
	text := ""
	if l.Version != "" {
		text += l.Version + "\n"
	}
	if l.AES256k == Yes {
		text += "aes256k\n"
	}
	if l.Err != nil {
		return text
	}
	return text + "searched\n"
}
