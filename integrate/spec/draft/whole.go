package draft

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A Remark is something to say about a field of a Spec.
type Remark struct {
	Path string // such as cinder, or clusters[0]
	Text string
}

// Whole is a Spec in YAML, with remarks as comments. Hosts that are alike are folded into ranges. What loads of it is
// the Spec again.
func Whole(s spec.Spec, remarks []Remark) (string, error) {
	p := &page{}
	p.top()
	p.line("")
	w := &whole{page: p, remarks: remarks}
	w.remark("")
	if len(remarks) > 0 && w.has("") {
		p.line("")
	}
	if err := w.sections(s); err != nil {
		return "", fmt.Errorf("draft: %w", err)
	}
	text := strings.TrimRight(p.String(), "\n") + "\n"
	again, err := spec.Read(strings.NewReader(text), ".")
	if err != nil {
		return "", fmt.Errorf("draft: the text is not a Spec: %w", err)
	}
	if withoutPaths(again).Digest() != withoutPaths(s).Digest() {
		return "", errors.New("draft: the text is not the same Spec")
	}
	return text, nil
}

// withoutPaths is a Spec without what Load makes relative to a folder, and with hosts in one order.
func withoutPaths(s spec.Spec) spec.Spec {
	s = s.Clone()
	s.SSH, s.Cloud.CloudsFile = spec.SSH{User: s.SSH.User, Sudo: s.SSH.Sudo, Jump: s.SSH.Jump}, ""
	slices.SortFunc(s.Hosts, func(a, b spec.Host) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// A whole is a Spec while it is written.
type whole struct {
	*page
	remarks []Remark
}

// remark writes the remarks of a field, each as a paragraph of its own.
func (w *whole) remark(path string) {
	for _, r := range w.remarks {
		if r.Path == path {
			w.bullet(oneLine(r.Text))
		}
	}
}

// bullet is a text as an entry of a list, in lines that begin with #.
func (p *page) bullet(text string) {
	const width = 100
	line := "# -"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != "#  " {
			p.line("%s", line)
			line = "#  "
		}
		line += " " + word
	}
	p.line("%s", line)
}

// oneLine is a text without ends of lines.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// sections writes all that the Spec has.
func (w *whole) sections(s spec.Spec) error {
	var node yaml.Node
	bare := s
	bare.Hosts = nil
	if err := node.Encode(bare); err != nil {
		return err
	}
	for _, name := range []string{"release", "layout", "clusters", "ssh", "hosts", "glance", "cinder", "backup", "nova",
		"cloud", "packages", "gate", "prepare", "keep"} {
		value := child(&node, name)
		switch {
		case name == "hosts":
			w.head(name)
			w.hosts(s.Hosts)
		case value != nil && !empty(value), value != nil && slices.Contains([]string{"glance", "backup", "nova"}, name):
			w.head(name)
			if err := w.section(name, value); err != nil {
				return err
			}
		case w.has(name): // it is not in the Spec, and the remark says why
			w.head(name)
			w.line("")
		}
	}
	return nil
}

// head is what is said of a field before it.
func (w *whole) head(name string) {
	if name == "layout" {
		w.comment(aboutLayout)
	} else {
		w.about(name)
	}
	w.remark(name)
}

// has reports whether there is a remark of a field.
func (w *whole) has(path string) bool {
	return slices.ContainsFunc(w.remarks, func(r Remark) bool { return r.Path == path })
}

func empty(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && len(n.Content) == 0 || n.Kind == yaml.ScalarNode && n.Value == ""
}

// section writes a field at the top.
func (w *whole) section(name string, value *yaml.Node) error {
	for _, list := range []string{name, name + ".backends"} { // remarks of entries
		entries := value
		if list != name {
			entries = child(value, "backends")
		}
		if entries == nil || entries.Kind != yaml.SequenceNode {
			continue
		}
		for i, e := range entries.Content {
			sub := &whole{page: &page{}, remarks: w.remarks}
			sub.remark(fmt.Sprintf("%s[%d]", list, i))
			e.HeadComment = strings.TrimSuffix(sub.String(), "\n")
		}
	}
	flow(value, 0)
	top := yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: name}, value}}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(&top); err != nil {
		return err
	}
	w.line("")
	return e.Close()
}

// child is the value of a field of a mapping.
func child(n *yaml.Node, name string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// flow puts small lists and mappings onto one line.
func flow(n *yaml.Node, depth int) (size int, plain bool) {
	size, plain = len(n.Value)+4, n.HeadComment == ""
	for _, c := range n.Content {
		s, p := flow(c, depth+1)
		size, plain = size+s, plain && p
	}
	const most = 80
	if plain && size < most && depth > 0 && (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) {
		n.Style |= yaml.FlowStyle
	}
	return size, plain
}

// hosts writes the hosts, those that are alike as ranges.
func (w *whole) hosts(all []spec.Host) {
	w.line("hosts:")
	var order []string
	of := map[string][]spec.Host{}
	for _, h := range all {
		kind := fmt.Sprint(h.Services, h.Standby, h.Disks, h.Layout)
		if of[kind] == nil {
			order = append(order, kind)
		}
		of[kind] = append(of[kind], h)
	}
	for _, kind := range order {
		for _, e := range ranges(of[kind]) {
			line := "  - {name: " + quote(e.name)
			if e.address != "" {
				line += ", address: " + quote(e.address)
			}
			h := of[kind][0]
			if len(h.Services) > 0 {
				line += ", services: " + quoteAll(h.Services)
			}
			if len(h.Standby) > 0 {
				line += ", standby: " + quoteAll(h.Standby)
			}
			for _, f := range [][2]string{{"disks", h.Disks}, {"layout", h.Layout}} {
				if f[1] != "" {
					line += ", " + f[0] + ": " + quote(f[1])
				}
			}
			w.line("%s}", line)
		}
	}
	w.line("")
}

// ranges are entries for hosts that are alike but for names and addresses.
func ranges(all []spec.Host) (entries []entry) {
	var names []string
	address := map[string]string{}
	var apart []spec.Host // that have an address which is neither left out nor a domain behind the name
	domains := map[string][]string{}
	var order []string
	for _, h := range all {
		domain, isDomain := strings.CutPrefix(h.Address, h.Name+".")
		switch {
		case h.Address == "":
			names = append(names, h.Name)
		case isDomain && !strings.ContainsAny(domain, ":[]"):
			if domains[domain] == nil {
				order = append(order, domain)
			}
			domains[domain] = append(domains[domain], h.Name)
		default:
			apart = append(apart, h)
			address[h.Name] = h.Address
		}
	}
	for _, text := range spec.FoldNames(names) {
		entries = append(entries, entry{name: text})
	}
	for _, domain := range order {
		for _, text := range spec.FoldNames(domains[domain]) {
			entries = append(entries, entry{name: text, address: "." + domain})
		}
	}
	for len(apart) > 0 {
		n := run(apart)
		var names []string
		for _, h := range apart[:n] {
			names = append(names, h.Name)
		}
		first, last := apart[0].Address, apart[n-1].Address
		e := entry{name: spec.FoldNames(names)[0], address: first}
		if n > 1 {
			at := strings.LastIndex(first, ".") + 1
			from, to := number(first), number(last)
			base := from - from&0xff
			e.address = fmt.Sprintf("%s[%d-%d]", first[:at], from-base, to-base)
		}
		entries, apart = append(entries, e), apart[n:]
	}
	return entries
}

// run is how many hosts from the first one on have names that fold into one range, and addresses that follow each
// other.
func run(hosts []spec.Host) int {
	first, n := number(hosts[0].Address), 1
	names := []string{hosts[0].Name}
	for first >= 0 && n < len(hosts) && number(hosts[n].Address) == first+n && follows(hosts[n-1].Name, hosts[n].Name) {
		names = append(names, hosts[n].Name)
		n++
	}
	folded := spec.FoldNames(names)
	if again, err := spec.ExpandNames(folded[0]); err != nil || !slices.Equal(again, names) {
		return 1
	}
	return n
}

// follows reports whether a name is another one with the next number in it, as in node7.rack1 and node8.rack1.
func follows(name, next string) bool {
	if len(next) != len(name) && len(next) != len(name)+1 {
		return false
	}
	both, err := spec.ExpandNames(spec.FoldNames([]string{name, next})[0])
	return err == nil && len(both) == 2 && both[0] == name && both[1] == next &&
		strings.Contains(spec.FoldNames([]string{name, next})[0], "-")
}

// number is an IPv4 address as a number, or -1.
func number(address string) int {
	ip, err := netip.ParseAddr(address)
	if err != nil || !ip.Is4() {
		return -1
	}
	b := ip.As4()
	return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}
