package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A log is where lines of a service are on its host.
type log struct {
	name string // of the file in the bundle
	op   remote.Run
}

const (
	// maxConfig is how many bytes a configuration file may have whose secrets are looked for.
	maxConfig = 4 << 20
	// mostErrors is how many bytes of standard error a Run has: the last ones.
	mostErrors = 64 << 10
	// patience is how long a program on a host may take.
	patience = 20 * time.Second
)

// logsOf are the logs of a service: what its unit or its container said, and its log file.
func logsOf(p place.Service, layout string, o Options) []log {
	name := string(p.Service)
	project, short, _ := strings.Cut(name, "-")
	run := func(argv ...string) remote.Run { return remote.Run{Argv: argv, Timeout: patience} }
	tail := func(file string) remote.Run { return run("tail", "-c", fmt.Sprint(o.UnitBytes), "--", file) }
	lines := fmt.Sprint(o.Lines)
	journal := log{"journal.txt", run("journalctl", "--no-pager", "-q", "-o", "short-iso", "-n", lines, "-u", p.Unit)}
	file := "/var/log/" + project + "/" + name + ".log"
	switch layout {
	case spec.LayoutUpstart:
		return []log{{"upstart.txt", tail("/var/log/upstart/" + p.Unit + ".log")}, {"log.txt", tail(file)}}
	case spec.LayoutRDO:
		if project != "nova" {
			file = "/var/log/" + project + "/" + short + ".log"
		}
	case spec.LayoutKolla:
		file = "/var/log/kolla/" + project + "/" + name + ".log"
		return []log{journal, {"docker.txt", run("docker", "logs", "--tail", lines, p.Kolla.Container)},
			{"podman.txt", run("podman", "logs", "--tail", lines, p.Kolla.Container)}, {"log.txt", tail(file)}}
	}
	return []log{journal, {"log.txt", tail(file)}}
}

// A question is what a host is asked in one exchange.
type question struct {
	ops      []remote.Op
	required int // the first operations read the files of the services: without them, no log is taken
	configs  int // the first operations read files with secrets
	packages int // the index of the operation that reads the packages
	logs     []log
	services []string // of each log
}

func newQuestion(site *want.Site, h spec.Host, o Options) question {
	var q question
	var packages []string
	files, folders := map[string]bool{}, map[string]bool{spec.CephDir: true}
	for _, name := range site.ServicesOf(h) {
		p := site.Service(h, name)
		for _, file := range slices.Concat(p.Dist, p.Config) {
			files[file] = true
			if strings.HasPrefix(file, "/etc/") {
				folders[path.Dir(file)] = true
			}
		}
		if p.Kolla == nil {
			for _, dir := range p.ConfDirs {
				q.ops = append(q.ops, remote.ReadDir{Path: dir, Suffix: ".conf", Max: maxConfig})
			}
		}
		for _, alternatives := range append(slices.Clone(p.Packages), p.Program) {
			packages = append(packages, strings.FieldsFunc(alternatives, func(r rune) bool { return r == '|' })...)
		}
		for _, l := range logsOf(p, site.LayoutOf(h), o) {
			q.logs, q.services = append(q.logs, l), append(q.services, name)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		q.ops = append(q.ops, remote.ReadFile{Path: file, Max: maxConfig})
	}
	q.required = len(q.ops)
	for _, dir := range slices.Sorted(maps.Keys(folders)) { // of neighbours, such as api-paste.ini
		for _, suffix := range []string{".conf", ".ini", ".json", ".keyring", ".xml", ".yaml", ".yml"} {
			q.ops = append(q.ops, remote.ReadDir{Path: dir, Suffix: suffix, Max: maxConfig})
		}
	}
	q.configs = len(q.ops)
	q.ops = append(q.ops, remote.ReadFile{Path: "/etc/os-release", Max: 64 << 10})
	if slices.Sort(packages); len(packages) > 0 {
		q.packages = len(q.ops)
		q.ops = append(q.ops, remote.Packages{Names: slices.Compact(packages)})
	}
	for _, l := range q.logs {
		q.ops = append(q.ops, l.op)
	}
	return q
}

// host asks a host. It gives the files of the host, with secrets in them, and the secrets.
func (q question) host(ctx context.Context, h remote.Host, o Options) (files []file, secrets []string, err error) {
	results, err := h.Do(ctx, q.ops...)
	if err != nil {
		return nil, nil, err
	}
	var c config
	for i, r := range results[:q.configs] {
		if err := c.add(r); err != nil && (i < q.required || !errors.Is(err, syscall.ENOTDIR)) {
			name, object := remote.Describe(q.ops[i])
			return nil, nil, fmt.Errorf("no log is taken, as it is not known which secrets may be in the logs: %s %s: %w",
				name, object, err)
		}
	}
	if secrets, err = c.secrets(); err != nil {
		return nil, nil, err
	}
	rest := results[q.configs:]
	if rest[0].Err == nil {
		files = append(files, file{"os-release.txt", string(rest[0].Data)})
	}
	if q.packages > 0 {
		files = append(files, file{"packages.txt", versions(results[q.packages])})
	}
	for i, r := range results[len(results)-len(q.logs):] {
		files = append(files, file{path.Join(q.services[i], q.logs[i].name), q.logs[i].text(r, o.UnitBytes)})
	}
	return files, secrets, nil
}

// add adds what was read of a file or of a folder.
func (c *config) add(r remote.Result) error {
	if r.Err != nil {
		if errors.Is(r.Err, fs.ErrNotExist) {
			return nil
		}
		return r.Err
	}
	goesOn := !slices.Contains([]string{".keyring", ".json", ".xml", ".yaml", ".yml"}, path.Ext(r.File.Path))
	c.read(string(r.Data), goesOn)
	for _, f := range r.Files {
		if err := c.add(f); err != nil {
			return err
		}
	}
	return nil
}

func versions(r remote.Result) string {
	if r.Err != nil {
		return "The packages are not known: " + r.Err.Error() + "\n"
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		b.WriteString(name + " " + r.Versions[name] + "\n")
	}
	return b.String()
}

// text is what a log has, and what was asked.
func (l log) text(r remote.Result, most int) string {
	head := "$ " + strings.Join(l.op.Argv, " ") + "\n"
	switch {
	case r.Err != nil && !errors.Is(r.Err, remote.ErrTooLarge):
		return head + "(" + r.Err.Error() + ")\n"
	case r.Exit == 127:
		return head + "(the host does not have the program)\n"
	case r.Exit != 0:
		head += fmt.Sprintf("(exit status %d)\n", r.Exit)
	}
	data := r.Data
	if errors.Is(r.Err, remote.ErrTooLarge) { // the end is missing: half a line may end with half a secret
		data = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	return head + last(data, most) + last(r.Stderr, min(most, mostErrors))
}

// last is the end of a text, of whole lines: half a line may begin with half a secret.
func last(data []byte, most int) string {
	text := string(data)
	if len(text) >= most {
		text = text[len(text)-most:]
		_, text, _ = strings.Cut(text, "\n")
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}
