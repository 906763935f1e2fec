//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// A row is the medians of a cell's scenario. A row with an Error or Skipped
// has no times.
type row struct {
	Tool       string    `json:"tool"`
	Target     string    `json:"target"` // sshd, or memory: in-process servers
	Scenario   string    `json:"scenario"`
	N          int       `json:"n"`
	RTT        float64   `json:"rtt_ms"`
	Runs       int       `json:"runs"`
	Wall       float64   `json:"wall_s"`
	CPU        float64   `json:"controller_cpu_s"`
	RSS        float64   `json:"max_rss_mib"`
	Goroutines int       `json:"goroutines,omitempty"` // at most, as far as it was looked at; of our own tools
	RoundTrips *float64  `json:"round_trips"`          // with a delay, one host
	Counted    bool      `json:"round_trips_counted"`  // by the proxy, not derived from times
	Changed    int       `json:"changed"`              // hosts, by their disks
	WallAll    []float64 `json:"wall_all_s"`           // each run
	Error      string    `json:"error,omitempty"`
	Skipped    string    `json:"skipped,omitempty"`
}

// Results are all rows and where they come from.
type results struct {
	Machine map[string]string `json:"machine"`
	Rows    []row             `json:"rows"`

	path string
}

// openResults begins anew, or goes on with what path has.
func openResults(path string, merge bool) (*results, error) {
	r := &results{path: path}
	if merge {
		if err := readJSON(path, r); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if r.Machine == nil {
		r.Machine = map[string]string{}
	}
	maps.Copy(r.Machine, machineFacts()) // what is not here any more is of the rows that are kept
	return r, nil
}

// machineFacts are those that times depend on.
func machineFacts() map[string]string {
	facts := map[string]string{"cpus": fmt.Sprint(runtime.NumCPU()), "go": runtime.Version()}
	var u syscall.Utsname
	if syscall.Uname(&u) == nil {
		var b strings.Builder
		for _, c := range u.Release {
			if c != 0 {
				b.WriteByte(byte(c))
			}
		}
		facts["kernel"] = b.String()
	}
	for _, name := range []string{"openssh-server", "ansible", "ansible-core", "ansible-mitogen", "clustershell"} {
		if out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output(); err == nil {
			facts[name] = string(out)
		}
	}
	return facts
}

func (r *results) save() error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.path, append(data, '\n'), 0o644)
}

// put adds a row, in the place of the one of the same cell.
func (r *results) put(n row) {
	r.Rows = append(slices.DeleteFunc(r.Rows, n.of), n)
	slices.SortStableFunc(r.Rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.Target, a.Target), cmp.Compare(a.N, b.N), cmp.Compare(a.RTT, b.RTT),
			cmp.Compare(rank(a.Scenario), rank(b.Scenario)), cmp.Compare(toolRank(a.Tool), toolRank(b.Tool)))
	})
}

func rank(scenario string) int { return slices.Index(append(allScenarios(), "true"), scenario) }

func toolRank(tool string) int { return slices.Index(allTools(), tool) }

// of reports whether two rows are of the same cell.
func (r row) of(o row) bool {
	return r.Tool == o.Tool && r.Target == o.Target && r.Scenario == o.Scenario && r.N == o.N && r.RTT == o.RTT
}

// find gives the row of a cell, if the row has times.
func find(rows []row, cell row) (row, bool) {
	i := slices.IndexFunc(rows, func(r row) bool { return r.of(cell) && r.Wall > 0 })
	if i < 0 {
		return row{}, false
	}
	return rows[i], true
}

// roundTrips fills in, for one host, how many round trips a run took, where they
// were not counted: what the delay added, in units of the delay.
func (r *results) roundTrips() {
	for i := range r.Rows {
		slow := &r.Rows[i]
		fast, ok := find(r.Rows, row{Tool: slow.Tool, Target: slow.Target, Scenario: slow.Scenario, N: 1})
		if slow.RTT == 0 || slow.N != 1 || slow.Wall == 0 || slow.Counted || !ok {
			continue
		}
		trips := math.Round((slow.Wall-fast.Wall)/slow.RTT*1e4) / 10
		slow.RoundTrips = &trips
	}
}

func newRow(c cell, scenario string) row {
	return row{Tool: c.tool, Target: c.target, Scenario: scenario, N: c.n, RTT: float64(c.rtt.Milliseconds())}
}

// summarize makes the row of a scenario's runs. One that failed takes the
// times away from all.
func summarize(c cell, scenario string, runs []sample) row {
	r := newRow(c, scenario)
	if len(runs) == 0 {
		r.Error = "a scenario before it failed"
		return r
	}
	var wall, cpu, rss []float64
	for _, s := range runs {
		if s.err != "" {
			r.Error = s.err
			return r
		}
		wall, cpu, rss = append(wall, s.Wall), append(cpu, s.CPU), append(rss, s.MaxRSS)
		r.Changed, r.Goroutines = s.changed, max(r.Goroutines, s.goroutines)
	}
	r.Runs, r.WallAll = len(runs), wall
	r.Wall, r.CPU, r.RSS = median(wall), median(cpu), median(rss)
	return r
}

// median is the middle value, or the mean of the two in the middle.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
