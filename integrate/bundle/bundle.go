package bundle

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// Contents are what a bundle is made of. What is zero is not in it.
type Contents struct {
	Spec  spec.Spec
	World world.World // asked for logs, packages, keys and versions
	// Secrets are more that is not to be in the bundle, such as passwords of logins.
	Secrets []cephstack.Redacted
	Command []string // the program and its arguments, as somebody called it
	Err     error    // how the operation ended
	Plan    *integrate.Plan
	Result  *integrate.Result // of Apply
	Parts   []integrate.Part  // of Converge, such as those that did not end well
	Report  *integrate.Report // of Verify
	Events  *Recorder
	// Hosts are those whose logs are taken. Where it is nil, these are the hosts of changes, checks and findings
	// that did not end well.
	Hosts []string
}

// Options bound what a bundle takes from hosts. A zero is the default.
type Options struct {
	Lines      int           // of the log of a unit; 300 by default
	UnitBytes  int           // of each log; 64 KiB by default
	TotalBytes int           // of all logs together; 16 MiB by default
	Hosts      int           // how many hosts are asked; 50 by default
	Timeout    time.Duration // of all questions to hosts and clusters together; 1 minute by default
	Parallel   int           // how many hosts are asked at once; 8 by default
}

func (o Options) filled() Options {
	return Options{cmp.Or(o.Lines, 300), cmp.Or(o.UnitBytes, 64<<10), cmp.Or(o.TotalBytes, 16<<20),
		cmp.Or(o.Hosts, 50), cmp.Or(o.Timeout, time.Minute), cmp.Or(o.Parallel, 8)}
}

// Check reports whether Write can make the file: an error that wraps fs.ErrExist if something is there already, and
// another one if the folder is not there.
func Check(name string) error {
	if _, err := os.Lstat(name); err == nil {
		return &fs.PathError{Op: "write", Path: name, Err: fs.ErrExist}
	}
	info, err := os.Stat(filepath.Dir(name))
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "write", Path: filepath.Dir(name), Err: fs.ErrInvalid}
	}
	return err
}

// Write asks hosts and clusters, and makes the file NAME, a tar archive that gzip has compressed. Its mode is 0600. The
// file is there as a whole, or not at all. A file that is there already is left as it is.
func Write(ctx context.Context, name string, c Contents, o Options) error {
	if err := Check(name); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	data, err := archive(c.files(ctx, o.filled()))
	if err == nil {
		err = create(name, data)
	}
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return nil
}

// A file is a file of a bundle.
type file struct{ name, text string }

// files are those of the bundle, without secrets.
func (c Contents) files(ctx context.Context, o Options) []file {
	s := &Scrubber{}
	s.Add(c.Secrets...)
	if c.World.Cloud != nil {
		s.Add(c.World.Cloud.Secrets()...)
	}
	g := c.gather(ctx, o)
	text := yamlOf(c.Spec)
	for _, secret := range slices.Concat(g.secrets, secretsOfSpec(reflect.ValueOf(c.Spec)), secretsIn(text, false)) {
		s.add(secret)
	}
	files := []file{
		{"command.txt", c.command()},
		{"error.txt", c.failure()},
		{"findings.txt", c.findings()},
		{"versions.txt", c.versions(g)},
		{"spec.yaml", text},
		{"plan.json", jsonOf(withoutDigests(c.Plan), c.Plan != nil, s)},
		{"result.json", jsonOf(c.Result, c.Result != nil, s)},
		{"parts.json", jsonOf(partsOf(c.Parts), len(c.Parts) > 0, s)},
		{"report.json", jsonOf(c.Report, c.Report != nil, s)},
		{"events.jsonl", jsonLines(c.Events.text(), s)},
		{"hosts.txt", g.told},
	}
	files = append(files, g.files...)
	files = slices.DeleteFunc(files, func(f file) bool { return f.text == "" })
	for i, f := range files {
		files[i] = file{s.Text(f.name), f.text}
		if ext := filepath.Ext(f.name); ext != ".json" && ext != ".jsonl" { // of those, each value was looked at
			files[i].text = s.Text(f.text)
		}
	}
	return append([]file{{"README.txt", readme(files, time.Now())}}, files...)
}

func (c Contents) command() string {
	if len(c.Command) == 0 {
		return ""
	}
	var quoted []string
	for _, word := range c.Command {
		quoted = append(quoted, cephstack.ShellQuote(word))
	}
	return strings.Join(quoted, " ") + "\n"
}

func (c Contents) failure() string {
	if c.Err == nil {
		return ""
	}
	return c.Err.Error() + "\n"
}

// findings are those of the plan and of the parts, and the checks that did not pass.
func (c Contents) findings() string {
	var b strings.Builder
	add := func(p *integrate.Plan) {
		if p == nil {
			return
		}
		for _, f := range p.Findings {
			fmt.Fprintln(&b, f)
		}
	}
	add(c.Plan)
	for _, p := range c.Parts {
		add(p.Plan)
	}
	if c.Report != nil {
		b.WriteString(c.Report.String())
	}
	return b.String()
}

// versions are those of this program and of the world.
func (c Contents) versions(g *gathered) string {
	var b strings.Builder
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintf(&b, "program: %s, module %s %s\n", info.Path, info.Main.Path, cmp.Or(info.Main.Version, "(devel)"))
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs.") {
				fmt.Fprintf(&b, "%s: %s\n", s.Key, s.Value)
			}
		}
		for _, d := range info.Deps {
			if strings.HasSuffix(d.Path, "/cephstack") {
				fmt.Fprintf(&b, "uses %s %s\n", d.Path, d.Version)
			}
		}
	}
	fmt.Fprintf(&b, "go: %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	release := c.Spec.Release
	if release == "" && c.Plan != nil {
		release = c.Plan.Release
	}
	fmt.Fprintf(&b, "openstack: %s\n%s", cmp.Or(release, "(not known)"), g.clusters)
	return b.String()
}

// concerned are the hosts whose logs are taken, in the order of the Spec.
func (c Contents) concerned() []string {
	if c.Hosts != nil {
		return c.Hosts
	}
	names := map[string]bool{}
	plans := []*integrate.Plan{c.Plan}
	results := []*integrate.Result{c.Result}
	for _, p := range c.Parts {
		plans, results = append(plans, p.Plan), append(results, p.Result)
	}
	for _, p := range plans {
		if p == nil {
			continue
		}
		for _, f := range p.Findings {
			if f.Problem {
				for _, name := range append(f.Hosts, f.Target) {
					names[name] = true
				}
			}
		}
	}
	for _, r := range results {
		if r == nil {
			continue
		}
		for _, o := range r.Outcomes {
			if o.Status == integrate.Failed || o.Status == integrate.Unknown {
				names[o.Change.Target] = true
			}
		}
	}
	if c.Report != nil {
		for _, check := range c.Report.Checks {
			if check.Status != integrate.Pass {
				names[check.Target] = true
			}
		}
	}
	var hosts []string
	for _, h := range c.Spec.Hosts {
		if names[h.Name] {
			hosts = append(hosts, h.Name)
		}
	}
	return hosts
}
