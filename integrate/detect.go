package integrate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A Detection is what the hosts told about the cloud's release.
type Detection struct {
	Release string           // that all agree on who tell; empty when there is none
	Seen    []ServiceRelease // by host, the computes first
}

// A ServiceRelease is what a service on a host told.
type ServiceRelease struct {
	Host, Service string
	Program       string // the package or the container whose version it is
	Version       string // empty when it is not there, or not known
	Release       string // empty when it cannot be told
	Err           error  // why
}

// DetectRelease asks the hosts, in one exchange each, which release the packages
// of their services are of, or the images of Kolla's containers. All that tell
// must agree; a host that cannot be asked, or whose services are installed another
// way, does not keep the others from telling. The release is for Spec.Release,
// which is not looked at; all other faults of the Spec are errors as in Validate.
// The Detection has what was seen also when there is an error.
func DetectRelease(ctx context.Context, cfg Config) (Detection, error) {
	cfg.Spec.Release = ""
	if err := cfg.Spec.ValidateExceptRelease(); err != nil {
		return Detection{}, err
	}
	in, err := newIntegration(cfg)
	if err != nil {
		return Detection{}, err
	}
	var names []string
	for _, h := range in.site.inOrder() {
		names = append(names, h.Name)
	}
	outcomes := remote.Each(ctx, names, in.limit(), func(ctx context.Context, name string) ([]ServiceRelease, error) {
		defer in.rest(name)
		return in.askRelease(ctx, in.host(name))
	})
	var d Detection
	for _, o := range outcomes {
		if o.Err != nil {
			d.Seen = append(d.Seen, in.untold(in.host(o.Name), o.Err)...)
		}
		d.Seen = append(d.Seen, o.Value...)
	}
	if err := ctx.Err(); err != nil {
		return d, err
	}
	return d.agree()
}

// askRelease asks one host.
func (in *Integration) askRelease(ctx context.Context, h spec.Host) ([]ServiceRelease, error) {
	var q query
	var packages []string
	for _, service := range in.site.servicesOf(h) {
		if l := in.site.service(h, service); l.kolla == nil {
			packages = append(packages, l.program)
		}
	}
	if len(packages) > 0 {
		q.ops = append(q.ops, remote.Packages{Names: packages})
	}
	q.inspects(in.site.containersOn(h))
	results, _, err := in.lookIn(ctx, h.Name, q.ops...)
	if err != nil {
		return nil, err
	}
	if len(results) != len(q.ops) {
		return nil, fmt.Errorf("%s: %d results for %d operations", h.Name, len(results), len(q.ops))
	}
	seen := newObservedHost()
	if err := seen.take(q, results); err != nil {
		return nil, err
	}
	seen.takeContainers(q.containers)
	told := in.untold(h, nil)
	for i := range told {
		told[i].read(seen, in.site.service(h, told[i].Service))
	}
	return told, nil
}

// untold are a host's services of which nothing is known yet.
func (in *Integration) untold(h spec.Host, err error) []ServiceRelease {
	var out []ServiceRelease
	for _, service := range in.site.servicesOf(h) {
		l := in.site.service(h, service)
		out = append(out, ServiceRelease{Host: h.Name, Service: service, Program: l.releasedAs(), Err: err})
	}
	return out
}

// read tells the release from what was seen on the host.
func (s *ServiceRelease) read(seen *observedHost, l serviceLayout) {
	version := seen.versionOf(l)
	if s.Version = version; version == "" {
		s.Err = fmt.Errorf("%s is not there, or has no version", s.Program)
		return
	}
	r, err := l.releaseOf(version)
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
	switch len(releases) {
	case 0:
		return d, fmt.Errorf("%w\n%s", &spec.FieldError{Path: "release", Message: "is missing, and no host tells it; name it"}, d)
	case 1:
		d.Release = releases[0]
		return d, nil
	}
	const say = "is missing, and the hosts do not agree; name the one that is wanted, and the plan says which hosts are of another"
	return d, fmt.Errorf("%w\n%s", &spec.FieldError{Path: "release", Message: say}, d)
}

// String tells what was found and from what, a line for each release, and the
// services that did not tell.
func (d Detection) String() string {
	lines := map[string][]string{}
	var untold strings.Builder
	for _, s := range d.Seen {
		if s.Release == "" {
			fmt.Fprintf(&untold, "%s %s does not tell its release: %v\n", s.Host, s.Service, s.Err)
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
		fmt.Fprintf(&b, "OpenStack %s: %s%s\n", r, strings.Join(all, ", "), more)
	}
	return b.String() + untold.String()
}

// manyTold is how many services of a release are named one by one.
const manyTold = 12
