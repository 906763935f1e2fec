package guide_test

import (
	"regexp"
	"slices"
	"strings"
)

// A variable is a form of text that may have any value in an output.
type variable struct {
	form *regexp.Regexp
	name string
}

// variables are all such forms; the name stands for each. A name may keep what the form has in parentheses.
func variables() []variable {
	return []variable{
		{regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?Z|[+-]\d\d:\d\d)?`), "<date>"},
		{regexp.MustCompile(`\b\d\d:\d\d:\d\d\b`), "<time>"},
		{regexp.MustCompile(`\b\d+(\.\d+)?(ms|µs)|\b\d+\.\d+ ?s\b`), "<duration>"},
		{regexp.MustCompile(`("seconds": ?)[0-9.e-]+`), "${1}<seconds>"},
		{regexp.MustCompile(`\bsha256(:[0-9a-f]+| [0-9a-f]{12,})`), "<digest>"},
		{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "<uuid>"},
		{regexp.MustCompile(`\b(cephstack-(verify|probe))-[0-9a-f]{8}-[0-9TZ]+`), "${1}-<run>"},
	}
}

// settled is a line without what may have any value.
func settled(line string) string {
	for _, v := range variables() {
		line = v.form.ReplaceAllString(line, v.name)
	}
	return strings.TrimRight(line, " \n")
}

func left(line string) bool { return line == "..." || line == "…" }

var progressForm = regexp.MustCompile(
	`^(applied|unchanged|failed|unknown|skipped|cancelled|done|FAILED|pass|fail|unable) +\S`)

// linesOf are the lines of an output.
func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = settled(lines[i])
	}
	return lines
}

// ordered are lines with those of progress that follow each other sorted: hosts work side by side.
func ordered(lines []string) []string {
	lines = slices.Clone(lines)
	for from := 0; from < len(lines); from++ {
		to := from
		for to < len(lines) && progressForm.MatchString(lines[to]) {
			to++
		}
		slices.Sort(lines[from:to])
		from = max(from, to-1)
	}
	return lines
}

// same reports whether an output is what a page says.
func same(want, got string) bool {
	wanted, lines := linesOf(want), linesOf(got)
	return sameLines(wanted, lines) || sameLines(ordered(wanted), ordered(lines))
}

func sameLines(want, got []string) bool {
	for i, line := range want {
		if left(line) {
			for skip := range len(got) - i + 1 {
				if sameLines(want[i+1:], got[i+skip:]) {
					return true
				}
			}
			return false
		}
		if i >= len(got) || !sameLine(line, got[i]) {
			return false
		}
	}
	return len(want) == len(got)
}

// difference is the first line of a page that an output does not have in its place, and what follows there.
func difference(want, got string) string {
	wanted, lines := linesOf(want), linesOf(got)
	at := 0
	for at < len(wanted) && sameLines(append(slices.Clone(wanted[:at+1]), "..."), lines) {
		at++
	}
	tail := func(lines []string, at int) string {
		if at >= len(lines) {
			return "    (the end)"
		}
		return "    " + strings.Join(lines[at:min(len(lines), at+8)], "\n    ")
	}
	return "the page has:\n" + tail(wanted, at) + "\nthe output has about there:\n" + tail(lines, at) +
		"\nand ends with:\n" + tail(lines, max(0, len(lines)-8))
}

func sameLine(want, got string) bool {
	if want == got || !strings.Contains(want, "…") {
		return want == got
	}
	parts := strings.Split(want, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	matched, err := regexp.MatchString("^"+strings.Join(parts, ".*")+"$", got)
	return err == nil && matched
}

// shortened is an output that takes the place of another one: lines that were left out stay left out. The lines before
// the first such place, and behind the last one, keep their number; those in between stay if the output has them.
func shortened(want, got string) string {
	old, lines := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	old, lines = old[:len(old)-1], lines[:len(lines)-1]
	isLeft := func(line string) bool { return left(strings.TrimSuffix(line, "\n")) }
	first := slices.IndexFunc(old, isLeft)
	if first < 0 {
		return got
	}
	last := len(old) - 1
	for !isLeft(old[last]) {
		last--
	}
	tail := len(lines) - (len(old) - last - 1)
	if tail <= first {
		return got
	}
	out, at := slices.Clone(lines[:first]), first
	for _, line := range old[first : last+1] {
		next := slices.IndexFunc(lines[at:tail], func(l string) bool { return sameLine(settled(line), settled(l)) })
		if isLeft(line) || next < 0 {
			continue
		}
		if next > 0 {
			out = append(out, "...\n")
		}
		out, at = append(out, line), at+next+1
	}
	if at < tail {
		out = append(out, "...\n")
	}
	return strings.Join(slices.Concat(out, lines[tail:]), "")
}
