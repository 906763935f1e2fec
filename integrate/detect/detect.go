// Package detect asks the hosts of a Spec which release of OpenStack they run.
//
// # Use
//
// To let the hosts tell the release that a Spec leaves out: see the Example.
//
//	d, err := detect.Release(ctx, integrate.Config{Spec: s, World: w})
//	s.Release = d.Release
//
// # Errors
//
// A Spec with other faults, a World that lacks a part, and hosts that do not agree are errors. A host that cannot be
// asked is not an error as long as another host tells the release: Detection.Seen has what kept that host from telling.
//
// # Concurrency and cancellation
//
// Hosts are asked in parallel, at most Config.Parallel at a time. Release ends with the error of ctx when that is done.
//
// # Testing
//
// Package integratetest has a whole cloud in memory, whose hosts tell the release of its Spec.
package detect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/fold"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A Detection is what the hosts told about the cloud's release.
type Detection struct {
	Release string           // the release that all agree on who tell a release; empty when there is no such release
	Seen    []ServiceRelease // by host, the computes first
}

// A ServiceRelease is what a service on a host told.
type ServiceRelease struct {
	Host, Service string
	Program       string // the package or the container whose version was read
	Version       string // empty when the program is not there, or has no version that is known
	Release       string // empty when the version does not tell the release
	Err           error  // why Version or Release is empty
}

// Release asks the hosts, in one exchange each, which release their services are of. It reads the versions of the
// services' packages, or the images of Kolla's containers. All services that tell a release must agree. A host that
// cannot be asked, or whose services are installed another way, does not keep the others from telling.
//
// The Detection's Release is for Spec.Release, which is not looked at. All other faults of the Spec are errors, as in
// Validate. The Detection has what was seen also when there is an error.
func Release(ctx context.Context, cfg integrate.Config) (Detection, error) {
	cfg.Spec.Release = ""
	if err := cfg.Spec.ValidateExceptRelease(); err != nil {
		return Detection{}, err
	}
	e, err := engine.New(engine.Engine{Site: want.Resolve(cfg.Spec), World: cfg.World, Parallel: cfg.Parallel})
	if err != nil {
		return Detection{}, err
	}
	ask := func(ctx context.Context, name string) ([]ServiceRelease, error) {
		return askHost(ctx, e, e.Site.Host(name))
	}
	var d Detection
	for _, o := range remote.Each(ctx, e.HostsIn(engine.Scope{}), e.Parallel, ask) {
		if o.Err != nil {
			d.Seen = append(d.Seen, untold(e.Site, e.Site.Host(o.Name), o.Err)...)
		}
		d.Seen = append(d.Seen, o.Value...)
	}
	if err := ctx.Err(); err != nil {
		return d, err
	}
	return d.agree()
}

// askHost asks one host.
func askHost(ctx context.Context, e *engine.Engine, h spec.Host) ([]ServiceRelease, error) {
	var ops []remote.Op
	var packages []string
	for _, service := range e.Site.ServicesOf(h) {
		if l := e.Site.Service(h, service); l.Kolla == nil {
			packages = append(packages, l.Program)
		}
	}
	if len(packages) > 0 {
		ops = append(ops, remote.Packages{Names: packages})
	}
	if names := e.Site.ContainersOn(h); len(names) > 0 {
		ops = append(ops, place.Inspect(names)...)
	}
	seen, err := e.Ask(ctx, h.Name, ops)
	if err != nil {
		return nil, err
	}
	told := untold(e.Site, h, nil)
	for i := range told {
		told[i].read(e.Site.Service(h, told[i].Service), seen, e.Site.Containers(seen))
	}
	return told, nil
}

// untold lists a host's services of which nothing is known yet.
func untold(site *want.Site, h spec.Host, err error) []ServiceRelease {
	var out []ServiceRelease
	for _, service := range site.ServicesOf(h) {
		l := site.Service(h, service)
		out = append(out, ServiceRelease{Host: h.Name, Service: service, Program: l.ReleasedAs(), Err: err})
	}
	return out
}

// read tells the release from what was seen on the host.
func (s *ServiceRelease) read(l place.Service, seen *step.Host, boxes place.Containers) {
	if s.Version = l.Version(seen, boxes); s.Version == "" {
		s.Err = fmt.Errorf("%s is not there, or has no version", s.Program)
		return
	}
	r, err := l.ReleaseOf(s.Version)
	s.Release, s.Err = string(r), err
}

// agree finds the release that all services are of.
func (d Detection) agree() (Detection, error) {
	var releases []string
	for _, s := range d.Seen {
		if s.Release != "" && !slices.Contains(releases, s.Release) {
			releases = append(releases, s.Release)
		}
	}
	if len(releases) == 1 {
		d.Release = releases[0]
		return d, nil
	}
	fault := &spec.FieldError{Path: "release", Message: "is missing, and the hosts do not agree; " +
		"name the one that is wanted, and the plan says which hosts are of another"}
	if len(releases) == 0 {
		fault.Message = "is missing, and no host tells it; name it"
	}
	return d, fmt.Errorf("%w\n%s", fault, d)
}

// String tells what was found and from what, a line for each release, and the
// services that did not tell: one line for those that do not for the same reason.
func (d Detection) String() string {
	lines := map[string][]string{}
	var silent []ServiceRelease
	for _, s := range d.Seen {
		if s.Release == "" {
			silent = append(silent, s)
			continue
		}
		lines[s.Release] = append(lines[s.Release], s.Program+" "+s.Version+" on "+s.Host)
	}
	var b strings.Builder
	for _, r := range slices.Sorted(maps.Keys(lines)) {
		all := slices.Compact(lines[r])
		more := ""
		if n := len(all) - manyTold; n > 0 {
			all, more = all[:manyTold], fmt.Sprintf(", and %d more", n)
		}
		fmt.Fprintln(&b, words.Message(fmt.Sprintf("OpenStack %s: %s%s", r, strings.Join(all, ", "), more)))
	}
	for _, equal := range fold.Lists(silent, func(s ServiceRelease) string { return s.Host }, reason) {
		host, why := equal[0].Host, fmt.Sprint(equal[0].Err)
		if len(equal) > 1 {
			var hosts []string
			for _, s := range equal {
				hosts = append(hosts, s.Host)
			}
			host = fmt.Sprintf("%d hosts (%s)", len(hosts), strings.Join(spec.FoldNames(hosts), ","))
			why = fold.WithoutName(why, equal[0].Host, fold.Itself)
		}
		fmt.Fprintln(&b, words.Message(fmt.Sprintf("%s %s does not tell its release: %s", host, equal[0].Service, why)))
	}
	return b.String()
}

// reason is why a service does not tell its release, without the name of its host.
func reason(s ServiceRelease) string {
	return s.Service + ": " + fold.WithoutName(fmt.Sprint(s.Err), s.Host, fold.Itself)
}

// manyTold is how many services of a release are named one by one.
const manyTold = 12
