package cephcli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// Options say how the host reaches the cluster. The zero Options leave all to the
// host's own ceph.conf and keyrings, as client.admin.
type Options struct {
	Conf    string // path of ceph.conf on the host
	Name    string // entity; client.admin when empty
	Keyring string // path of the keyring on the host
	Ceph    string // program; ceph when empty
	// RBD is the program for images; rbd when empty. With an RBD of its own, a CLI
	// does without Python's bindings.
	RBD   string
	Rados string // program; rados when empty
	// Container is a container of docker or podman that runs on the host and has the programs.
	// They are run in it, as root. Conf, Keyring and programs are paths in the container then.
	Container string
	// Image is an image of docker or podman that has the programs, and is on the host. Each call
	// is a container of it, with the host's network and its /etc/ceph. Container goes before Image.
	Image string
	// Cephadm runs the programs in cephadm shell, as root. Container and Image go before it.
	Cephadm bool
	// Timeout is of one call of a program; 60 s when zero. A batch may take that
	// for each request of its longest chain (ceph.Request.After).
	Timeout time.Duration
}

// A CLI is a cluster as a host's own Ceph programs see it. It is a ceph.Batcher,
// which is a ceph.Commander and a ceph.Images too, and a ceph.Locker.
type CLI struct {
	programs
	noBindings atomic.Bool // the host was seen to be without Python's bindings
	noInspect  atomic.Bool // or without those that inspect.py needs
}

var (
	_ ceph.Batcher = (*CLI)(nil)
	_ ceph.Locker  = (*CLI)(nil)
)

// New returns the cluster behind a host's programs. It runs nothing.
func New(host remote.Host, options Options) *CLI { return &CLI{programs: programs{host, options}} }

// programs is a cluster as the programs ceph, rbd and rados see it: each request
// is a process.
type programs struct {
	host    remote.Host
	options Options
}

// Command implements ceph.Commander.
//
// Similar To: ceph --format json <command>
func (c programs) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	prefix, args, err := arguments(cmd)
	if err != nil {
		return ceph.Reply{}, err
	}
	if cmd.Input.Len() > 0 {
		args = append([]string{"-i", "-"}, args...)
	}
	run := c.program(cmp.Or(c.options.Ceph, "ceph"), append([]string{"--connect-timeout", "10", "--format", "json"},
		args...)...)
	run.Stdin = cmd.Input
	results, err := c.do(ctx, prefix, "", run)
	if err != nil {
		return ceph.Reply{}, err
	}
	r := results[0]
	return ceph.Reply{Data: cephstack.Redact(bytes.TrimPrefix(r.Data, []byte("\n"))),
		Status: strings.TrimSpace(string(r.Stderr))}, nil
}

// program is a call with the options that all three programs share.
func (c programs) program(name string, args ...string) remote.Run {
	argv := []string{name}
	for _, o := range [][2]string{{"--conf", c.options.Conf}, {"--name", c.options.Name},
		{"--keyring", c.options.Keyring}} {
		if o[1] != "" {
			argv = append(argv, o[0], o[1])
		}
	}
	return remote.Run{Argv: append(argv, args...), Timeout: c.options.Timeout}
}

// do runs programs in one exchange. The first that fails is the error.
func (c programs) do(ctx context.Context, op, object string, runs ...remote.Run) ([]remote.Result, error) {
	results, err := c.exchange(ctx, op, runs...)
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		if err := c.programError(op, object, r); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// programError is the error of a program that ran, or could not run.
func (c programs) programError(op, object string, r remote.Result) error {
	switch {
	case r.Err != nil:
		return unanswered(op, r.Err)
	case r.Exit != 0:
		return c.options.refused(op, object, r)
	}
	return nil
}

// exchange runs programs in one exchange.
func (c programs) exchange(ctx context.Context, op string, runs ...remote.Run) ([]remote.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ops := make([]remote.Op, len(runs))
	for i, r := range runs {
		ops[i] = c.options.entered(r)
	}
	results, err := c.host.Do(ctx, ops...)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ceph %s: %w", op, ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("%w: ceph %s: %w", ceph.ErrUnreachable, op, err)
	case len(results) != len(runs):
		return nil, fmt.Errorf("%w: ceph %s: %d results of %d programs", ceph.ErrUnreachable, op, len(results),
			len(runs))
	}
	return results, nil
}

// unanswered is the error of a program that the host could not run to its end.
func unanswered(op string, err error) error {
	if errors.Is(err, remote.ErrTimeout) || errors.Is(err, remote.ErrUnknown) {
		return fmt.Errorf("%w: ceph %s: %w", ceph.ErrUnreachable, op, err)
	}
	return fmt.Errorf("ceph %s: %w", op, err)
}

var (
	// Error ENOENT: failed to find client.x in keyring
	cephError = regexp.MustCompile(`(?s)Error E[A-Z0-9]+: (.*)`)
	// [errno 110] RADOS timed out (error connecting to the cluster)
	connectError = regexp.MustCompile(`(?m)\[errno (\d+)\]|^timed out$|Error connecting to cluster|couldn't connect to ` +
		`(?:the )?cluster|Cluster connection aborted`)
	// rbd: error opening pool 'x': (2) No such file or directory
	toolError = regexp.MustCompile(`(.*)\((\d+)\) [A-Z]`)
)

// refused reads an errno out of what a program said. Only its own words count
// as a refusal: an exit status by itself could mean anything.
func (o Options) refused(op, object string, r remote.Result) error {
	text := strings.TrimSpace(string(r.Stderr))
	if err := o.outside(op, r); err != nil {
		return err
	}
	if m := connectError.FindStringSubmatch(text); m != nil {
		code, _ := strconv.Atoi(m[1])
		return notConnected(op, code, words.LastLine(text))
	}
	if m := cephError.FindStringSubmatch(text); m != nil {
		return &ceph.CommandError{Op: op, Object: object, Code: r.Exit, Status: words.Said(m[1])}
	}
	if m := toolError.FindStringSubmatch(text); m != nil {
		if code, err := strconv.Atoi(m[2]); err == nil {
			return &ceph.CommandError{Op: op, Object: object, Code: code, Status: words.LastLine(text)}
		}
	}
	last := words.LastLine(text)
	if r.Exit == notThere && !strings.Contains(last, "python") {
		where, next := o.inside()
		return fmt.Errorf("ceph %s: a program of Ceph is not installed %s (exit status %d: %s): %s", op, where, r.Exit, last,
			next)
	}
	return fmt.Errorf("ceph %s: exit status %d: %s", op, r.Exit, last)
}

// notThere is the exit status of a shell, and of timeout, for a program that is not there.
const notThere = 127

// notConnected is the error of a program or a library that the monitors did not
// let in.
func notConnected(op string, code int, text string) error {
	switch code {
	case 1, 2, 13, 95: // no key, a wrong key, or a key without the right
		return fmt.Errorf("%w: ceph %s: no key, or not the cluster's (errno %d)", ceph.ErrDenied, op, code)
	}
	return fmt.Errorf("%w: ceph %s: %s", ceph.ErrUnreachable, op, text)
}
