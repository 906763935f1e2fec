package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// folder is that of all files in the archive.
const folder = "cephstack-bundle"

func archive(files []file) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	now := time.Now().UTC().Truncate(time.Second)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join(folder, path.Clean("/"+f.name)), Mode: 0o600,
			Size: int64(len(f.text)), ModTime: now}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// create makes a file as a whole, unless something is there.
func create(name string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".cephstack-bundle-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreMissing(os.Remove(f.Name()))) }()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Link(f.Name(), name); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// The filesystem has no links: the name is taken first, and the file then moved there.
	taken, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(taken.Close(), os.Rename(f.Name(), name)); err != nil { // the empty file is no bundle
		err = errors.Join(err, ignoreMissing(os.Remove(name)))
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// yamlOf is the Spec. Its secrets do not print.
func yamlOf(s spec.Spec) string {
	data, err := yaml.Marshal(s)
	if err != nil {
		return "# the Spec cannot be written: " + err.Error() + "\n"
	}
	return string(data)
}

// jsonOf is a value as JSON, each text of which was scrubbed.
func jsonOf(v any, there bool, s *Scrubber) string {
	if !there {
		return ""
	}
	data, err := json.Marshal(v)
	if err == nil {
		data, err = scrubbed(data, s, "  ")
	}
	if err != nil {
		return fmt.Sprintf("{%q: %q}\n", "error", s.Text(err.Error()))
	}
	return string(data) + "\n"
}

func jsonLines(lines string, s *Scrubber) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		if data, err := scrubbed([]byte(line), s, ""); err == nil {
			b.WriteString(string(data) + "\n")
		}
	}
	return b.String()
}

// scrubbed is JSON whose texts are scrubbed.
func scrubbed(data []byte, s *Scrubber, indent string) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if v = scrub(v, s); indent == "" {
		return json.Marshal(v)
	}
	return json.MarshalIndent(v, "", indent)
}

func scrub(v any, s *Scrubber) any {
	switch v := v.(type) {
	case string:
		return s.Text(v)
	case json.Number: // a secret may have digits alone
		if text := v.String(); s.known(text) != text {
			return redacted
		}
	case []any:
		for i := range v {
			v[i] = scrub(v[i], s)
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for k, value := range v {
			clean[s.Text(k)] = scrub(value, s)
		}
		return clean
	}
	return v
}

// withoutDigests is a plan without the digests of the Spec and of the plan: a password of the Spec is in them, and
// whoever has the rest of the Spec could try guesses.
func withoutDigests(p *integrate.Plan) *integrate.Plan {
	if p == nil {
		return nil
	}
	bare := *p
	bare.Spec, bare.Digest = "", ""
	return &bare
}

// A partOf is a part of a Converge in a bundle.
type partOf struct {
	Stage  integrate.Stage   `json:"stage"`
	Target string            `json:"target"`
	Plan   *integrate.Plan   `json:"plan"`
	Result *integrate.Result `json:"result,omitempty"`
}

func partsOf(parts []integrate.Part) []partOf {
	all := make([]partOf, len(parts))
	for i, p := range parts {
		all[i] = partOf{p.Stage, p.Target, withoutDigests(p.Plan), p.Result}
	}
	return all
}

// readme says what a bundle has.
func readme(files []file, now time.Time) string {
	what := map[string]string{
		"command.txt": "how the program was called", "error.txt": "how the run ended",
		"findings.txt": "problems and notes, and the checks", "events.jsonl": "what happened when, a line for each event",
		"versions.txt": "versions of the program, of OpenStack and of Ceph", "spec.yaml": "the Spec",
		"plan.json": "the plan", "result.json": "how each change ended", "report.json": "the checks of verify",
		"parts.json": "the clusters and hosts of converge that did not end well",
		"hosts.txt":  "which hosts were asked for logs, and how that went",
	}
	var b strings.Builder
	fmt.Fprintf(&b, `This is a bundle of cephstack, made on %s for somebody who helps.

Secrets were taken out: the keys and passwords that the program knows, those in the configuration of the services, and
what looks like a secret. "%s" stands in their place. A password that was changed may be in an older line of a log,
where it was found only if it looks like one: have a look before you give the bundle away.

The times are UTC, apart from those in logs, which are of the host. The files:

`, now.UTC().Format("2006-01-02 15:04:05 UTC"), redacted)
	for _, f := range files {
		about := what[f.name]
		if about == "" {
			about = "the last lines of a log, or what is installed"
		}
		fmt.Fprintf(&b, "  %s: %s\n", f.name, about)
	}
	return b.String()
}
