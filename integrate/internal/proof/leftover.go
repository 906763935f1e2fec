package proof

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/openstack/api"
)

// runPrefix begins the name of each verification, and of all that the verification makes in the APIs.
const runPrefix = "cephstack-verify-"

// runTime is the form of the time in the name of a verification. It is in UTC.
const runTime = "20060102T150405Z"

var (
	runForm   = regexp.MustCompile(`^(cephstack-verify-[0-9a-f]{8}-(\d{8}T\d{6}Z))-.`)
	probeForm = regexp.MustCompile(`^(cephstack-probe-[0-9a-f]{8}-(\d{8}T\d{6}Z))$`)
)

// runOf is the verification that a name belongs to, and when that verification began.
func runOf(form *regexp.Regexp, name string) (run string, began time.Time, ok bool) {
	m := form.FindStringSubmatch(name)
	if m == nil {
		return "", time.Time{}, false
	}
	began, err := time.Parse(runTime, m[2])
	return m[1], began, err == nil
}

// description is what the APIs keep of each thing that a run makes. Somebody who copies a name does not copy it.
func description(run string) string { return "made by " + run + ", a verification of cephstack" }

// The kinds of things, in the order in which they are removed: what holds others goes first.
const (
	server      = "server"
	incremental = "incremental backup"
	backup      = "backup"
	snapshot    = "snapshot"
	volume      = "volume"
	image       = "image"
	flavor      = "flavor"
)

func kinds() []string { return []string{server, incremental, backup, snapshot, volume, image, flavor} }

// A thing is what a verification made in the APIs.
type thing struct {
	kind, id, name string
	created        time.Time // zero where the API does not tell
}

// String is the kind and the ID.
func (t thing) String() string { return t.kind + " " + t.id }

// byHand is the command that removes a thing.
func (t thing) byHand() string {
	return map[string]string{server: "openstack server delete --force ", volume: "openstack volume delete --force ",
		incremental: "openstack volume backup delete --force ", backup: "openstack volume backup delete --force ",
		snapshot: "openstack volume snapshot delete --force ", image: "openstack image delete ",
		flavor: "openstack flavor delete "}[t.kind] + cephstack.ShellQuote(t.id)
}

// of reports whether a thing with this description is of a run. A flavor has no description, and only an administrator
// makes a flavor.
func (t thing) of(run, text string) bool {
	return strings.HasPrefix(t.name, run+"-") && (t.kind == flavor || text == description(run))
}

// all lists the things in the APIs whose name and description are as owned wants them, in the order of their removal.
func all(ctx context.Context, c *api.Cloud, owned func(t thing, text string) bool) ([]thing, error) {
	var found []thing
	var errs []error
	take := func(t thing, text string) {
		if owned(t, text) {
			found = append(found, t)
		}
	}
	servers, err := c.Servers(ctx, "")
	errs = append(errs, err)
	for _, s := range servers {
		take(thing{server, s.ID, s.Name, s.Created}, s.Description)
	}
	backups, err := c.Backups(ctx)
	errs = append(errs, err)
	for _, b := range backups {
		kind := backup
		if b.Incremental {
			kind = incremental
		}
		take(thing{kind, b.ID, b.Name, b.Created}, b.Description)
	}
	snapshots, err := c.Snapshots(ctx)
	errs = append(errs, err)
	for _, s := range snapshots {
		take(thing{snapshot, s.ID, s.Name, s.Created}, s.Description)
	}
	volumes, err := c.Volumes(ctx)
	errs = append(errs, err)
	for _, v := range volumes {
		take(thing{volume, v.ID, v.Name, v.Created}, v.Description)
	}
	images, err := c.Images(ctx, "")
	errs = append(errs, err)
	for _, i := range images {
		take(thing{image, i.ID, i.Name, i.Created}, i.Description)
	}
	flavors, err := c.Flavors(ctx)
	errs = append(errs, err)
	for name, id := range flavors {
		take(thing{kind: flavor, id: id, name: name}, "")
	}
	sortThings(found)
	return found, errors.Join(errs...)
}

func sortThings(things []thing) {
	rank := map[string]int{}
	for n, kind := range kinds() {
		rank[kind] = n
	}
	slices.SortStableFunc(things, func(a, b thing) int {
		return cmp.Or(cmp.Compare(rank[a.kind], rank[b.kind]), cmp.Compare(b.name, a.name), cmp.Compare(a.id, b.id))
	})
}

// remove removes a thing. With force, its status does not matter.
func (j *journey) remove(ctx context.Context, t thing, force bool) error {
	ctx, cancel := context.WithTimeout(ctx, removalTime)
	defer cancel()
	c := j.cloud
	by := map[string][2]func(context.Context, string) error{server: {c.DeleteServer, c.ForceDeleteServer},
		backup: {c.DeleteBackup, c.ForceDeleteBackup}, incremental: {c.DeleteBackup, c.ForceDeleteBackup},
		snapshot: {c.DeleteSnapshot, c.ForceDeleteSnapshot}, volume: {c.DeleteVolume, c.ForceDeleteVolume},
		image: {c.DeleteImage, c.DeleteImage}, flavor: {c.DeleteFlavor, c.DeleteFlavor}}[t.kind]
	if force {
		return by[1](ctx, t.id)
	}
	return by[0](ctx, t.id)
}

const (
	removalTime   = 2 * time.Minute // for one thing
	removalRounds = 3
)

// clear removes things. What cannot be removed is tried again once the others are gone, and in the end by force. The
// errors say what is still there, and by which command it goes.
func (j *journey) clear(ctx context.Context, things []thing) []error {
	var errs []error
	for round := range removalRounds {
		var left []thing
		errs = nil
		for _, t := range things {
			err := j.remove(ctx, t, false)
			if err != nil && round == removalRounds-1 {
				err = j.remove(ctx, t, true)
			}
			if err != nil {
				left, errs = append(left, t), append(errs, fmt.Errorf("%s: %w (by hand: %s)", t, err, t.byHand()))
			}
		}
		if things = left; len(left) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return errs
		case <-time.After(j.poll):
		}
	}
	return errs
}

// ids are the IDs of things.
func ids(things []thing) []string {
	var out []string
	for _, t := range things {
		out = append(out, t.id)
	}
	return out
}

// cleanUp removes all that this run made, and looks whether anything is left in the APIs, in a pool or its trash. Where
// the answer to a request was lost, the name tells that a thing is of this run.
func (j *journey) cleanUp(ctx context.Context) {
	if !j.tried.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
	defer cancel()
	next := "remove what is named " + j.prefix + ", or run cephstack verify --clean later"
	j.check(ctx, checkLeft, next, func(ctx context.Context) (string, error) {
		mine := func(t thing, text string) bool { return t.of(j.prefix, text) }
		known := slices.Clone(j.made)
		var errs []error
		for range 2 { // the second look finds what came late
			found, err := all(ctx, j.cloud, mine)
			for _, t := range found {
				if !slices.ContainsFunc(known, func(k thing) bool { return k.id == t.id }) {
					known = append(known, t)
				}
			}
			now := found
			if err != nil {
				now = known
			}
			sortThings(now)
			errs = append(j.clear(ctx, now), err)
		}
		left, err := j.leftovers(ctx, ids(known))
		if len(left) > 0 {
			errs = append(errs, fmt.Errorf("left: %s", strings.Join(left, ", ")))
		}
		if err := errors.Join(append(errs, err)...); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d objects removed; no pool and no trash holds any of them", len(known)), nil
	})
}
