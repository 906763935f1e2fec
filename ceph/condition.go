package ceph

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph/internal/words"
)

// Condition reads how well a cluster serves its clients, in one exchange where the Commander is
// a Batcher.
//
// Stops are the reasons why clients wait for their data, or why nobody should burden the
// cluster: placement groups that are not active or not known, OSDs and pools that are full
// or backfillfull, and a failure domain that a pool is missing. Notes are what is not well, and
// keeps nobody from the data: monitors that are not in the quorum, OSDs that are nearly full, and
// each stop whose health check somebody muted.
//
// Full pools and failure domains are judged of those of the named pools that are there.
// Placement groups and OSDs are judged of the whole cluster. Monitors that have lost their
// quorum give no answer, which is an error.
//
// A pool is missing a failure domain if fewer of those that its CRUSH rule chooses from are up
// and in than it has replicas or chunks, and the CRUSH map has more of them.
//
// Similar To: ceph status; ceph health detail; ceph osd dump; ceph osd crush dump
func (c *Cluster) Condition(ctx context.Context, pools ...string) (stops, notes []string, err error) {
	asks := []Request{read("status", nil), read("health", fields{"detail": "detail"}), read("osd dump", nil),
		read("osd crush dump", nil)}
	answers := c.Batch(ctx, asks...)
	var s servingState
	var crush crushDump
	for i, into := range []any{&s.status, &s.health, &s.osds, &crush} {
		if err := answers[i].decode(asks[i], into); err != nil {
			return nil, nil, err
		}
	}
	s.crush = crush.tree()
	s.judgeMonitors()
	s.judgePGs()
	s.judgeFull(pools)
	s.judgeDomains(pools)
	return s.stops, s.notes, nil
}

// A servingState is what the monitors told of how the cluster serves.
type servingState struct {
	status struct {
		QuorumNames []string `json:"quorum_names"`
		MonMap      struct {
			Count int        `json:"num_mons"`
			Mons  []struct{} `json:"mons"` // before Octopus
		} `json:"monmap"`
		PGMap struct {
			PGs    int `json:"num_pgs"`
			States []struct {
				Name  string `json:"state_name"`
				Count int    `json:"count"`
			} `json:"pgs_by_state"`
		} `json:"pgmap"`
		MgrMap *struct { // since Luminous
			Available bool `json:"available"`
		} `json:"mgrmap"`
	}
	health struct {
		Checks map[string]struct {
			Muted  bool `json:"muted"`
			Detail []struct {
				Message string `json:"message"`
			} `json:"detail"`
		} `json:"checks"`
	}
	osds struct {
		Flags string       `json:"flags"` // of the whole cluster; full and nearfull are there before Luminous
		Pools []servedPool `json:"pools"`
		OSDs  []struct {
			ID    int      `json:"osd"`
			Up    int      `json:"up"`
			In    int      `json:"in"`
			State []string `json:"state"`
		} `json:"osds"`
	}
	crush CRUSHMap

	stops, notes []string
}

type servedPool struct {
	ID      int    `json:"pool"`
	Name    string `json:"pool_name"`
	Flags   string `json:"flags_names"`
	PGs     int    `json:"pg_num"`
	Size    int    `json:"size"`
	Rule    int    `json:"crush_rule"`
	Ruleset *int   `json:"crush_ruleset"` // before Luminous, in its place
}

// stop adds a stop, or a note if somebody muted one of the health checks that tell the same.
func (s *servingState) stop(checks []string, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, code := range checks {
		if s.health.Checks[code].Muted {
			s.notes = append(s.notes, text+" ("+words.Line(code)+" is muted)")
			return
		}
	}
	s.stops = append(s.stops, text)
}

func (s *servingState) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

func (s *servingState) judgeMonitors() {
	all, quorum := max(s.status.MonMap.Count, len(s.status.MonMap.Mons)), len(s.status.QuorumNames)
	switch {
	case quorum == 0 || quorum >= all:
	case quorum-1 <= all/2:
		s.note("%d of %d monitors are in the quorum: without one more, the quorum is lost", quorum, all)
	default:
		s.note("%d of %d monitors are in the quorum", quorum, all)
	}
}

// judgePGs judges placement groups. A manager tells the monitors of them.
func (s *servingState) judgePGs() {
	pgs := 0
	for _, p := range s.osds.Pools {
		pgs += p.PGs
	}
	if s.status.MgrMap != nil && !s.status.MgrMap.Available && pgs > 0 {
		s.stop([]string{"MGR_DOWN"}, "no manager is active, so that the states of PGs are not known")
		pgs = 0
	}
	states, inactive := map[string]int{}, 0
	for _, st := range s.status.PGMap.States {
		parts := strings.Split(st.Name, "+")
		if st.Count > 0 && (!slices.Contains(parts, "active") || slices.Contains(parts, "stale")) {
			states[words.Line(st.Name)] += st.Count
			inactive += st.Count
		}
	}
	if untold := pgs - s.status.PGMap.PGs; untold > 0 {
		states["not told yet"] += untold
		inactive += untold
	}
	if inactive == 0 {
		return
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		list = append(list, fmt.Sprintf("%d %s", states[name], name))
	}
	s.stop([]string{"PG_AVAILABILITY"}, "%d %s not active (%s)%s", inactive, one(inactive, "PG is", "PGs are"),
		some(list), s.poolsOfPGs())
}

var pgInDetail = regexp.MustCompile(`^pg ([0-9]+)\.`)

// poolsOfPGs names the pools of the PGs that Ceph itself reports as not available. Ceph reports most
// such PGs after a minute only.
func (s *servingState) poolsOfPGs() string {
	ids, names := map[string]bool{}, []string{}
	for _, d := range s.health.Checks["PG_AVAILABILITY"].Detail {
		if m := pgInDetail.FindStringSubmatch(d.Message); m != nil {
			ids[m[1]] = true
		}
	}
	for _, p := range s.osds.Pools {
		if ids[fmt.Sprint(p.ID)] {
			names = append(names, words.Line(p.Name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", in " + poolNames(names)
}

func (s *servingState) judgeFull(pools []string) {
	osds := map[string][]string{}
	for _, o := range s.osds.OSDs {
		for _, state := range o.State {
			osds[state] = append(osds[state], fmt.Sprintf("osd.%d", o.ID))
		}
	}
	is := func(names []string) string {
		return some(names) + map[bool]string{true: " is", false: " are"}[len(names) == 1]
	}
	for _, state := range []string{"full", "backfillfull"} {
		check := strings.ToUpper(state)
		if len(osds[state]) > 0 { // Ceph then marks the pools of the OSD, too
			s.stop([]string{"OSD_" + check}, "%s %s", is(osds[state]), state)
			continue
		}
		var full []string
		for _, p := range s.osds.Pools {
			if slices.Contains(pools, p.Name) && hasFlag(p.Flags, state) {
				full = append(full, words.Line(p.Name))
			}
		}
		if len(full) > 0 {
			s.stop([]string{"POOL_" + check}, "%s: %s", poolNames(full), state)
		}
	}
	if hasFlag(s.osds.Flags, "full") {
		s.stop(nil, "the cluster is full")
	}
	if len(osds["nearfull"]) > 0 {
		s.note("%s nearly full", is(osds["nearfull"]))
	} else if hasFlag(s.osds.Flags, "nearfull") {
		s.note("the cluster is nearly full")
	}
}

// judgeDomains judges failure domains. Pools that miss the same are told together.
func (s *servingState) judgeDomains(pools []string) {
	up := map[int]bool{}
	for _, o := range s.osds.OSDs {
		up[o.ID] = o.Up == 1 && o.In == 1
	}
	type lack struct {
		kind       string
		have, need int
	}
	lacks := map[lack][]string{}
	for _, p := range s.osds.Pools {
		if !slices.Contains(pools, p.Name) {
			continue
		}
		for _, f := range s.crush.firstChoices(p) {
			all := s.crush.domains(f.root, f.kind, nil)
			have := s.crush.domains(f.root, f.kind, func(osd int) bool { return up[osd] })
			if need := min(f.want, all); have < need {
				l := lack{f.kind, have, need}
				lacks[l] = append(lacks[l], words.Line(p.Name))
			}
		}
	}
	byName := func(a, b lack) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	for _, l := range slices.SortedFunc(maps.Keys(lacks), byName) {
		s.stop([]string{"OSD_DOWN", "OSD_" + strings.ToUpper(l.kind) + "_DOWN"},
			"%s: of the %d failure domains of type %s that are needed, %d %s OSDs that are up and in",
			poolNames(slices.Compact(lacks[l])), l.need, words.Line(l.kind), l.have, one(l.have, "has", "have"))
	}
}

func poolNames(names []string) string {
	if len(names) == 1 {
		return "pool " + names[0]
	}
	return "pools " + some(names)
}

// one is a word for one thing, or for several.
func one(n int, singular, plural string) string {
	if n == 1 {
		return singular
	}
	return plural
}

// some joins names. Of more than five it gives the first five, and how many more there are.
func some(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
