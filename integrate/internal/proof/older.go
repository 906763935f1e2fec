package proof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// checkOlder is the name of the check that removes what older runs left.
const checkOlder = "older runs left nothing"

// older removes what older runs left in the APIs and pools, and says what that was.
func (j *journey) older(ctx context.Context) {
	const next = "remove by hand what is named, and run cephstack verify --clean"
	j.step(ctx, j.leg(checkOlder, next), func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
		defer cancel()
		things, err := all(ctx, j.cloud, func(t thing, text string) bool {
			run, _, ok := runOf(runForm, t.name)
			return ok && run != j.prefix && t.of(run, text)
		})
		if err != nil {
			return "", unable("the APIs do not list all: %w", err)
		}
		probes, err := j.oldProbes(ctx)
		if err != nil {
			return "", unable("the pools do not list all: %w", err)
		}
		var old []thing
		removed, alone := runs{}, runs{}
		ages := j.agesOf(things)
		for _, t := range things {
			run, began, _ := runOf(runForm, t.name)
			if over, why := ages.over(run, began); !over {
				alone.add(run, t.kind, why)
				continue
			}
			removed.add(run, t.kind, "")
			old = append(old, t)
		}
		errs := j.clear(ctx, old)
		for _, p := range probes {
			run, began, _ := runOf(probeForm, p.name)
			if over, why := ages.probeOver(run, began); !over {
				alone.add(run, "image of pool "+p.pool, why)
				continue
			}
			removed.add(run, "image of pool "+p.pool, "")
			if err := j.removeProbe(ctx, p); err != nil {
				errs = append(errs, fmt.Errorf("%s/%s in cluster %s: %w (by hand: rbd rm %s)", p.pool, p.name, p.cluster, err,
					cephstack.ShellQuote(p.pool+"/"+p.name)))
			}
		}
		left, err := j.leftovers(ctx, ids(old))
		if len(left) > 0 {
			errs = append(errs, fmt.Errorf("still in pools or their trash (by hand: rbd rm, or rbd trash rm): %s",
				strings.Join(left, ", ")))
		}
		return older(removed, alone, time.Now(), errors.Join(append(errs, err)...))
	})
}

// runs are what runs left.
type runs map[string]rest

// A rest is what a run left, counted by kind, and why the rest stays.
type rest struct {
	kinds map[string]int
	why   string
}

func (r runs) add(run, kind, why string) {
	if r[run].kinds == nil {
		r[run] = rest{map[string]int{}, why}
	}
	r[run].kinds[kind]++
}

// text lists runs with their age, what they left, and why that stays.
func (r runs) text(now time.Time) string {
	var lines []string
	for _, run := range slices.Sorted(maps.Keys(r)) {
		began, _ := time.Parse(runTime, run[strings.LastIndexByte(run, '-')+1:])
		var parts []string
		for _, kind := range slices.Sorted(maps.Keys(r[run].kinds)) {
			parts = append(parts, fmt.Sprintf("%d %s", r[run].kinds[kind], kind))
		}
		age := fmt.Sprintf("%s old", now.Sub(began).Round(time.Minute))
		switch why := r[run].why; {
		case why == "" || why == "its name is "+age:
		case now.Before(began):
			age = why
		default:
			age += " by its name, but " + why
		}
		lines = append(lines, fmt.Sprintf("%s (%s): %s", run, age, strings.Join(parts, ", ")))
	}
	return strings.Join(lines, "; ")
}

// older says what came of what older runs left.
func older(removed, alone runs, now time.Time, err error) (string, error) {
	var texts []string
	if len(removed) > 0 && err == nil {
		texts = append(texts, "removed what was left of "+removed.text(now))
	}
	if len(alone) > 0 {
		texts = append(texts, "left alone, as its run may still go on: "+alone.text(now))
	}
	if err != nil {
		return "", fmt.Errorf("found what is left of %s; not all of it could be removed: %w", removed.text(now), err)
	}
	if len(texts) == 0 {
		return "nothing was left", nil
	}
	return strings.Join(texts, "; "), nil
}

// A probeImage is an RBD image with which a run tried a right.
type probeImage struct{ cluster, pool, name string }

// oldProbes lists the images that runs left when they tried rights.
func (j *journey) oldProbes(ctx context.Context) ([]probeImage, error) {
	var found []probeImage
	for cluster, pools := range j.Site.Pools {
		for _, p := range pools {
			names, err := j.images(cluster).List(ctx, p.Name)
			if errors.Is(err, ceph.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("pool %s in cluster %s: %w", p.Name, cluster, err)
			}
			for _, name := range names {
				if _, _, ok := runOf(probeForm, name); ok {
					found = append(found, probeImage{cluster, p.Name, name})
				}
			}
		}
	}
	return found, nil
}

// removeProbe removes an image as a user who may write to its pool.
func (j *journey) removeProbe(ctx context.Context, p probeImage) error {
	for _, u := range j.Site.Users {
		if u.Cluster != p.cluster {
			continue
		}
		for _, r := range j.Site.Rights(u.User) {
			d, ok := j.doorOf(u.User)
			if !ok || r.Pool != p.pool || !r.Write || !r.Allowed || r.Data {
				continue
			}
			return j.undoProbe(ctx, d, u.User, p)
		}
	}
	return errors.New("no host was read that has the keyring of a user who may write there")
}

func (j *journey) undoProbe(ctx context.Context, d door, id spec.User, p probeImage) error {
	as := host.Prober{User: id, Name: p.name, As: d.run}
	results, err := j.World.Hosts[d.host].Do(ctx, as.Undo(want.Right{Pool: p.pool}))
	if err == nil && (results[0].Err != nil || results[0].Exit != 0) {
		err = failure(results[0])
	}
	if err != nil {
		return fmt.Errorf("host %s: %w", d.host, err)
	}
	return nil
}
