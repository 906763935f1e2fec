//go:build linux

package main

import (
	"fmt"
	"strings"
)

// String is a line of the table.
func (r row) String() string {
	what := fmt.Sprintf("%-7s %6d %6.0f %-7s %-10s", r.Target, r.N, r.RTT, r.Scenario, r.Tool)
	switch {
	case r.Skipped != "":
		return what + " skipped: " + r.Skipped
	case r.Error != "":
		return what + " FAILED: " + r.Error
	}
	trips := "-"
	if r.RoundTrips != nil {
		trips = fmt.Sprintf("%.1f", *r.RoundTrips)
	}
	return fmt.Sprintf("%s %9.3f %9.3f %9.1f %7s %8d", what, r.Wall, r.CPU, r.RSS, trips, r.Changed)
}

// table shows all rows.
func table(rows []row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s %6s %6s %-7s %-10s %9s %9s %9s %7s %8s\n", "target", "n", "rtt_ms", "what", "tool", "wall_s",
		"cpu_s", "rss_mib", "trips", "changed")
	for _, r := range rows {
		b.WriteString(r.String() + "\n")
	}
	return b.String()
}
