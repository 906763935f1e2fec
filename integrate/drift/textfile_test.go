package drift_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/drift"
)

// scraped is a textfile as Prometheus's own parser reads it.
func scraped(t testing.TB, path string) map[string]*dto.MetricFamily {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(data))
	require.NoError(t, err, "%s", data)
	return families
}

// value is the value of the only series of a family.
func value(t testing.TB, families map[string]*dto.MetricFamily, name string) float64 {
	t.Helper()
	require.NotNil(t, families[name], name)
	require.Len(t, families[name].Metric, 1, name)
	return families[name].Metric[0].GetGauge().GetValue()
}

func labels(m *dto.Metric) map[string]string {
	out := map[string]string{}
	for _, l := range m.Label {
		out[l.GetName()] = l.GetValue()
	}
	return out
}

const last = "cephstack_drift_last_success_timestamp_seconds"

func TestTextfileOfARunAndOfAFailedOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.prom")
	began := time.Unix(1_700_000_000, 0)
	r := &drift.Report{Status: drift.Found, Drift: []drift.Item{
		{ID: "pool/ceph/images", Kind: "pool", Target: "ceph"},
		{ID: "unit/c/x", Kind: "unit", Target: "c", Because: "settings/c/x"}}}
	require.NoError(t, drift.WriteTextfile(path, drift.Run{Spec: "cloud", Report: r, Began: began, Took: 2 * time.Second}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode().Perm())
	f := scraped(t, path)
	assert.Equal(t, 1.0, value(t, f, "cephstack_drift_run_success"))
	assert.Equal(t, 1_700_000_002.0, value(t, f, last))
	assert.Equal(t, 2.0, value(t, f, "cephstack_drift_duration_seconds"))
	assert.Equal(t, 1.0, value(t, f, "cephstack_drift_resources"), "without consequences")
	assert.Equal(t, map[string]string{"spec": "cloud", "id": "pool/ceph/images", "kind": "pool", "target": "ceph"},
		labels(f["cephstack_drift"].Metric[0]))

	// A run that failed keeps when a run last succeeded, and says nothing of resources.
	began = began.Add(time.Hour)
	require.NoError(t, drift.WriteTextfile(path, drift.Run{Spec: "cloud", Began: began}))
	f = scraped(t, path)
	assert.Equal(t, 0.0, value(t, f, "cephstack_drift_run_success"))
	assert.Equal(t, 1_700_000_002.0, value(t, f, last))
	assert.Equal(t, 1_700_003_600.0, value(t, f, "cephstack_drift_last_run_timestamp_seconds"))
	assert.NotContains(t, f, "cephstack_drift_resources")
	assert.NotContains(t, f, "cephstack_drift")

	// A run that could not tell all is no success either.
	r = &drift.Report{Status: drift.Unknown, Unknown: []integrate.Finding{
		{Code: "host-unreadable", Problem: true, Hosts: []string{"a", "b"}}, {Code: "host-unreadable", Target: "a"}}}
	require.NoError(t, drift.WriteTextfile(path, drift.Run{Spec: "cloud", Report: r, Began: began}))
	f = scraped(t, path)
	assert.Equal(t, 1.0, value(t, f, "cephstack_drift_run_success"))
	assert.Equal(t, 1_700_000_002.0, value(t, f, last))
	assert.Equal(t, 2.0, value(t, f, "cephstack_drift_unknowns"))
	assert.Len(t, f["cephstack_drift_unknown"].Metric, 2, "no series is there twice")
}

// TestTextfileOfAnyNames: whatever is in a name, Prometheus reads it back, and a key is not there.
func TestTextfileOfAnyNames(t *testing.T) {
	key := "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw=="
	for _, name := range []string{`a"b\c`, "two\nlines", "käse", "{x=\"y\"} 1", `\`, `\n`, "tab\there", ""} {
		path := filepath.Join(t.TempDir(), "x.prom")
		r := &drift.Report{Status: drift.Found, Drift: []drift.Item{{ID: name, Kind: "file", Target: name}}}
		require.NoError(t, drift.WriteTextfile(path, drift.Run{Spec: name, Report: r}), name)
		got := labels(scraped(t, path)["cephstack_drift"].Metric[0])
		assert.Equal(t, name, got["id"])
		assert.Equal(t, name, got["spec"])
		require.NoError(t, drift.WriteTextfile(path, drift.Run{Spec: name}), "the file is known again: %q", name)
		assert.NotZero(t, value(t, scraped(t, path), last), "%q", name)
	}
	path := filepath.Join(t.TempDir(), "x.prom")
	r := &drift.Report{Drift: []drift.Item{{ID: "file/h/" + key + "\xff", Kind: "file"}}}
	require.NoError(t, drift.WriteTextfile(path, drift.Run{Report: r}))
	scraped(t, path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(data), key)
}

func FuzzTextfile(f *testing.F) {
	f.Add("cloud", "pool/ceph/images", "ceph")
	f.Add("a\"\n", "\\", "\xff")
	f.Fuzz(func(t *testing.T, spec, id, target string) {
		path := filepath.Join(t.TempDir(), "x.prom")
		r := &drift.Report{Drift: []drift.Item{{ID: id, Target: target}, {ID: id, Target: target}},
			Unknown: []integrate.Finding{{Code: id, Object: target}}}
		require.NoError(t, drift.WriteTextfile(path, drift.Run{Spec: spec, Report: r}))
		assert.Len(t, scraped(t, path)["cephstack_drift"].Metric, 1)
		require.NoError(t, drift.WriteTextfile(path, drift.Run{Spec: spec}))
	})
}

func TestTextfileRefuses(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "x.txt"):          "end in .prom",
		filepath.Join(dir, ".prom"):          "end in .prom",
		filepath.Join(dir, "none", "x.prom"): "no such file",
	} {
		assert.ErrorContains(t, drift.CheckTextfile(path), want)
		assert.ErrorContains(t, drift.WriteTextfile(path, drift.Run{}), want)
	}
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	assert.ErrorContains(t, drift.CheckTextfile(filepath.Join(plain, "x.prom")), "not a folder")

	foreign := filepath.Join(dir, "foreign.prom")
	require.NoError(t, os.WriteFile(foreign, []byte("node_x 1\n"), 0o600))
	assert.ErrorContains(t, drift.WriteTextfile(foreign, drift.Run{Spec: "cloud"}), "is not the file of a drift check")
	data, err := os.ReadFile(foreign)
	require.NoError(t, err)
	assert.Equal(t, "node_x 1\n", string(data), "what is of others stays")

	mine := filepath.Join(dir, "mine.prom")
	require.NoError(t, drift.WriteTextfile(mine, drift.Run{Spec: "a"}))
	assert.ErrorContains(t, drift.WriteTextfile(mine, drift.Run{Spec: "b"}), `of Spec "b"`)
}

// TestTextfileIsNeverHalf: whoever reads while others write sees a whole file, and no other file stays.
func TestTextfileIsNeverHalf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.prom")
	long := &drift.Report{Status: drift.Found}
	for range 2000 {
		long.Drift = append(long.Drift, drift.Item{ID: strings.Repeat("x", 50) + time.Now().String(), Kind: "file"})
	}
	require.NoError(t, drift.WriteTextfile(path, drift.Run{Report: long}))
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for _, r := range []*drift.Report{long, nil} {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					assert.NoError(t, drift.WriteTextfile(path, drift.Run{Report: r}))
				}
			}
		})
	}
	for range 50 {
		f := scraped(t, path)
		if value(t, f, "cephstack_drift_run_success") == 1 {
			assert.Len(t, f["cephstack_drift_unknown"].GetMetric(), 0)
			assert.Contains(t, f, "cephstack_drift")
		}
	}
	close(stop)
	writers.Wait()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

// TestTextfileOnAFullDisk keeps the file of before.
func TestTextfileOnAFullDisk(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root may write anywhere; the folder is taken away instead")
	}
	dir := filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "x.prom")
	require.NoError(t, os.Mkdir(path, 0o700)) // a folder is in the way of the file
	err := drift.WriteTextfile(path, drift.Run{})
	require.Error(t, err)
	assert.False(t, errors.Is(err, os.ErrNotExist))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no other file stays")
}
