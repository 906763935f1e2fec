package rotate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/internal/box"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

// manageWithin is how long nova-manage may take. It takes 10 s for a volume, and longer on a busy host.
const manageWithin = 5 * time.Minute

// connector is what a compute tells Cinder of itself.
func (r *run) connector(ctx context.Context, host string) ([]byte, error) {
	got, err := r.manage(ctx, r.onCompute(host), nil, "get_connector", "--json")
	if err != nil {
		return nil, fmt.Errorf("the connector of %s cannot be read: %w", host, err)
	}
	if !json.Valid(got) {
		return nil, fmt.Errorf("the connector of %s is not JSON", host)
	}
	return got, nil
}

// A manager is nova-manage on a host, with its files of options.
type manager struct {
	host   string
	config []string
	boxes  []string // on a host of Kolla: containers, of which the first that runs has it
}

// onCompute is nova-manage on a compute, beside nova-compute.
func (r *run) onCompute(host string) manager {
	m := manager{host: host}
	if k := r.site.Service(r.site.Host(host), "nova-compute").Kolla; k != nil {
		m.boxes = []string{k.Container}
	}
	return m
}

// database is nova-manage where the Spec says that it has the database.
func (r *run) database(rot spec.Rotation) manager {
	m := manager{host: rot.NovaManage, config: rot.NovaManageConfig}
	if r.site.LayoutOf(r.site.Host(m.host)) == spec.LayoutKolla {
		m.boxes = place.KollaManagers()
	}
	return m
}

// manage runs nova-manage volume_attachment on a host, and gives what it prints.
func (r *run) manage(ctx context.Context, m manager, input []byte, args ...string) ([]byte, error) {
	argv := []string{"nova-manage"}
	for _, file := range m.config {
		argv = append(argv, "--config-file", file)
	}
	result, err := r.beside(ctx, m, remote.Run{Argv: append(append(argv, "volume_attachment"), args...),
		Stdin: cephstack.Redact(input), Timeout: manageWithin})
	if err != nil {
		return nil, err
	}
	if result.Exit != 0 {
		return nil, fmt.Errorf("nova-manage volume_attachment %s on %s ended with exit status %d: %s", args[0], m.host,
			result.Exit, reason(result))
	}
	return result.Data, nil
}

// beside runs a program where nova-manage runs.
func (r *run) beside(ctx context.Context, m manager, op remote.Run) (remote.Result, error) {
	if len(m.boxes) > 0 {
		op = box.Enter(op, m.boxes...)
	}
	host := r.cfg.World.Hosts[m.host]
	if host == nil {
		return remote.Result{}, fmt.Errorf("the World has no host %s", m.host)
	}
	results, err := host.Do(ctx, op)
	if err != nil {
		return remote.Result{}, err
	}
	return results[0], results[0].Err
}

// logged are lines that do not say why a run ended: those of a log, and what Nova says at each start.
var logged = regexp.MustCompile(`(?m)^(\d{4}-\d\d-\d\d \d\d:|Modules with known eventlet).*$`)

// reason is why nova-manage failed: its last line that is not of a log.
func reason(r remote.Result) string {
	said := bytes.TrimSpace(logged.ReplaceAll(slices.Concat(r.Stderr, []byte("\n"), r.Data), nil))
	if len(said) == 0 {
		return words.LastWords(r)
	}
	return words.LastLine(said)
}

// loginOptions finds the headings of sections, and the options that say how Nova logs in. Secrets stay on the host.
const loginOptions = `^(\[|auth[_-](type|section|plugin)[[:space:]]*[=:])`

// cinderLogins says why an attachment could not be renewed, as far as options tell: nova-manage makes the new one, and
// from 2024.1 on nova-compute deletes the old one, without a token of a user. Both find out only once the guest is
// stopped: nova-manage shows an attachment from the database alone.
func (r *run) cinderLogins(ctx context.Context, m manager, compute string) error {
	const next = "name a file that has this login in rotate.nova_manage_config"
	if err := r.cinderLogin(ctx, m, "nova-manage", next); err != nil {
		return err
	}
	if r.site.Release.Before("2024.1") {
		return nil
	}
	return r.cinderLogin(ctx, r.onCompute(compute), "nova-compute", "give it this login, and restart it")
}

// cinderLogin says why a program could not log in to Cinder.
func (r *run) cinderLogin(ctx context.Context, m manager, program, next string) error {
	argv, files := []string{"grep", "-hsE", "-e", loginOptions, "--"}, m.config
	if len(files) == 0 {
		files = []string{"/etc/nova/nova.conf", "/etc/nova/" + program + ".conf"}
		argv = append([]string{"grep", "-r", "--include=*.conf"}, argv[1:]...)
		argv = append(argv, "/usr/share/nova/nova-dist.conf", "/etc/nova/nova.conf.d", "/etc/nova/"+program+".conf.d")
	}
	result, err := r.beside(ctx, m, remote.Run{Argv: append(argv, files...), Timeout: time.Minute})
	if err != nil {
		return err
	}
	if result.Exit > 2 { // 1 and 2: there is no such line, or not each file
		return fmt.Errorf("the options of %s on %s cannot be read: %s", program, m.host, words.LastWords(result))
	}
	f, err := osloconf.Parse(result.Data)
	if err != nil {
		return fmt.Errorf("the options of %s on %s cannot be read: %w", program, m.host, err)
	}
	section := "cinder"
	if other, _ := f.Lookup(section, "auth_section"); other != "" {
		section = other
	}
	for _, option := range []string{"auth_type", "auth_plugin"} {
		if kind, _ := f.Lookup(section, option); kind != "" {
			return nil
		}
	}
	return fmt.Errorf("%s on %s could not log in to Cinder: [%s] has no auth_type in %s; %s", program, m.host, section,
		strings.Join(files, " and "), next)
}

// A trust is whether nova-manage has renewed an attachment in this run. Until it has, one guest at a time is stopped:
// where nova-manage fails, few guests are stopped for nothing.
type trust struct {
	good atomic.Bool
	turn chan struct{} // who tries has it
}

func newTrust() *trust { return &trust{turn: make(chan struct{}, 1)} }

// begin waits for the turn, until end, or for the first renewal that ends well.
func (t *trust) begin(ctx context.Context) (end func(), err error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	end = func() { <-t.turn }
	if t.good.Load() {
		end()
		return func() {}, nil
	}
	return end, nil
}
