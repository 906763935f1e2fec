package main

import (
	"slices"
	"strconv"
	"strings"
)

// compare sets a plan's commands beside the guide's, step by step: those of
// both are indented, those of the guide alone have a minus, those of the plan
// alone a plus.
func compare(guide string, plan []string) string {
	lines := strings.Split(strings.TrimSpace(guide), "\n")
	var b strings.Builder
	for step := 1; step <= 13; step++ {
		for _, l := range lines {
			mark := "- "
			if slices.Contains(plan, l) {
				mark = "  "
			}
			if of(l) == step {
				b.WriteString(mark + l + "\n")
			}
		}
		for _, l := range plan {
			if of(l) == step && !slices.Contains(lines, l) {
				b.WriteString("+ " + l + "\n")
			}
		}
	}
	return b.String()
}

// of is the number of a line's step.
func of(line string) int {
	number, _, _ := strings.Cut(line, " ")
	n, _ := strconv.Atoi(number) // 0 is no step, and shows nowhere
	return n
}
