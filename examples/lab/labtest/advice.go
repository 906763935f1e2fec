package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
)

// An advice is what the text of a finding says to do, read by three rules and nothing else:
//
//	set FIELD: VALUE [and FIELD: VALUE …] for PLACE in the Spec
//	remove the option NAME from [SECTION] of FILE
//	run `COMMAND` on HOST
//
// It knows no code of a finding, and no sort of fault.
type advice struct {
	said   string            // as the text has it, with the host
	fields map[string]string // in the Spec
	place  string            // in the Spec: nova, or backend NAME
	host   string            // where the command runs
	script string
}

var (
	setForm = regexp.MustCompile(`\bset ((?:[a-z_]+: (?:\{[^{}]*\}|[^\s,;{}]+)(?: and )?)+) for ` +
		`(nova|glance|backup|(?:backend|store|cluster|host) [\w.-]*\w) in the Spec`)
	fieldForm  = regexp.MustCompile(`([a-z_]+): (\{[^{}]*\}|[^\s,;{}]+)`)
	removeForm = regexp.MustCompile(`\bremove the option (\S+) from \[([^\]]+)\] of (this file|/[\w./-]*\w)`)
	runForm    = regexp.MustCompile("\\brun `([^`]+)` on (this host|host [\\w.-]*\\w)")
)

// adviceOf reads a finding. Of several ways that its text names, the first counts.
func adviceOf(f integrate.Finding) (advice, bool) {
	var a advice
	first := len(f.Message)
	earlier := func(form *regexp.Regexp) []string {
		at := form.FindStringSubmatchIndex(f.Message)
		if at == nil || at[0] >= first {
			return nil
		}
		first = at[0]
		return form.FindStringSubmatch(f.Message)
	}
	if m := earlier(setForm); m != nil {
		a = advice{said: m[0], place: m[2], fields: map[string]string{}}
		for _, field := range fieldForm.FindAllStringSubmatch(m[1], -1) {
			a.fields[field[1]] = field[2]
		}
	}
	if m := earlier(removeForm); m != nil {
		file := m[3]
		if file == "this file" {
			file = f.Object
		}
		a = advice{said: m[0] + " (" + f.Target + " " + file + ")", host: f.Target, script: removes(m[1], m[2], file)}
	}
	if m := earlier(runForm); m != nil {
		host := strings.TrimPrefix(m[2], "host ")
		if m[2] == "this host" {
			host = f.Target
		}
		a = advice{said: "run " + m[1] + " on " + host, host: host, script: m[1]}
	}
	return a, a.said != ""
}

// removes is a command that takes an option out of a section of a file.
func removes(option, section, file string) string {
	program := fmt.Sprintf(`/^\s*\[%s\]/,/^\s*\[/{/^\s*%s\s*=/d}`, regexp.QuoteMeta(section), regexp.QuoteMeta(option))
	return "sed -i --follow-symlinks " + cephstack.ShellQuote(program) + " " + cephstack.ShellQuote(file)
}

// A follower does what texts say: it changes the text of a Spec, and runs commands on hosts.
type follower struct {
	text  []byte // the Spec
	carry func(ctx context.Context, host, script string) error
	done  []string // all that was said and done
}

// follow does what the texts of findings say, each once. It gives what it did.
func (w *follower) follow(ctx context.Context, findings []integrate.Finding) (did []string, err error) {
	for _, f := range findings {
		a, ok := adviceOf(f)
		switch {
		case !ok && f.Problem && f.Because == "":
			return did, fmt.Errorf("a problem says nothing that can be done by the letter: %s", f)
		case !ok || slices.Contains(did, a.said):
			continue
		case slices.Contains(w.done, a.said):
			return did, fmt.Errorf("%q was done already, and the plan still says so: %s", a.said, f)
		case a.place != "":
			err = w.set(a)
		default:
			err = w.carry(ctx, a.host, a.script)
		}
		if err != nil {
			return did, fmt.Errorf("%s: %w", a.said, err)
		}
		did, w.done = append(did, a.said), append(w.done, a.said)
	}
	return did, nil
}

// set puts fields into a place of the Spec.
func (w *follower) set(a advice) error {
	var doc map[string]any
	if err := yaml.Unmarshal(w.text, &doc); err != nil {
		return err
	}
	at, err := placeIn(doc, a.place)
	if err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(a.fields)) {
		var value any
		if err := yaml.Unmarshal([]byte(a.fields[field]), &value); err != nil {
			return err
		}
		at[field] = value
	}
	w.text, err = yaml.Marshal(doc)
	return err
}

// placeIn is the mapping of a place such as nova or backend NAME.
func placeIn(doc map[string]any, place string) (map[string]any, error) {
	what, name, named := strings.Cut(place, " ")
	if !named {
		at, _ := doc[what].(map[string]any)
		if at == nil {
			at = map[string]any{}
			doc[what] = at
		}
		return at, nil
	}
	list := doc[what+"s"]
	switch what {
	case "backend":
		cinder, _ := doc["cinder"].(map[string]any)
		list = cinder["backends"]
	case "store":
		glance, _ := doc["glance"].(map[string]any)
		list = glance["stores"]
	}
	items, _ := list.([]any)
	for _, item := range items {
		if at, _ := item.(map[string]any); at["name"] == name {
			return at, nil
		}
	}
	return nil, fmt.Errorf("the Spec has no %s", place)
}
