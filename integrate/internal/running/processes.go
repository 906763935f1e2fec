package running

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// deleted is what the kernel appends to the path of a file that has lost its name.
const deleted = " (deleted)"

var (
	mapLine   = regexp.MustCompile(`^/proc/(\d{1,10})/maps:([0-9a-f-]+) \S+ 0+ ([0-9a-f]+:[0-9a-f]+) (\d+) +(/.*)$`)
	fileLine  = regexp.MustCompile(`^(\d+:\d+) (/proc/(\d+)/map_files/([0-9a-f-]+)|(?:/proc/(\d+)/root)?(/.*))$`)
	aboutLine = regexp.MustCompile(`^/proc/(\d{1,10})/(?:comm|cgroup|cmdline)[:-](.*)$`)
	inBox     = regexp.MustCompile(`(?:^|[/-])([0-9a-f]{64})(?:[./]|$)`)
	isVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9a-z.~+-]+)?$`)
)

// A mapping is a library in the memory of a process.
type mapping struct {
	pid        int
	span, file string
	path       string
	gone       bool // whether the file has lost its name
}

// processesOf reads what the host says of the processes that have a library of Ceph in memory.
func processesOf(parts []part, containers map[string]string) ([]Process, error) {
	lines, there := named(parts, "maps")
	if !there {
		return nil, errShort
	}
	names, groups, guests := about(parts, "names"), about(parts, "groups"), about(parts, "guests")
	var all []Process
	for pid, m := range mappings(lines) {
		name := names[pid]
		if len(name) == 0 {
			continue // it has ended
		}
		p := Process{PID: pid, Name: name[0], Replaced: m.gone}
		p.Container, p.Unit = placeOf(groups[pid], containers)
		if p.Guest() {
			p.Domain = domainOfGuest(guests[pid])
		}
		p.Library = contents(parts, "library", m.file)
		p.Path, p.In = m.path, p.Container
		all = append(all, p)
	}
	replaced(parts, lines, all)
	slices.SortFunc(all, func(a, b Process) int { return cmp.Compare(a.PID, b.PID) })
	if _, plain := named(parts, "not-root"); plain {
		return all, errors.New("the processes of other users cannot be read without root")
	}
	return all, nil
}

// mappings chooses the library of each process that tells which keys the process reads: libceph-common, or librados
// where it is older than libceph-common. Of several, the one whose file is gone counts.
func mappings(lines []string) map[int]mapping {
	best := map[int]mapping{}
	for _, line := range lines {
		f := mapLine.FindStringSubmatch(line)
		if f == nil {
			continue
		}
		pid, err := strconv.Atoi(f[1])
		if err != nil {
			continue
		}
		m := mapping{pid: pid, span: f[2], file: strings.TrimLeft(f[3], " ") + " " + f[4]}
		m.path, m.gone = strings.CutSuffix(f[5], deleted)
		have, ok := best[pid]
		if !ok || rank(m) > rank(have) {
			best[pid] = m
		}
	}
	return best
}

func rank(m mapping) int {
	n := 0
	switch name := path.Base(m.path); {
	case strings.HasPrefix(name, "libceph-common."):
		n = 4
	case strings.HasPrefix(name, "librados."):
		n = 2
	}
	if m.gone {
		n++
	}
	return n
}

// replaced compares, for each process, the file in memory with the file that its path has now.
func replaced(parts []part, lines []string, all []Process) {
	memory, disk := map[string]string{}, map[string]string{}
	files, _ := named(parts, "files")
	for _, line := range files {
		f := fileLine.FindStringSubmatch(line)
		switch {
		case f == nil:
		case f[4] != "":
			memory[f[3]+" "+f[4]] = f[1]
		default:
			disk[f[5]+" "+f[6]] = f[1] // without a process, it is the file that this path has for the shell
		}
	}
	best := mappings(lines)
	for i, p := range all {
		m := best[p.PID]
		pid := strconv.Itoa(p.PID)
		was, ok := memory[pid+" "+m.span]
		if ok && was != disk[pid+" "+m.path] && was != disk[" "+m.path] {
			all[i].Replaced = true
		}
	}
}

// about are the lines that a file of /proc has, by process.
func about(parts []part, name string) map[int][]string {
	all := map[int][]string{}
	lines, _ := named(parts, name)
	for _, line := range lines {
		f := aboutLine.FindStringSubmatch(line)
		if f == nil {
			continue
		}
		if pid, err := strconv.Atoi(f[1]); err == nil {
			all[pid] = append(all[pid], f[2])
		}
	}
	return all
}

// domainOfGuest is the word after -uuid of a QEMU.
func domainOfGuest(words []string) string {
	for i, w := range words {
		if w == "-uuid" && i+1 < len(words) && libvirtsecret.CheckUUID(words[i+1]) == nil {
			return words[i+1]
		}
	}
	return ""
}

// placeOf tells the container and the unit of a process by its control groups.
func placeOf(groups []string, containers map[string]string) (container, unit string) {
	for _, line := range groups {
		_, group, _ := strings.Cut(line, ":")
		_, group, _ = strings.Cut(group, ":")
		if f := inBox.FindStringSubmatch(group); f != nil && container == "" {
			container = cmp.Or(containers[f[1]], f[1][:12])
		}
		for name := range strings.SplitSeq(group, "/") {
			if inBox.MatchString(name) {
				continue
			}
			if strings.HasSuffix(name, ".service") || strings.HasSuffix(name, ".scope") && unit == "" {
				unit = name
			}
		}
	}
	return container, unit
}

// containersOf are the names of the containers, by their IDs.
func containersOf(parts []part) map[string]string {
	all := map[string]string{}
	lines, _ := named(parts, "containers")
	for _, line := range lines {
		if f := strings.Fields(line); len(f) == 3 {
			all[f[1]] = strings.TrimPrefix(f[2], "/")
		}
	}
	return all
}

// contents is what the search of a file found. id is how the script names the file.
func contents(parts []part, name, id string) Library {
	for _, p := range parts {
		if p.is(name) && strings.Join(p.words[1:], " ") == id {
			return libraryOf(p.lines())
		}
	}
	return Library{AES256k: Unknown, Err: errors.New("the file was not searched")}
}

func libraryOf(lines []string) Library {
	l := Library{AES256k: No}
	versions := map[string]bool{}
	whole := false
	for _, line := range lines {
		switch {
		case line == "searched":
			whole = true
		case line == "aes256k":
			l.AES256k = Yes
		case isVersion.MatchString(line):
			versions[line] = true
		}
	}
	if len(versions) == 1 {
		l.Version = slices.Collect(maps.Keys(versions))[0]
	}
	switch {
	case !whole:
		l.AES256k, l.Err = Unknown, errors.New("the file cannot be read")
	case l.Version == "" && l.AES256k == No:
		// What has no version is not the library that knows the keys.
		l.AES256k, l.Err = Unknown, fmt.Errorf("the file has %d versions of Ceph, and not one", len(versions))
	}
	return l
}

// installedOf are the libraries on disk. One of librados is left out where there is one of libceph-common.
func installedOf(parts []part, containers map[string]string) []Library {
	found := map[string]Library{} // by the identity of the file
	byBox := map[string][]Library{}
	var boxes []string
	for _, p := range parts {
		lines := p.lines()
		if !p.is("installed") || len(lines) == 0 {
			continue
		}
		id, box := lines[0], p.word(1)
		if _, ok := found[id]; !ok {
			found[id] = libraryOf(lines[1:])
		}
		l := found[id]
		l.Path = p.word(2)
		if box != "-" {
			l.In = cmp.Or(containers[box], box[:min(12, len(box))])
		}
		if !slices.Contains(boxes, box) {
			boxes = append(boxes, box)
		}
		byBox[box] = append(byBox[box], l)
	}
	var all []Library
	for _, box := range boxes {
		common := slices.DeleteFunc(slices.Clone(byBox[box]), func(l Library) bool {
			return !strings.HasPrefix(path.Base(l.Path), "libceph-common.")
		})
		if len(common) == 0 {
			common = byBox[box]
		}
		all = append(all, common...)
	}
	return all
}

func packagesOf(parts []part) map[string]string {
	all := map[string]string{}
	lines, _ := named(parts, "packages")
	for _, line := range lines {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "installed" {
			all[f[1]] = f[2]
		}
	}
	return all
}
