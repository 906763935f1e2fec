package htmlreport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/htmlreport"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A sample is a plan or a report with its options.
type sample struct {
	name    string
	options htmlreport.Options
	plan    *integrate.Plan
	report  *integrate.Report
}

// page is the sample as HTML.
func (s sample) page(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if s.plan != nil {
		require.NoError(t, htmlreport.Plan(&b, s.plan, s.options))
	} else {
		require.NoError(t, htmlreport.Report(&b, s.report, s.options))
	}
	return b.String()
}

func options(s spec.Spec) htmlreport.Options {
	return htmlreport.Options{Spec: s, Time: time.Date(2026, 7, 28, 9, 30, 0, 0, time.UTC), Program: "cephstack v1.0.0"}
}

// quickstart is the Spec of examples/quickstart.
func quickstart(t *testing.T) spec.Spec { return load(t, "../../examples/quickstart/cloud.yaml") }

func load(t *testing.T, path string) spec.Spec {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	s, err := spec.Load(f, ".")
	require.NoError(t, err)
	return s
}

func parse(t *testing.T, text string) spec.Spec {
	t.Helper()
	s, err := spec.Load(strings.NewReader(text), ".")
	require.NoError(t, err)
	return s
}

// several is a cloud of two clusters, of controllers that stand by, and of many uses.
const several = `
release: zed
packages: install
clusters:
  - {name: ceph}
  - name: ssd
    erasure_profiles: [{name: k2m1, k: 2, m: 1}]
    pools: [{name: fast-data, erasure_profile: k2m1}]
hosts:
  - {name: controller1, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: controller2, services: [glance-api, cinder-volume, cinder-backup], standby: [cinder-volume, cinder-backup]}
  - {name: "compute[01-12]", services: [nova-compute]}
  - {name: hyper1, services: [nova-compute, cinder-volume], standby: [cinder-volume]}
glance:
  pool: images
  user: glance
  stores: [{name: near, cluster: ssd, pool: images-near, user: glance-near}]
cinder:
  backends:
    - {name: slow, pool: volumes, user: cinder, volume_type: slow, options: {backend_host: all}}
    - {name: fast, cluster: ssd, pool: fast, data_pool: fast-data, user: cinder-fast, options: {backend_host: all}}
backup: {pool: backups, user: cinder-backup}
nova: {pool: vms, user: nova}
`

// thousand is a cloud of a thousand computes.
const thousand = `
release: zed
packages: install
clusters: [{name: ceph}]
hosts:
  - {name: "controller[1-3]", services: [glance-api, cinder-volume]}
  - {name: "compute[0001-1000]", services: [nova-compute]}
glance: {pool: images, user: glance}
cinder: {cluster: ha, coordination: "etcd3+http://:very-secret-word@203.0.113.5:2379", backends: [{name: ceph}]}
nova: {pool: vms, user: nova}
`

// hostile are texts that try to be markup, to leave their place, or to look like something else.
func hostile() []string {
	return []string{`<script>document.title="owned"</script>`, `"><img src=x onerror=alert(1)>`, `'onclick='alert(1)`,
		`</style><style>*{display:none}</style>`, `{{.}}`, `javascript:alert(1)`, "\x1b[31mred\x1b[0m", "a\u202eb",
		"\x00\xff", `--><!--`, `</title></head>`, `]]>`, "&amp;&lt;", strings.Repeat("long", 700), "日本語の名前",
		"line one\nline two\tx"}
}

// hostilePlan has hostile texts wherever a plan has a text.
func hostilePlan() *integrate.Plan {
	p := &integrate.Plan{Format: 1, Release: hostile()[0], Spec: hostile()[1],
		Clusters: map[string]string{hostile()[2]: hostile()[0]}}
	for i, h := range hostile() {
		for _, stage := range []integrate.Stage{"cluster", "computes", "controllers", "cloud"} {
			p.Changes = append(p.Changes, integrate.Change{ID: "file/" + h + "/" + fmt.Sprint(i) + string(stage),
				Stage: stage, Kind: h, Action: integrate.Update, Target: h, Name: h, Reason: h, Needs: []string{h},
				Diffs: []integrate.FieldDiff{{Field: h, Observed: h, Desired: h + "!", Why: h}, {Field: h, Observed: h}}})
		}
		p.Findings = append(p.Findings,
			integrate.Finding{Code: h, Problem: i%2 == 0, Target: h, Object: h, Message: h, Because: h},
			integrate.Finding{Code: h, Hosts: []string{h, "x"}, Message: h})
		p.LeftOut = append(p.LeftOut, h)
	}
	return p
}

func hostileReport() *integrate.Report {
	r := &integrate.Report{Format: 1, Spec: hostile()[0], LeftOut: hostile(), ChecksLeftOut: hostile()}
	for i, h := range hostile() {
		status := []integrate.CheckStatus{integrate.Pass, integrate.Fail, integrate.Unable}[i%3]
		for _, id := range []string{"files/" + h, "pools/" + h, "rights-" + h, "volume-types", h} {
			r.Checks = append(r.Checks, integrate.Check{ID: id, Name: h, Target: h, Status: status, Evidence: h, Next: h,
				Because: h, Seconds: float64(i) / 7, Diffs: []integrate.FieldDiff{{Field: h, Observed: h, Desired: h, Why: h}}})
		}
		r.Notes = append(r.Notes, integrate.Finding{Code: h, Target: h, Message: h})
	}
	return r
}

// made has the samples once they are made.
var made []sample

// samples are plans and reports of several worlds. They are made once, as a thousand hosts take their time.
func samples(t *testing.T) []sample {
	t.Helper()
	if made == nil {
		made = makeSamples(t)
	}
	return made
}

func makeSamples(t *testing.T) []sample {
	t.Helper()
	all := []sample{
		{name: "empty-plan", plan: &integrate.Plan{Format: 1}},
		{name: "empty-report", report: &integrate.Report{Format: 1}},
		{name: "hostile-plan", plan: hostilePlan(), options: options(parse(t, several))},
		{name: "hostile-report", report: hostileReport(), options: options(parse(t, several))},
	}
	return slices.Concat(all, fresh(t, "quickstart", quickstart(t)), fresh(t, "several", parse(t, several)),
		fresh(t, "thousand", parse(t, thousand)), done(t), failing(t))
}

// fresh is a cloud of which nothing is done: everything is to be made, and no check passes.
func fresh(t *testing.T, name string, s spec.Spec) []sample {
	in := integratetest.Open(t, s).Integration(t)
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	report, _ := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	steady(report)
	return []sample{{name: name + "-plan", plan: plan, options: options(s)},
		{name: name + "-report", report: report, options: options(s)}}
}

// done is the quickstart's cloud when it is as its Spec says: the whole journey passes.
func done(t *testing.T) []sample {
	s := quickstart(t)
	in := integratetest.Integrated(t, s).Integration(t)
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Image: integratetest.Image(), Flavor: "tiny"})
	require.NoError(t, err)
	steady(report)
	return []sample{{name: "done-plan", plan: plan, options: options(s)},
		{name: "done-report", report: report, options: options(s)}}
}

// failing is the quickstart's cloud with a host that does not answer, a key in a wrong place, and a spoilt file.
func failing(t *testing.T) []sample {
	s := quickstart(t)
	s.Hosts = append(s.Hosts, spec.Host{Name: "compute3", Services: []string{"nova-compute"}})
	w := integratetest.Integrated(t, s)
	w.Machines["compute2"].Fail = func(_ context.Context, _ remote.Op) error {
		return &remote.HostError{Host: "compute2", Step: "connect", Err: errors.New("connection refused")}
	}
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.client.cinder.keyring", []byte("not a keyring\n"), 0o640)
	in := w.Integration(t)
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	report, _ := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	steady(report)
	only, err := in.Plan(t.Context(), integrate.PlanOptions{Only: integrate.Scope{Hosts: []string{"compute1"}}})
	require.NoError(t, err)
	return []sample{{name: "failing-plan", plan: plan, options: options(s)},
		{name: "failing-report", report: report, options: options(s)},
		{name: "only-plan", plan: only, options: options(s)}}
}

// steady gives the checks durations that are the same in each run.
func steady(r *integrate.Report) {
	for i := range r.Checks {
		r.Checks[i].Seconds = float64(i%9+1) * 0.37
		if !strings.Contains(r.Checks[i].ID, "/") {
			r.Checks[i].Seconds *= 11
		}
	}
}
