package integrate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/detect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// The golden files freeze what a person and a program see of package integrate.
// `go test ./integrate -run Golden -update` writes them anew; look at the
// difference before you commit it.
//
// All access to the API of package integrate is in this file: the scenarios are
// YAML and functions that change a world.
var update = flag.Bool("update", false, "write the golden files anew")

const goldenDir = "testdata/golden"

// A goldenStep is something that happens before a plan is made: the Spec becomes
// another, or somebody changes the world.
type goldenStep struct {
	spec  string // YAML that is added to the Spec
	world func(t *testing.T, w *integratetest.World)
	// meanwhile is what happens between the plan and its being applied.
	meanwhile func(t *testing.T, w *integratetest.World)
	stored    bool // the plan is stored as JSON in between
	look      bool // nothing is applied: a restart would wait for minutes for the APIs
}

// A goldenCase is a scenario. After each step a plan and a static report are
// recorded, and the plan is applied. At the end both are recorded once more.
type goldenCase struct {
	name  string
	spec  []string // YAML documents, each of which is added to the ones before it
	steps []goldenStep

	maxFailed int // of a rollout
}

// A goldenRun is a scenario under way.
type goldenRun struct {
	t     *testing.T
	spec  spec.Spec
	world *integratetest.World
	keys  keyDigests
	files map[string]string // what was recorded, by file name
}

// yamlSpec adds YAML documents to a Spec: a list replaces the list before it.
func yamlSpec(t *testing.T, into *spec.Spec, documents ...string) {
	t.Helper()
	for _, text := range documents {
		d := yaml.NewDecoder(strings.NewReader(text))
		d.KnownFields(true)
		require.NoError(t, d.Decode(into), "%s", text)
	}
}

// newGoldenRun makes the world of a scenario.
func newGoldenRun(t *testing.T, documents []string) *goldenRun {
	t.Helper()
	r := &goldenRun{t: t, keys: keyDigests{}, files: map[string]string{}}
	yamlSpec(t, &r.spec, documents...)
	r.world = integratetest.Open(t, r.spec)
	return r
}

// integration is that of the Spec and the world as they are now.
func (r *goldenRun) integration() *integrate.Integration {
	cfg := integrate.Config{Spec: r.spec, World: r.world.World, Settle: 1, Poll: 1}
	in, err := integrate.New(cfg)
	require.NoError(r.t, err)
	return in
}

// step makes a step of the scenario happen.
func (r *goldenRun) step(s goldenStep) {
	if s.spec != "" {
		yamlSpec(r.t, &r.spec, s.spec)
	}
	if s.world != nil {
		s.world(r.t, r.world)
	}
	r.keys.learn(r.t, r.world)
}

// plan makes a plan.
func (r *goldenRun) plan(in *integrate.Integration) *integrate.Plan {
	p, err := in.Plan(r.t.Context(), integrate.PlanOptions{})
	require.NoError(r.t, err)
	return p
}

// apply applies a plan. The times that changes took are zero in the result.
func (r *goldenRun) apply(in *integrate.Integration, p *integrate.Plan) (*integrate.Result, error) {
	result, err := in.Apply(r.t.Context(), p, integrate.ApplyOptions{})
	for i := range result.Outcomes {
		result.Outcomes[i].Seconds = 0
	}
	r.keys.learn(r.t, r.world)
	return result, err
}

// stored is a plan that was stored and read again.
func (r *goldenRun) stored(p *integrate.Plan) *integrate.Plan {
	again, err := integrate.ParsePlan([]byte(asJSON(r.t, p)))
	require.NoError(r.t, err)
	return again
}

// verify makes the static report. The times that checks took are zero in it.
func (r *goldenRun) verify(in *integrate.Integration) (*integrate.Report, error) {
	report, err := in.Verify(r.t.Context(), integrate.VerifyOptions{Static: true})
	for i := range report.Checks {
		report.Checks[i].Seconds = 0
	}
	return report, err
}

// full records all that a scenario shows, as text and as JSON.
func (r *goldenRun) full(steps []goldenStep) {
	look := func(in *integrate.Integration, name string) *integrate.Plan {
		p := r.plan(in)
		r.put(name+"-plan.txt", p.String())
		r.put(name+"-plan.json", asJSON(r.t, p))
		report, err := r.verify(in)
		r.put(name+"-report.txt", report.String()+"error: "+errorText(err))
		r.put(name+"-report.json", asJSON(r.t, report))
		return p
	}
	for i, s := range steps {
		r.step(s)
		in, name := r.integration(), fmt.Sprint(i+1)
		result, err := r.apply(in, look(in, name))
		r.put(name+"-result.json", asJSON(r.t, result))
		r.put(name+"-result.txt", outcomesText(result)+"error: "+errorText(err))
	}
	look(r.integration(), "end")
}

// brief records, in one file, the findings of a scenario, the changes by their
// IDs, and the checks that do not pass.
func (r *goldenRun) brief(name string, steps []goldenStep) {
	var b strings.Builder
	look := func(in *integrate.Integration, title string) *integrate.Plan {
		p := r.plan(in)
		fmt.Fprintf(&b, "== %s: plan\n", title)
		for _, c := range p.Changes {
			fmt.Fprintf(&b, "%s %s (%s)\n", c.Action, c.ID, c.Reason)
		}
		for _, f := range p.Findings {
			fmt.Fprintf(&b, "%s%s\n", f, sentinels(f.Err))
		}
		report, err := r.verify(in)
		fmt.Fprintf(&b, "== %s: checks that do not pass, of %d\n", title, len(report.Checks))
		for _, c := range report.Checks {
			switch {
			case c.Status == integrate.Pass:
			case strings.HasPrefix(c.Next, "look at the plan"): // the evidence says no more than the plan
				fmt.Fprintf(&b, "%s %s\n", c.Status, c.Name)
			default:
				fmt.Fprintf(&b, "%s %s: %s\n  next: %s%s\n", c.Status, c.Name, c.Evidence, c.Next, sentinels(c.Err))
			}
		}
		fmt.Fprintf(&b, "error: %s", errorText(err))
		return p
	}
	for i, s := range steps {
		r.step(s)
		in, title := r.integration(), fmt.Sprint("step ", i+1)
		p := look(in, title)
		if s.look {
			continue
		}
		if s.stored {
			p = r.stored(p)
		}
		if s.meanwhile != nil {
			s.meanwhile(r.t, r.world)
		}
		result, err := r.apply(in, p)
		fmt.Fprintf(&b, "== %s: result\n%serror: %s", title, outcomesText(result), errorText(err))
	}
	look(r.integration(), "end")
	r.put(name, b.String())
}

// outcomesText is a line for each outcome.
func outcomesText(result *integrate.Result) string {
	var b strings.Builder
	for _, o := range result.Outcomes {
		fmt.Fprintf(&b, "%s %s", o.Status, o.Change.ID)
		if o.Because != "" {
			fmt.Fprintf(&b, " because of %s", o.Because)
		}
		if o.Err != nil {
			fmt.Fprintf(&b, ": %v%s", o.Err, sentinels(o.Err))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// errorText is an error with the sentinels that it is.
func errorText(err error) string {
	if err == nil {
		return "none\n"
	}
	return err.Error() + sentinels(err) + "\n"
}

// sentinels names the sentinels that an error is.
func sentinels(err error) string {
	all := []struct {
		name string
		err  error
	}{
		{"integrate.ErrConflict", integrate.ErrConflict}, {"integrate.ErrIncomplete", integrate.ErrIncomplete},
		{"integrate.ErrStopped", integrate.ErrStopped}, {"integrate.ErrChecks", integrate.ErrChecks},
		{"world.ErrLock", world.ErrLock}, {"ceph.ErrUnreachable", ceph.ErrUnreachable},
		{"ceph.ErrNotFound", ceph.ErrNotFound},
		{"ceph.ErrDenied", ceph.ErrDenied}, {"ceph.ErrInvalid", ceph.ErrInvalid},
		{"libvirtsecret.ErrUnreachable", libvirtsecret.ErrUnreachable},
		{"remote.ErrUnreachable", remote.ErrUnreachable}, {"remote.ErrAuth", remote.ErrAuth},
		{"remote.ErrSudo", remote.ErrSudo}, {"syscall.ENOSPC", syscall.ENOSPC},
		{"remote.ErrTimeout", remote.ErrTimeout}, {"remote.ErrUnitFailed", remote.ErrUnitFailed},
	}
	var names []string
	for _, s := range all {
		if errors.Is(err, s.err) {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "\n  is: " + strings.Join(names, ", ")
}

// asJSON is indented JSON that a person can read: nothing is escaped for HTML.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(v))
	return b.String()
}

// put records a file of the scenario.
func (r *goldenRun) put(name, text string) { r.files[name] = normalize(text, r.keys) }

// compare compares what was recorded with a folder of golden files, or writes it
// there.
func (r *goldenRun) compare(dir string) {
	r.t.Helper()
	if *update {
		for name, text := range r.files {
			require.NoError(r.t, os.MkdirAll(dir, 0o755))
			require.NoError(r.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
	}
	for name, got := range r.files {
		file := filepath.Join(dir, name)
		want, err := os.ReadFile(file)
		if err != nil {
			r.t.Errorf("%v; go test ./integrate -run Golden -update writes it", err)
			continue
		}
		if diff := unifiedDiff(file, string(want), got); diff != "" {
			r.t.Errorf("%s", diff)
		}
	}
}

// TestGoldenScenarios records each scenario whole.
func TestGoldenScenarios(t *testing.T) {
	var names []string
	for i, c := range goldenScenarios(t) {
		require.NotContains(t, names, c.name)
		if names = append(names, c.name); i%oneIn(3) != 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			r := newGoldenRun(t, c.spec)
			r.full(c.steps)
			dir := filepath.Join(goldenDir, c.name)
			if *update {
				require.NoError(t, os.RemoveAll(dir))
			}
			r.compare(dir)
			sameFiles(t, dir, slices.Collect(maps.Keys(r.files)))
		})
	}
	names = append(names, "detection", "faults.txt", "findings", "journeys", "rollouts")
	sameFiles(t, goldenDir, names)
}

// TestGoldenFaults records what is said of Specs that cannot be meant.
func TestGoldenFaults(t *testing.T) {
	r := &goldenRun{t: t, files: map[string]string{}}
	var b strings.Builder
	for _, documents := range goldenFaults() {
		var s spec.Spec
		yamlSpec(t, &s, documents...)
		fmt.Fprintf(&b, "== %s\n%s", strings.TrimSpace(documents[len(documents)-1]), errorText(s.Validate()))
	}
	r.put("faults.txt", b.String())
	r.compare(goldenDir)
}

// TestGoldenRollouts records in which order Converge goes, and what it says of each
// part.
func TestGoldenRollouts(t *testing.T) {
	var names []string
	for _, c := range goldenRollouts() {
		t.Run(c.name, func(t *testing.T) {
			r := newGoldenRun(t, c.spec)
			r.step(c.steps[0])
			var clusters, others []string // clusters go side by side
			opts := integrate.ConvergeOptions{ApplyOptions: integrate.ApplyOptions{Canaries: 1, MaxFailed: c.maxFailed}}
			for part := range r.integrationOfOne().Converge(t.Context(), opts) {
				if text := partText(part); part.Stage == "cluster" {
					clusters = append(clusters, text)
				} else {
					others = append(others, text)
				}
			}
			slices.Sort(clusters)
			r.put(c.name+".txt", strings.Join(clusters, "")+strings.Join(others, ""))
			r.compare(filepath.Join(goldenDir, "rollouts"))
		})
		names = append(names, c.name+".txt")
	}
	sameFiles(t, filepath.Join(goldenDir, "rollouts"), names)
}

func partText(part integrate.Part) string {
	var b strings.Builder
	fmt.Fprintf(&b, "== %s\n", part.Target)
	for _, f := range part.Plan.Findings {
		fmt.Fprintf(&b, "%s%s\n", f, sentinels(f.Err))
	}
	fmt.Fprintf(&b, "%serror: %s", outcomesText(part.Result), errorText(part.Err()))
	return b.String()
}

// TestGoldenJourneys records what the whole verification says of a cloud that is
// integrated.
func TestGoldenJourneys(t *testing.T) {
	var names []string
	for _, c := range goldenJourneys(t) {
		t.Run(c.name, func(t *testing.T) {
			r := newGoldenRun(t, c.spec)
			in := r.integration()
			_, err := r.apply(in, r.plan(in))
			require.NoError(t, err)
			r.step(c.steps[0])
			opts := integrate.VerifyOptions{Image: integratetest.Image(), Flavor: "tiny"}
			report, err := r.integration().Verify(t.Context(), opts)
			for i := range report.Checks {
				report.Checks[i].Seconds = 0
			}
			r.put(c.name+".txt", report.String()+"error: "+errorText(err))
			r.compare(filepath.Join(goldenDir, "journeys"))
		})
		names = append(names, c.name+".txt")
	}
	sameFiles(t, filepath.Join(goldenDir, "journeys"), names)
}

// TestGoldenDetection records what the hosts tell of the release.
func TestGoldenDetection(t *testing.T) {
	var names []string
	for _, c := range goldenDetections() {
		t.Run(c.name, func(t *testing.T) {
			r := newGoldenRun(t, c.spec)
			r.step(c.steps[0])
			r.spec.Release = ""
			d, err := detect.Release(t.Context(), integrate.Config{Spec: r.spec, World: r.world.World})
			r.put(c.name+".txt", "release: "+d.Release+"\n"+d.String()+"error: "+errorText(err))
			r.compare(filepath.Join(goldenDir, "detection"))
		})
		names = append(names, c.name+".txt")
	}
	sameFiles(t, filepath.Join(goldenDir, "detection"), names)
}

// integrationOfOne works on a host at a time, so that the order is always the same.
func (r *goldenRun) integrationOfOne() *integrate.Integration {
	cfg := integrate.Config{Spec: r.spec, World: r.world.World, Settle: 1, Poll: 1, Parallel: 1}
	in, err := integrate.New(cfg)
	require.NoError(r.t, err)
	return in
}

// sameFiles wants a folder to hold what has a scenario, and nothing else. While files
// are written anew, another test may not have written its own yet.
func sameFiles(t *testing.T, dir string, want []string) {
	t.Helper()
	if *update {
		return
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	slices.Sort(want)
	assert.Equal(t, want, have, "%s has files of no scenario", dir)
}
