//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A curve is a tool's wall times over the number of hosts.
type curve struct {
	label, colour string
	points        [][2]float64
}

// A panel is one diagram: both axes logarithmic.
type panel struct {
	title          string
	curves         []curve
	left           float64
	maxX, low, top float64 // decades
}

const (
	panelWidth, panelHeight = 340.0, 300.0
	plotTop                 = 50.0
)

func colours() map[string]string {
	return map[string]string{"cephstack": "#c0392b", "ansible": "#2c3e50", "mitogen": "#8e44ad", "clush": "#2980b9",
		"floor": "#7f8c8d"}
}

// plot draws the wall times of first and noop over the number of hosts.
func plot(rows []row) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12">`+
		"\n", 2*panelWidth+290, plotTop+panelHeight+50)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	panels := []panel{
		{title: "First converge", curves: curves(rows, "first"), left: 60},
		{title: "Nothing to do", curves: curves(rows, "noop"), left: 60 + panelWidth + 60},
	}
	low, top, maxX := limits(panels)
	for _, p := range panels {
		p.low, p.top, p.maxX = low, top, maxX
		p.axes(&b)
		for _, c := range p.curves {
			p.curve(&b, c)
		}
	}
	y := plotTop + 10
	for _, c := range panels[0].curves {
		x := 60 + 2*panelWidth + 75
		fmt.Fprintf(&b, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="%s" stroke-width="2.5"%s/>`+
			`<text x="%g" y="%g">%s</text>`+"\n",
			x-5, y, x+15, y, c.colour, dashes(c.label), x+20, y+4, legend(c.label))
		y += 20
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// legend says what a tool is.
func legend(tool string) string {
	switch tool {
	case "ansible":
		return "Ansible"
	case "mitogen":
		return "Ansible with Mitogen"
	case "clush":
		return "script over ssh (clush)"
	case "floor":
		return "connect, run true"
	}
	return tool
}

func dashes(label string) string {
	if label == "floor" {
		return ` stroke-dasharray="4 4"`
	}
	return ""
}

// curves are the tools' with a real sshd and no delay. The floor's is that of
// connecting and running true.
func curves(rows []row, scenario string) []curve {
	var all []curve
	for _, tool := range allTools() {
		if tool == "bare" {
			continue // as the floor
		}
		c := curve{label: tool, colour: colours()[tool]}
		for _, r := range rows {
			if r.Tool == tool && r.Target == "sshd" && r.RTT == 0 && r.Wall > 0 &&
				(r.Scenario == scenario || r.Scenario == "true") {
				c.points = append(c.points, [2]float64{float64(r.N), r.Wall})
			}
		}
		slices.SortFunc(c.points, func(a, b [2]float64) int { return int(a[0] - b[0]) })
		if len(c.points) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// limits are whole decades around all points.
func limits(panels []panel) (low, top, maxX float64) {
	low, top, maxX = 0, 1, 1
	for _, p := range panels {
		for _, c := range p.curves {
			for _, q := range c.points {
				maxX = max(maxX, math.Ceil(math.Log10(q[0])))
				low = min(low, math.Floor(math.Log10(q[1])))
				top = max(top, math.Ceil(math.Log10(q[1])))
			}
		}
	}
	return low, top, maxX
}

func (p panel) x(n float64) float64 { return p.left + math.Log10(n)/p.maxX*panelWidth }

func (p panel) y(s float64) float64 {
	return plotTop + panelHeight*(1-(math.Log10(s)-p.low)/(p.top-p.low))
}

func (p panel) axes(b *strings.Builder) {
	bottom := plotTop + panelHeight
	fmt.Fprintf(b, `<text x="%g" y="%g" font-size="15" font-weight="bold">%s</text>`+"\n", p.left, plotTop-20, p.title)
	for d := 0.0; d <= p.maxX; d++ {
		x := p.x(math.Pow(10, d))
		fmt.Fprintf(b, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="#dddddd"/>`+
			`<text x="%g" y="%g" text-anchor="middle">%s</text>`+"\n",
			x, plotTop, x, bottom, x, bottom+18, short(math.Pow(10, d)))
	}
	for d := p.low; d <= p.top; d++ {
		y := p.y(math.Pow(10, d))
		fmt.Fprintf(b, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="#dddddd"/>`+
			`<text x="%g" y="%g" text-anchor="end">%s s</text>`+"\n",
			p.left, y, p.left+panelWidth, y, p.left-6, y+4, short(math.Pow(10, d)))
	}
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="middle">hosts</text>`+"\n", p.left+panelWidth/2, bottom+38)
}

func (p panel) curve(b *strings.Builder, c curve) {
	var path []string
	for _, q := range c.points {
		path = append(path, fmt.Sprintf("%.1f,%.1f", p.x(q[0]), p.y(q[1])))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", p.x(q[0]), p.y(q[1]), c.colour)
	}
	if len(path) > 1 {
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5"%s/>`+"\n", strings.Join(path, " "),
			c.colour, dashes(c.label))
	}
}

func short(v float64) string { return fmt.Sprintf("%g", v) }
