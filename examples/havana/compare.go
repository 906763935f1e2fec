package main

import (
	"slices"
	"strconv"
	"strings"
)

// compare sets a plan's commands beside the guide's, step by step: those of
// both are indented, those of the guide alone have a minus, those of the plan
// alone a plus, both with the reason for the difference.
func compare(guide string, plan []string) string {
	lines := strings.Split(strings.TrimSpace(guide), "\n")
	var b strings.Builder
	for step := 1; step <= 13; step++ {
		for _, l := range lines {
			switch {
			case of(l) != step:
			case slices.Contains(plan, l):
				b.WriteString("  " + l + "\n")
			default:
				b.WriteString(differs("- " + l))
			}
		}
		for _, l := range plan {
			if of(l) == step && !slices.Contains(lines, l) {
				b.WriteString(differs("+ " + l))
			}
		}
	}
	return b.String()
}

// because stands between a line and its reason.
const because = "  # "

func differs(line string) string {
	for _, d := range differences() {
		if strings.HasPrefix(line, d.begins) && strings.Contains(line, d.has) {
			return line + because + d.why + "\n"
		}
	}
	return line + "\n"
}

// of is the number of a line's step.
func of(line string) int {
	number, _, _ := strings.Cut(line, " ")
	n, _ := strconv.Atoi(number) // 0 is no step, and shows nowhere
	return n
}
