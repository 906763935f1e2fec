package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/schema"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/hostkeys"
)

// maxKeys is how many bytes the file of --keys may have: consoles of a thousand hosts.
const maxKeys = 64 << 20

// readKeys reads the file of --keys, and finds what it says of each target.
func (t *trust) readKeys(ctx context.Context, targets []remote.Config) error {
	if t.keysFile == "" {
		return nil
	}
	fail := func(err error) error { return fmt.Errorf("--keys: %s: %w", t.keysFile, err) }
	text, _, err := cephstack.ReadInput(ctx, t.keysFile, maxKeys)
	if err != nil {
		return fmt.Errorf("--keys: %w", err)
	}
	all, err := hostkeys.ParseVerified(text)
	if err != nil {
		return fail(err)
	}
	byHost, byShort := map[string][]hostkeys.Verified{}, map[string][]hostkeys.Verified{}
	for _, v := range all {
		byHost[v.Host] = append(byHost[v.Host], v)
		byShort[short(v.Host)] = append(byShort[short(v.Host)], v)
	}
	t.verified = map[string][]hostkeys.Verified{}
	for _, c := range targets {
		found := slices.Concat(byHost[c.Name], byHost[c.Address])
		if host, port, err := net.SplitHostPort(c.Address); err == nil {
			found = append(found, byHost["["+host+"]:"+port]...)
			if port == "22" || len(found) == 0 && aloneAt(host, targets) {
				found = append(found, byHost[host]...)
			}
		}
		if len(found) == 0 {
			if found, err = alikeInFile(c.Name, byShort[short(c.Name)]); err != nil {
				return fail(err)
			}
		}
		t.verified[c.Name] = found
	}
	return nil
}

// aloneAt reports whether one target alone is at an address, so that the address without a port names it.
func aloneAt(host string, targets []remote.Config) bool {
	n := 0
	for _, c := range targets {
		if at, _, err := net.SplitHostPort(c.Address); err == nil && at == host || c.Address == host {
			n++
		}
	}
	return n == 1
}

// short is a name without its domain; an address is itself.
func short(name string) string {
	if net.ParseIP(name) != nil || strings.HasPrefix(name, "[") {
		return name
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}

// alikeInFile are the keys of a host that a file names with a domain, or without the domain that the Spec has. Hosts of
// two domains are not told apart.
func alikeInFile(name string, some []hostkeys.Verified) ([]hostkeys.Verified, error) {
	some = slices.DeleteFunc(slices.Clone(some), func(v hostkeys.Verified) bool {
		return strings.Contains(v.Host, ".") && strings.Contains(name, ".")
	})
	for _, v := range some {
		if v.Host != some[0].Host {
			return nil, fmt.Errorf("it has keys of %s and of %s, and the Spec's host %s may be either: give keys of one of them",
				oneLine(some[0].Host), oneLine(v.Host), name)
		}
	}
	return some, nil
}

// limited are the targets that --limit names, and the jump hosts before them.
func (t *trust) limited(from source, s spec.Spec, targets []remote.Config) ([]remote.Config, error) {
	if len(t.limit) == 0 {
		return targets, nil
	}
	groups, err := from.groups()
	if err != nil {
		return nil, err
	}
	if err := t.restrict(s, groups, true); err != nil {
		return nil, err
	}
	jumps := map[string]bool{}
	for _, name := range t.only.Hosts {
		for j := t.targets[name].Jump; j != nil; j = j.Jump {
			jumps[j.Address] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(targets), func(c remote.Config) bool {
		return !slices.Contains(t.only.Hosts, c.Name) && !jumps[c.Address]
	}), nil
}

// take compares a host's keys with those that are known, and learns what it may.
func (t *trust) take(host string, shown []hostkeys.Key) {
	known, unknown, err := hostkeys.Check(t.filesOf(host), shown)
	isKnown := func(print string) bool {
		return slices.ContainsFunc(known, func(k hostkeys.Key) bool { return k.Fingerprint == print })
	}
	prints := t.printsOf(host)
	if verified := t.verified[host]; err == nil && len(verified) > 0 {
		var agreed []string
		agreed, err = hostkeys.Agreed(shown, verified)
		prints = append(prints, agreed...)
	}
	added := 0
	if missing := slices.DeleteFunc(slices.Clone(prints), isKnown); err == nil && len(missing) > 0 {
		added, err = hostkeys.Trust(t.filesOf(host)[0], unknown, missing...)
	}
	if err != nil {
		t.faults = append(t.faults, fault{host, fmt.Errorf("%s: %w", host, err)})
	}
	for _, k := range shown {
		state := schema.KeyChanged
		switch {
		case slices.Contains(known, k):
			state = schema.KeyKnown
		case added > 0 && slices.Contains(prints, k.Fingerprint):
			state = schema.KeyAdded
		case slices.Contains(unknown, k):
			state = schema.KeyUnknown
		}
		t.tell(host, k, state)
	}
	if err == nil && added == 0 && len(known) == 0 {
		t.unknown = append(t.unknown, unknownHost{host, unknown})
	}
}

func (t *trust) tell(host string, k hostkeys.Key, state schema.KeyState) {
	t.keys = append(t.keys, schema.HostKey{Host: host, Address: k.Address, Type: k.Type, Fingerprint: k.Fingerprint,
		State: state, From: t.targets[host].From})
}

// asks reports whether there is somebody to ask, who has seen the keys.
func (t *trust) asks() bool {
	return t.format == formatText && t.keysFile == "" && len(t.prints) == 0 && t.specFile() != stdin &&
		isPerson(t.Stdin) && isPerson(t.Stdout) && seen(t.Stderr) == nil
}

// isPerson reports whether a stream is a terminal.
func isPerson(stream any) bool {
	if o, ok := stream.(*output); ok {
		stream = o.w
	}
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// question shows the keys so far, asks whether those of hosts without a known key are right, and learns them.
func (t *trust) question(ctx context.Context) error {
	if len(t.unknown) == 0 || !t.asks() {
		return nil
	}
	if err := t.show(); err != nil {
		return err
	}
	n := 0
	for _, h := range t.unknown {
		n += len(h.keys)
	}
	fmt.Fprintf(t.Stderr, "Hosts of which no key is known: %d. Compare the fingerprints with what each host's console "+
		"prints of\n    ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub\n"+
		"Are these %d keys right? Type yes to write them into known_hosts, or anything else to write nothing: ",
		len(t.unknown), n)
	line, err := t.answer(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(t.Stderr)
		return fmt.Errorf("nothing was written: %w", context.Cause(ctx))
	}
	if strings.TrimSpace(line) != "yes" || err != nil {
		return nil
	}
	var left []unknownHost
	for _, h := range t.unknown {
		if err := t.learn(h); err != nil {
			t.faults = append(t.faults, fault{h.name, fmt.Errorf("%s: %w", h.name, err)})
			left = append(left, h)
		}
	}
	t.unknown = left
	return nil
}

// learn writes the keys of a host down.
func (t *trust) learn(h unknownHost) error {
	var prints []string
	for _, k := range h.keys {
		prints = append(prints, k.Fingerprint)
	}
	if _, err := hostkeys.Trust(t.filesOf(h.name)[0], h.keys, prints...); err != nil {
		return err
	}
	for _, k := range h.keys {
		t.tell(h.name, k, schema.KeyAdded)
	}
	return nil
}

// A fault is what is wrong with a host.
type fault struct {
	host string
	err  error
}

// ipAddress is the address of a host in an error, which differs from host to host.
var ipAddress = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b(:\d+)?|\[[0-9a-f:.]*:[0-9a-f:.]*\](:\d+)?`)

// foldFaults tells once what is equal but for the names and the addresses of the hosts.
func foldFaults(all []fault) (errs []error) {
	var texts []string
	equal := map[string][]fault{}
	for _, f := range all {
		name := regexp.MustCompile(`(^|[^\w.-])` + regexp.QuoteMeta(f.host) + `($|[^\w.-])`)
		text := name.ReplaceAllString(strings.TrimPrefix(f.err.Error(), f.host+": "), "${1}HOST${2}")
		text = ipAddress.ReplaceAllString(text, "ADDRESS")
		if equal[text] == nil {
			texts = append(texts, text)
		}
		equal[text] = append(equal[text], f)
	}
	for _, text := range texts {
		var names []string
		for _, f := range equal[text] {
			names = append(names, f.host)
		}
		if len(names) == 1 {
			errs = append(errs, equal[text][0].err)
			continue
		}
		errs = append(errs, fmt.Errorf("%s: %s", strings.Join(spec.FoldNames(names), ", "), text))
	}
	return errs
}

// show prints the keys that were not shown yet.
func (t *trust) show() error {
	var b strings.Builder
	for i, k := range t.keys[t.shown:] {
		if k.From != "" && (i == 0 || t.keys[t.shown+i-1].Host != k.Host) {
			fmt.Fprintln(&b, oneLine(k.Host+": "+k.From))
		}
		fmt.Fprintln(&b, oneLine(fmt.Sprintf("%-9s %s (%s): %s %s", k.State, k.Host, k.Address, k.Type, k.Fingerprint)))
	}
	t.shown = len(t.keys)
	_, err := fmt.Fprint(t.Stdout, t.colored(t.Stdout, b.String()))
	return err
}

// end tells what was seen and done.
func (t *trust) end() (int, error) {
	var err error
	if t.format == formatJSON {
		err = encode(t.Stdout, schema.HostKeys{Format: schema.Format, Keys: t.keys}, "  ")
	} else {
		err = t.show()
	}
	if err = errors.Join(slices.Concat(foldFaults(t.faults), t.errs, []error{err})...); err != nil {
		return exitFailed, err
	}
	if len(t.unknown) == 0 {
		return exitDone, nil
	}
	if t.keysFile != "" {
		var names []string
		for _, h := range t.unknown {
			names = append(names, h.name)
		}
		fmt.Fprintf(t.Stderr, "Hosts of which no key is known, and of which %s says nothing: %s\n", oneLine(t.keysFile),
			strings.Join(spec.FoldNames(names), ", "))
	} else if t.asks() {
		fmt.Fprintln(t.Stderr, "Nothing was written.")
	} else {
		fmt.Fprintf(t.Stderr, "Hosts of which no key is known: %d; nothing was written. Compare the fingerprints with what "+
			"each host's console prints of\n"+
			"    ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub\n"+
			"and give those that agree: cephstack trust -f %s --fingerprint HOST=SHA256:… [--fingerprint …]\n"+
			"--keys FILE gives those of many hosts at once, and on a terminal trust asks.\n", len(t.unknown), t.specFile())
	}
	if t.behind > 0 {
		fmt.Fprintf(t.Stderr, "Hosts behind it, which are asked once its key is known: %d\n", t.behind)
	}
	return exitChanges, nil
}
