package cephtest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cephstack/cephstack/ceph"
)

// Ailments are what is not well in a cluster. Its health checks follow from them.
type Ailments struct {
	// PGs are the placement groups of a pool that are in another state than active+clean, by
	// pool and state, such as 3 that are down. Pools that are not there have none.
	PGs map[string]map[string]int
	// DownOSDs and OutOSDs are IDs: OSDs are numbered in the order of the names of their hosts.
	DownOSDs, OutOSDs []int
	// FullOSDs are nearfull, backfillfull or full.
	FullOSDs map[int]string
	// FullPools are nearfull, backfillfull or full, as by a quota.
	FullPools map[string]string
	// LostMonitors are not in the quorum. If that is half of them, no command is answered.
	LostMonitors int
	NoManager    bool
}

// Ail makes the cluster ail, also while it is in use. Without Ailments it is well again.
func (c *Cluster) Ail(a Ailments) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ailments = a
}

// answers is what the monitors need to answer anything.
func (c *Cluster) answers() error {
	if lost := c.ailments.LostMonitors; lost > 0 && 2*lost >= len(c.MonHosts) {
		return fmt.Errorf("%w: ceph: the monitors have no quorum", ceph.ErrUnreachable)
	}
	return nil
}

// checks are the health checks, by code: each with its details.
func (c *Cluster) checks() map[string][]string {
	a, checks := c.ailments, map[string][]string{}
	for _, code := range c.Checks {
		checks[code] = nil
	}
	for _, pool := range slices.Sorted(maps.Keys(c.pools)) {
		for _, state := range slices.Sorted(maps.Keys(a.PGs[pool])) {
			for n := range a.PGs[pool][state] {
				checks["PG_AVAILABILITY"] = append(checks["PG_AVAILABILITY"],
					fmt.Sprintf("pg %d.%x is stuck inactive for 61s, current state %s, last acting []", c.pools[pool].id, n, state))
			}
		}
	}
	for _, id := range a.DownOSDs {
		checks["OSD_DOWN"] = append(checks["OSD_DOWN"], fmt.Sprintf("osd.%d is down", id))
	}
	full := map[string]string{"full": "FULL", "backfillfull": "BACKFILLFULL", "nearfull": "NEARFULL"}
	for _, id := range slices.Sorted(maps.Keys(a.FullOSDs)) {
		code := "OSD_" + full[a.FullOSDs[id]]
		checks[code] = append(checks[code], fmt.Sprintf("osd.%d is %s", id, a.FullOSDs[id]))
	}
	for _, pool := range slices.Sorted(maps.Keys(a.FullPools)) {
		code := "POOL_" + full[a.FullPools[pool]]
		checks[code] = append(checks[code], fmt.Sprintf("pool '%s' is %s", pool, a.FullPools[pool]))
	}
	if a.LostMonitors > 0 {
		checks["MON_DOWN"] = nil
	}
	if a.NoManager {
		checks["MGR_DOWN"] = nil
	}
	return checks
}

// healthObject is the health as status and health detail give it; status has no details.
func (c *Cluster) healthObject(detail bool) object {
	checks, status := object{}, c.Health
	for code, details := range c.checks() {
		check := object{"severity": "HEALTH_WARN", "summary": object{"message": code},
			"muted": slices.Contains(c.Muted, code)}
		if detail {
			list := []object{}
			for _, message := range details {
				list = append(list, object{"message": message})
			}
			check["detail"] = list
		}
		checks[code] = check
		if status == "HEALTH_OK" && !slices.Contains(c.Muted, code) && !slices.Contains(c.Checks, code) {
			status = "HEALTH_WARN"
		}
	}
	return object{"status": status, "checks": checks, "mutes": []any{}}
}

func (c *Cluster) health(a call) (any, string, error) {
	return c.healthObject(a.str("detail") == "detail"), "", nil
}

func (c *Cluster) status(call) (any, string, error) {
	quorum := []string{}
	for i := range len(c.MonHosts) - c.ailments.LostMonitors {
		quorum = append(quorum, string(rune('a'+i)))
	}
	up := c.OSDsUp - len(c.ailments.DownOSDs)
	out := object{
		"fsid":         c.FSID,
		"health":       c.healthObject(false),
		"quorum_names": quorum,
		"monmap":       object{"epoch": 1, "num_mons": len(c.MonHosts)},
		"osdmap":       object{"num_osds": c.OSDsUp, "num_up_osds": up, "num_in_osds": c.OSDsUp - len(c.ailments.OutOSDs)},
		"pgmap":        c.pgMap(),
	}
	if c.Release >= "luminous" {
		out["mgrmap"] = object{"available": !c.ailments.NoManager, "num_standbys": 0}
	}
	return out, "", nil
}

// fullness is what a pool is marked as: an OSD that is full marks all pools.
func (c *Cluster) fullness(pool string) []string {
	var marks []string
	if c.Release >= "luminous" {
		marks = slices.Collect(maps.Values(c.ailments.FullOSDs))
	}
	if full := c.ailments.FullPools[pool]; full != "" {
		marks = append(marks, full)
	}
	slices.Sort(marks)
	return slices.Compact(marks)
}

func (c *Cluster) pgMap() object {
	states, all := map[string]int{}, 0
	for name, p := range c.pools {
		all += p.PGNum
		well := p.PGNum
		for state, n := range c.ailments.PGs[name] {
			states[state] += n
			well -= n
		}
		states["active+clean"] += well
	}
	list := []object{}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		list = append(list, object{"state_name": state, "count": states[state]})
	}
	return object{"pgs_by_state": list, "num_pgs": all, "num_pools": len(c.pools)}
}

func (c *Cluster) osdDump(a call) (any, string, error) {
	a.args["detail"] = "detail"
	list, _, err := c.poolList(a)
	if err != nil {
		return nil, "", err
	}
	pools, _ := list.([]object)
	for _, p := range pools {
		p["pool"] = p["pool_id"]
	}
	osds, no := []object{}, map[bool]int{false: 1}
	for _, host := range slices.Sorted(maps.Keys(c.OSDs)) {
		for range c.OSDs[host] {
			id := len(osds)
			down := slices.Contains(c.ailments.DownOSDs, id)
			states := []string{"exists"}
			if !down {
				states = append(states, "up")
			}
			if full := c.ailments.FullOSDs[id]; full != "" && c.Release >= "luminous" {
				states = append(states, full)
			}
			osds = append(osds, object{"osd": id, "up": no[down], "in": no[slices.Contains(c.ailments.OutOSDs, id)],
				"state": states})
		}
	}
	flags := "sortbitwise"
	for _, full := range c.ailments.FullOSDs {
		if c.Release < "luminous" && full != "backfillfull" {
			flags += "," + full
		}
	}
	return object{"fsid": c.FSID, "flags": flags, "pools": pools, "osds": osds}, "", nil
}
