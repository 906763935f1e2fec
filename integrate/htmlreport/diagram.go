package htmlreport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A diagram is a picture in three columns: hosts, users, pools. Users and pools are in the frame of their cluster.
type diagram struct {
	title, Desc   string
	Width, Height int
	Shapes        []shape
	Lines         []curve

	hosts    []node
	clusters []frame
	edges    []arrow
	marks    map[string]mark
	colors   []spec.User
	ports    map[string]port
}

// A node is a box, or a row in a box.
type node struct {
	key, Title, Sub string
	targets         []string
	rows            []node
	quiet           bool
}

// A frame is a cluster.
type frame struct {
	key, Title, Sub string
	targets         []string
	users, pools    []node
}

// An arrow leads from a node to a node.
type arrow struct {
	from, to, kind, says string
	color                int
}

// A port is where lines end at a node.
type port struct{ left, right, y int }

// A shape is a rectangle with texts.
type shape struct {
	Class      string
	X, Y, W, H int
	Texts      []label
	Full       string // what the shape is, in full
}

// A label is a text in a shape.
type label struct {
	Class, Text string
	X, Y        int
	End         bool // the text ends at X
}

// A curve is a line between two shapes.
type curve struct {
	Class, Path, Says string
}

// The measures of a diagram, in pixels.
const (
	margin   = 12
	hostsW   = 292
	usersW   = 216
	poolsW   = 200
	gapOut   = 120 // between hosts and frames
	gapIn    = 132 // between users and pools
	pad      = 16
	headH    = 50
	rowH     = 28
	nodeH    = 50
	between  = 14
	frameTop = 58
	colorful = 6 // colors of the style sheet
)

// Title is what the picture shows.
func (d *diagram) Title() string { return d.title }

func (d *diagram) pools() int {
	n := 0
	for _, f := range d.clusters {
		n += len(f.pools)
	}
	return n
}

// color is that of a user. Lines of the same user have the same color.
func (d *diagram) color(u spec.User) int {
	i := slices.Index(d.colors, u)
	if i < 0 {
		i = len(d.colors)
		d.colors = append(d.colors, u)
	}
	return i % colorful
}

// lay gives everything its place.
func (d *diagram) lay() {
	d.ports = map[string]port{}
	left, right := d.heightOfHosts(), d.heightOfFrames()
	d.Height = max(left, right) + 2*margin
	d.Width = 2*margin + hostsW + gapOut + pad + usersW + gapIn + poolsW + pad
	d.layHosts(margin + (d.Height-2*margin-left)/2)
	d.layFrames(margin + (d.Height-2*margin-right)/2)
	for _, a := range d.edges {
		d.draw(a)
	}
}

func (n node) height() int { return headH + rowH*len(n.rows) + 8 }

func (d *diagram) heightOfHosts() int {
	h := -between
	for _, n := range d.hosts {
		h += n.height() + between
	}
	return max(h, 0)
}

func (f frame) height() int {
	return frameTop + max(len(f.users), len(f.pools))*(nodeH+between) - between + pad
}

func (d *diagram) heightOfFrames() int {
	h := -between
	for _, f := range d.clusters {
		h += f.height() + between
	}
	return max(h, 0)
}

func (d *diagram) layHosts(y int) {
	for _, n := range d.hosts {
		s := shape{Class: "box", X: margin, Y: y, W: hostsW, H: n.height(), Full: n.Title + ", " + n.Sub}
		s.Texts = append(s.Texts, label{"t", fit(n.Title, hostsW-2*pad), margin + pad, y + 22, false},
			label{"s", n.Sub, margin + pad, y + 39, false})
		s.mark(d.markOf(n.targets))
		d.Shapes = append(d.Shapes, s)
		for i, r := range n.rows {
			top := y + headH + i*rowH
			class, inset := "row", 8
			if r.quiet {
				class, inset = "row quiet", 24
			}
			d.Shapes = append(d.Shapes, shape{Class: class, X: margin + inset, Y: top, W: hostsW - 8 - inset, H: rowH - 4,
				Full: r.Title, Texts: []label{{"r", fit(r.Title, hostsW-28-inset), margin + inset + 10, top + 16, false}}})
			d.ports[r.key] = port{margin + inset, margin + hostsW - 8, top + (rowH-4)/2}
		}
		y += n.height() + between
	}
}

func (d *diagram) layFrames(y int) {
	x := margin + hostsW + gapOut
	w := pad + usersW + gapIn + poolsW + pad
	for _, f := range d.clusters {
		h := f.height()
		s := shape{Class: "frame", X: x, Y: y, W: w, H: h, Full: "Ceph cluster " + f.Title}
		s.Texts = append(s.Texts, label{"t", fit("Ceph cluster "+f.Title, w-2*pad), x + pad, y + 24, false})
		if f.Sub != "" {
			s.Texts = append(s.Texts, label{"s", "fsid " + fit(f.Sub, w-2*pad), x + pad, y + 41, false})
		} else {
			s.Texts = append(s.Texts, label{"s", "fsid not known", x + pad, y + 41, false})
		}
		s.mark(d.markOf(f.targets))
		d.Shapes = append(d.Shapes, s)
		d.layNodes(f.users, "user", x+pad, y+frameTop+(h-frameTop-pad-columnH(f.users))/2)
		d.layNodes(f.pools, "pool", x+pad+usersW+gapIn, y+frameTop+(h-frameTop-pad-columnH(f.pools))/2)
		y += h + between
	}
}

func columnH(nodes []node) int { return len(nodes)*(nodeH+between) - between }

func (d *diagram) layNodes(nodes []node, class string, x, y int) {
	w := usersW
	if class == "pool" {
		w = poolsW
	}
	for _, n := range nodes {
		d.Shapes = append(d.Shapes, shape{Class: class, X: x, Y: y, W: w, H: nodeH, Full: class + " " + n.Title,
			Texts: []label{{"t", fit(n.Title, w-2*pad), x + pad, y + 22, false},
				{"s", fit(n.Sub, w-2*pad), x + pad, y + 38, false}}})
		d.ports[n.key] = port{x, x + w, y + nodeH/2}
		y += nodeH + between
	}
}

// markOf sums up how some targets are: as the worst of them.
func (d *diagram) markOf(targets []string) (level, string) {
	worst, at, total := mark{}, 0, 0
	for _, t := range targets {
		m, ok := d.marks[t]
		switch {
		case !ok:
			continue
		case worst.level == "" || rank(m.level) < rank(worst.level):
			worst, at = m, 1
		case m.level == worst.level:
			at++
		}
		total += m.count
	}
	switch {
	case worst.level == "":
		return "", ""
	case worst.level == changes:
		return changes, worst.level.Mark() + " " + counted(total, "change")
	case len(targets) > 1 && worst.level != good:
		return worst.level, fmt.Sprintf("%s %s of %s: %s", worst.level.Mark(), grouped(at), grouped(len(targets)), worst.word)
	}
	return worst.level, worst.level.Mark() + " " + worst.word
}

// mark puts the sum to the right of the last text.
func (s *shape) mark(l level, text string) {
	if text != "" {
		s.Texts = append(s.Texts, label{"m " + string(l), text, s.X + s.W - pad, s.Texts[len(s.Texts)-1].Y, true})
		s.Full += ": " + text
	}
}

func (d *diagram) draw(a arrow) {
	from, to := d.ports[a.from], d.ports[a.to]
	bend := (to.left - from.right) / 2
	d.Lines = append(d.Lines, curve{Class: fmt.Sprintf("%s u%d", a.kind, a.color), Says: line(a.says),
		Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from.right, from.y, from.right+bend, from.y, to.left-bend, to.y,
			to.left, to.y)})
}

// fit cuts a text that is too wide. A character is taken to be 7.3 pixels wide, or twice that if it is not Latin.
func fit(text string, width int) string {
	used := 0.0
	for i, r := range text {
		w := 7.3
		if r > 0x2000 {
			w *= 2
		}
		if used += w; used > float64(width) {
			cut := []rune(text[:i])
			return strings.TrimRight(string(cut[:max(len(cut)-1, 0)]), " ,") + "…"
		}
	}
	return text
}
