//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
)

// An iniLine is a line with the section it is in.
type iniLine struct {
	section, text string
	option, value string // of an assignment
	commented     bool   // the assignment is a comment
}

// iniLines reads a file as oslo.config does, as far as nova.conf here needs it.
func iniLines(data []byte) []iniLine {
	var lines []iniLine
	section := ""
	for text := range strings.Lines(string(data)) {
		text = strings.TrimRight(text, "\r\n")
		if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
			section = text[1 : len(text)-1]
		}
		line := iniLine{section: section, text: text}
		body := strings.TrimLeft(text, "#; ")
		line.commented = body != text
		if at := strings.IndexAny(body, "=:"); at > 0 && !strings.HasPrefix(text, "[") {
			line.option, line.value = strings.TrimSpace(body[:at]), strings.TrimSpace(body[at+1:])
		}
		lines = append(lines, line)
	}
	return lines
}

// iniValue is the value that counts: the last one.
func iniValue(lines []iniLine, section, option string) (value string, ok bool) {
	for _, l := range lines {
		if !l.commented && l.section == section && l.option == option {
			value, ok = l.value, true
		}
	}
	return value, ok
}

// checkINI says how after differs from before with the options set: values
// that do not count, and lines of others that are not as they were. Blank
// lines, and comments that assign one of the options, are nobody's.
func checkINI(before, after []byte, options []wantOption) error {
	lines := iniLines(after)
	for _, o := range options {
		if have, ok := iniValue(lines, o.Section, o.Option); !ok || have != o.Value {
			return fmt.Errorf("[%s] %s is %q and should be %q", o.Section, o.Option, have, o.Value)
		}
	}
	was, is := unmanaged(iniLines(before), options), unmanaged(lines, options)
	for i := range max(len(was), len(is)) {
		switch {
		case i >= len(is):
			return fmt.Errorf("line %q is gone", was[i])
		case i >= len(was):
			return fmt.Errorf("line %q is new", is[i])
		case was[i] != is[i]:
			return fmt.Errorf("line %q is where %q was", is[i], was[i])
		}
	}
	return nil
}

func unmanaged(lines []iniLine, options []wantOption) []string {
	var kept []string
	for _, l := range lines {
		owned := slices.ContainsFunc(options, func(o wantOption) bool {
			return o.Section == l.section && o.Option == l.option
		})
		if !owned && strings.TrimSpace(l.text) != "" {
			kept = append(kept, l.text)
		}
	}
	return kept
}
