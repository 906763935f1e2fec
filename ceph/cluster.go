package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Cluster is a Ceph cluster reached through a Commander. It holds no state
// and is safe for concurrent use as far as its Commander is.
type Cluster struct {
	mon  Commander
	send func(ctx context.Context, requests ...Request) []Answer
}

// New returns the cluster behind a Commander. It sends nothing.
//
// Similar To: ceph
func New(mon Commander) *Cluster { return (&Cluster{mon: mon}).through(nil) }

// A Status is what a cluster says of itself.
//
// Similar To: ceph status
type Status struct {
	FSID     string
	Health   string   // HEALTH_OK, HEALTH_WARN or HEALTH_ERR
	Checks   []string // health check codes, sorted, such as AUTH_INSECURE_GLOBAL_ID_RECLAIM
	Muted    []string // the Checks that somebody muted: Health leaves them out
	MonHosts []string // monitor addresses as mon_host takes them, such as [v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]
	OSDsUp   int
	Release  string // the oldest release that a daemon runs, such as pacific; empty if unknown
}

// Status reads fsid, health, monitors and release.
//
// Similar To: ceph status; ceph mon dump; ceph versions
func (c *Cluster) Status(ctx context.Context) (Status, error) {
	var s struct {
		FSID   string `json:"fsid"`
		Health struct {
			Status  string                 `json:"status"`
			Checks  map[string]healthCheck `json:"checks"`
			Overall string                 `json:"overall_status"` // before Luminous
		} `json:"health"`
		OSDMap osdCount `json:"osdmap"`
	}
	var mons struct {
		Mons []monitor `json:"mons"`
	}
	asks := []Request{read("status", nil), read("mon dump", nil), read("versions", nil)}
	answers := c.Batch(ctx, asks...)
	if err := cmp.Or(answers[0].decode(asks[0], &s), answers[1].decode(asks[1], &mons)); err != nil {
		return Status{}, err
	}
	if s.FSID == "" { // the fsid tells clusters apart
		return Status{}, errorString("ceph status: no fsid")
	}
	release, err := c.release(ctx, answers[2])
	if err != nil {
		return Status{}, err
	}
	out := Status{
		FSID: s.FSID, Health: cmp.Or(s.Health.Status, s.Health.Overall), Checks: slices.Sorted(maps.Keys(s.Health.Checks)),
		OSDsUp: s.OSDMap.up(), Release: release,
	}
	for _, code := range out.Checks {
		if s.Health.Checks[code].Muted {
			out.Muted = append(out.Muted, code)
		}
	}
	for _, m := range mons.Mons {
		out.MonHosts = append(out.MonHosts, m.host())
	}
	return out, nil
}

type healthCheck struct {
	Muted bool `json:"muted"`
}

// An osdCount is the osdmap of a status, which was nested until Nautilus.
type osdCount struct {
	Up    int `json:"num_up_osds"`
	Older *struct {
		Up int `json:"num_up_osds"`
	} `json:"osdmap"`
}

func (o osdCount) up() int {
	if o.Older != nil {
		return o.Older.Up
	}
	return o.Up
}

type monitor struct {
	Addr   string `json:"addr"`
	Public struct {
		Addrs []struct {
			Type  string `json:"type"`
			Addr  string `json:"addr"`
			Nonce int64  `json:"nonce"`
		} `json:"addrvec"`
	} `json:"public_addrs"`
}

// host renders the address as ceph config generate-minimal-conf does.
func (m monitor) host() string {
	var list []string
	for _, a := range m.Public.Addrs {
		list = append(list, a.Type+":"+a.Addr+"/0")
	}
	switch len(list) {
	case 0:
		return m.Addr // before Nautilus
	case 1:
		return list[0]
	}
	return "[" + strings.Join(list, ",") + "]"
}

// release is the oldest release that a daemon runs, by the answer to the command
// versions. Luminous is the first release with that command: before, it is the
// release of the monitor that answers.
func (c *Cluster) release(ctx context.Context, versions Answer) (string, error) {
	var all struct {
		Overall map[string]int `json:"overall"`
	}
	err := versions.decode(read("versions", nil), &all)
	if errors.Is(err, ErrInvalid) {
		var single struct {
			Version string `json:"version"`
		}
		err = c.query(ctx, read("version", nil), &single)
		return oldest([]string{single.Version}), err
	}
	return oldest(slices.Collect(maps.Keys(all.Overall))), err
}

// before reports whether the cluster is known to be older than a release.
func (c *Cluster) before(ctx context.Context, release string) bool {
	found, err := c.release(ctx, c.Batch(ctx, read("versions", nil))[0])
	return err == nil && found != "" && found < release
}

// oldest takes the release out of lines such as
// "ceph version 16.2.15 (618f…) pacific (stable)", or, before Luminous,
// "ceph version 10.2.11 (e4b0…)". Releases are named in the order of the
// alphabet.
func oldest(versions []string) string {
	var names []string
	for _, v := range versions {
		words := strings.Fields(v)
		if len(words) > 4 {
			names = append(names, words[4])
		} else if len(words) > 2 {
			names = append(names, unnamed(words[2]))
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// unnamed is the release of a version that came without its name, empty when
// it is not a release before Luminous.
func unnamed(version string) string {
	major, rest, _ := strings.Cut(version, ".")
	if minor, _, _ := strings.Cut(rest, "."); major == "0" {
		major += "." + minor
	}
	return map[string]string{
		"0.67": "dumpling", "0.72": "emperor", "0.80": "firefly", "0.87": "giant", "0.94": "hammer",
		"9": "infernalis", "10": "jewel", "11": "kraken",
	}[major]
}

// MinimalConf is the least ceph.conf that a client of this cluster needs:
// [global] fsid and mon_host, without indentation, which readers that are not
// Ceph's own take for a continued line.
//
// Similar To: ceph config generate-minimal-conf
func (c *Cluster) MinimalConf(ctx context.Context) (*Conf, error) {
	data, err := c.run(ctx, read("config generate-minimal-conf", nil))
	if errors.Is(err, ErrInvalid) {
		return c.olderConf(ctx)
	}
	if err != nil {
		return nil, err
	}
	theirs, err := ParseConf(data)
	if err != nil {
		return nil, err
	}
	conf := new(Conf)
	for _, name := range []string{"fsid", "mon_host"} {
		value, ok := theirs.Lookup("global", name)
		if !ok {
			return nil, errorString("ceph config generate-minimal-conf: no " + name)
		}
		if err := conf.Set("global", name, value); err != nil {
			return nil, fmt.Errorf("ceph config generate-minimal-conf: %s: %w", name, err)
		}
	}
	return conf, nil
}

// olderConf is MinimalConf before Nautilus, the first release that makes the conf
// itself.
func (c *Cluster) olderConf(ctx context.Context) (*Conf, error) {
	var mons struct {
		FSID string    `json:"fsid"`
		Mons []monitor `json:"mons"`
	}
	if err := c.query(ctx, read("mon dump", nil), &mons); err != nil {
		return nil, err
	}
	var hosts []string
	for _, m := range mons.Mons {
		hosts = append(hosts, strings.TrimSuffix(m.host(), "/0"))
	}
	if mons.FSID == "" || len(hosts) == 0 {
		return nil, errorString("ceph mon dump: no fsid, or no monitors")
	}
	conf := new(Conf)
	err := errors.Join(conf.Set("global", "fsid", mons.FSID), conf.Set("global", "mon_host", strings.Join(hosts, ",")))
	if err != nil {
		return nil, fmt.Errorf("ceph mon dump: %w", err)
	}
	return conf, nil
}
