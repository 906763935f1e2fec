package drift

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
)

// A Run is a look, for Prometheus.
type Run struct {
	// Spec tells several Specs apart, in the label spec of each metric. Give each Spec a file of its own.
	Spec string
	// Report is nil if the run failed before there was a Report.
	Report *Report
	Began  time.Time
	Took   time.Duration
}

// mostTextfile bounds what is read of a file that is to be replaced, in bytes.
const mostTextfile = 64 << 20

const lastSuccess = "cephstack_drift_last_success_timestamp_seconds"

// CheckTextfile reports whether WriteTextfile could write the file: its name ends in .prom, as node_exporter reads no
// other files, and its folder is there.
func CheckTextfile(path string) error {
	if !strings.HasSuffix(path, ".prom") || filepath.Base(path) == ".prom" {
		return fmt.Errorf("drift: %s: node_exporter reads only files whose names end in .prom", path)
	}
	info, err := os.Stat(filepath.Dir(path))
	switch {
	case err != nil:
		return fmt.Errorf("drift: the folder of %s: %w", path, err)
	case !info.IsDir():
		return fmt.Errorf("drift: the folder of %s is not a folder", path)
	}
	return nil
}

// WriteTextfile writes a run in the text format of Prometheus, for the textfile collector of node_exporter. The new
// file takes the place of the old one at once, so that nobody reads half a file. Everybody may read it (mode 0644).
// It keeps from the old file when a run last succeeded.
//
// These are the metrics. All have the label spec.
//
//	cephstack_drift_run_success                      1 if the look was made, 0 if it failed
//	cephstack_drift_last_run_timestamp_seconds       when the last run ended
//	cephstack_drift_last_success_timestamp_seconds   when the last run ended in which all could be told; 0 for never
//	cephstack_drift_duration_seconds                 how long the last run took
//	cephstack_drift_resources                        how many resources differ, without consequences
//	cephstack_drift_unknowns                         how many things could not be told
//	cephstack_drift{id,kind,target}                  1 for each resource that differs
//	cephstack_drift_unknown{code,target,object}      1 for each thing that could not be told
//
// After a run that failed, the last four are not there.
func WriteTextfile(path string, run Run) error {
	if err := CheckTextfile(path); err != nil {
		return err
	}
	before, err := successBefore(path, run.Spec)
	if err != nil {
		return err
	}
	return replace(path, metrics(run, before))
}

// metrics is the text of a run. before is when a run last succeeded before this one.
func metrics(run Run, before float64) []byte {
	w := &exposition{spec: run.Spec}
	now := float64(run.Began.Add(run.Took).UnixMilli()) / 1000
	ok := 0.0
	if run.Report != nil {
		ok = 1
		if run.Report.Status != Unknown {
			before = now
		}
	}
	w.family("cephstack_drift_run_success", "Whether the last run could look at all.")
	w.sample(ok)
	w.family("cephstack_drift_last_run_timestamp_seconds", "When the last run ended.")
	w.sample(now)
	w.family(lastSuccess, "When the last run ended in which all could be told; 0 for never.")
	w.sample(before)
	w.family("cephstack_drift_duration_seconds", "How long the last run took.")
	w.sample(run.Took.Seconds())
	if r := run.Report; r != nil {
		w.report(r)
	}
	return w.b.Bytes()
}

// report writes what a Report has.
func (w *exposition) report(r *Report) {
	w.family("cephstack_drift_resources", "How many resources differ from the Spec, without consequences.")
	w.sample(float64(r.Own()))
	w.family("cephstack_drift_unknowns", "How many things could not be told.")
	w.sample(float64(len(r.Unknown)))
	w.family("cephstack_drift", "A resource that differs from the Spec.")
	for _, i := range r.Drift {
		if i.Because == "" {
			w.sample(1, "id", i.ID, "kind", i.Kind, "target", i.Target)
		}
	}
	w.family("cephstack_drift_unknown", "Something that could not be told.")
	for _, f := range r.Unknown {
		targets := f.Hosts
		if len(targets) == 0 {
			targets = []string{f.Target}
		}
		for _, t := range targets {
			w.sample(1, "code", f.Code, "target", t, "object", f.Object)
		}
	}
}

// An exposition is a text of metrics under way.
type exposition struct {
	b    bytes.Buffer
	spec string
	name string          // of the family
	said map[string]bool // the labels that the family has: no series may be there twice
}

func (w *exposition) family(name, help string) {
	w.name, w.said = name, map[string]bool{}
	fmt.Fprintf(&w.b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

// sample writes a value with labels, each a name and a value.
func (w *exposition) sample(value float64, labels ...string) {
	var b strings.Builder
	for pair := range slices.Chunk(append([]string{"spec", w.spec}, labels...), 2) {
		fmt.Fprintf(&b, "%s=\"%s\",", pair[0], escaped(pair[1]))
	}
	text := strings.TrimSuffix(b.String(), ",")
	if w.said[text] {
		return
	}
	w.said[text] = true
	fmt.Fprintf(&w.b, "%s{%s} %s\n", w.name, text, strconv.FormatFloat(value, 'f', -1, 64))
}

// escaped is the value of a label: UTF-8, without keys.
func escaped(s string) string {
	s = strings.ToValidUTF8(cephstack.WithoutKeys(s), "\uFFFD")
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}

// successBefore is when a run last succeeded, as the file that is there says. A file of somebody else, or of another
// Spec, is refused: two Specs that write one file would take turns.
func successBefore(path, spec string) (float64, error) {
	data, _, err := cephstack.ReadFile(path, mostTextfile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("drift: %w", err)
	}
	mine := lastSuccess + `{spec="` + escaped(spec) + `"} `
	for line := range strings.Lines(string(data)) {
		text, is := strings.CutPrefix(line, mine)
		if value, err := strconv.ParseFloat(strings.TrimSpace(text), 64); is && err == nil {
			return value, nil
		}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return 0, nil // somebody made the file in advance
	}
	return 0, fmt.Errorf("drift: %s is there, and is not the file of a drift check of Spec %q; name another file, or "+
		"remove it", path, spec)
}

// replace puts a file with this content in the place of another one at once.
func replace(path string, data []byte) (err error) {
	dir, name := filepath.Split(path)
	f, err := os.CreateTemp(filepath.Clean(dir+"."), "."+name+".*.new") // node_exporter does not read such a name
	if err != nil {
		return fmt.Errorf("drift: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the error says what went wrong before
			err = fmt.Errorf("drift: %s: the file of before stays: %w", path, err)
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
