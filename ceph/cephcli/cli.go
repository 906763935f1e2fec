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
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/remote"
)

// Options say how the programs are called. The zero Options leave all to the
// host's own ceph.conf and keyrings, as client.admin.
type Options struct {
	Conf    string        // path of ceph.conf on the host
	Name    string        // entity; client.admin when empty
	Keyring string        // path of the keyring on the host
	Ceph    string        // program; ceph when empty
	RBD     string        // program; rbd when empty
	Rados   string        // program; rados when empty
	Timeout time.Duration // of one call of a program; 60 s when zero
}

// A CLI is a cluster as the programs on a host see it: a ceph.Commander and a
// ceph.Images.
type CLI struct {
	host    remote.Host
	options Options
}

var (
	_ ceph.Commander = (*CLI)(nil)
	_ ceph.Images    = (*CLI)(nil)
)

// New returns the cluster behind a host's programs. It runs nothing.
func New(host remote.Host, options Options) *CLI { return &CLI{host, options} }

// Command implements ceph.Commander.
//
// Similar To: ceph --format json <command>
func (c *CLI) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	prefix, args, err := arguments(cmd.JSON)
	if err != nil {
		return ceph.Reply{}, err
	}
	if len(cmd.Input) > 0 {
		args = append([]string{"-i", "-"}, args...)
	}
	run := c.program(cmp.Or(c.options.Ceph, "ceph"), append([]string{"--connect-timeout", "10", "--format", "json"}, args...)...)
	run.Stdin = cmd.Input
	results, err := c.do(ctx, prefix, "", run)
	if err != nil {
		return ceph.Reply{}, err
	}
	r := results[0]
	return ceph.Reply{Data: bytes.TrimPrefix(r.Data, []byte("\n")), Status: strings.TrimSpace(string(r.Stderr))}, nil
}

// program is a call with the options that all three programs share.
func (c *CLI) program(name string, args ...string) remote.Run {
	argv := []string{name}
	for _, o := range [][2]string{{"--conf", c.options.Conf}, {"--name", c.options.Name}, {"--keyring", c.options.Keyring}} {
		if o[1] != "" {
			argv = append(argv, o[0], o[1])
		}
	}
	return remote.Run{Argv: append(argv, args...), Timeout: c.options.Timeout}
}

// do runs programs in one exchange. The first that fails is the error.
func (c *CLI) do(ctx context.Context, op, object string, runs ...remote.Run) ([]remote.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ops := make([]remote.Op, len(runs))
	for i, r := range runs {
		ops[i] = r
	}
	results, err := c.host.Do(ctx, ops...)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("ceph %s: %w", op, ctx.Err())
	}
	if err != nil {
		return nil, fmt.Errorf("%w: ceph %s: %w", ceph.ErrUnreachable, op, err)
	}
	for _, r := range results {
		switch {
		case errors.Is(r.Err, remote.ErrTimeout), errors.Is(r.Err, remote.ErrUnknown):
			return nil, fmt.Errorf("%w: ceph %s: %w", ceph.ErrUnreachable, op, r.Err)
		case r.Err != nil:
			return nil, fmt.Errorf("ceph %s: %w", op, r.Err)
		case r.Exit != 0:
			return nil, refused(op, object, r)
		}
	}
	return results, nil
}

var (
	// Error ENOENT: failed to find client.x in keyring
	cephError = regexp.MustCompile(`(?s)Error E[A-Z0-9]+: (.*)`)
	// [errno 110] RADOS timed out (error connecting to the cluster)
	connectError = regexp.MustCompile(`(?m)\[errno (\d+)\]|^timed out$|Error connecting to cluster|couldn't connect to (?:the )?cluster|Cluster connection aborted`)
	// rbd: error opening pool 'x': (2) No such file or directory
	toolError = regexp.MustCompile(`(.*)\((\d+)\) [A-Z]`)
)

// refused reads an errno out of what a program said. Only its own words count
// as a refusal: an exit status by itself could mean anything.
func refused(op, object string, r remote.Result) error {
	text := strings.TrimSpace(string(r.Stderr))
	if m := connectError.FindStringSubmatch(text); m != nil {
		switch m[1] {
		case "1", "2", "13", "95": // no key, a wrong one, or one that may not
			return fmt.Errorf("%w: ceph %s: no key, or not the cluster's (errno %s)", ceph.ErrDenied, op, m[1])
		}
		return fmt.Errorf("%w: ceph %s: %s", ceph.ErrUnreachable, op, lastLine(text))
	}
	if m := cephError.FindStringSubmatch(text); m != nil {
		return &ceph.CommandError{Op: op, Object: object, Code: r.Exit, Status: m[1]}
	}
	if m := toolError.FindStringSubmatch(text); m != nil {
		if code, err := strconv.Atoi(m[2]); err == nil {
			return &ceph.CommandError{Op: op, Object: object, Code: code, Status: lastLine(text)}
		}
	}
	return fmt.Errorf("ceph %s: exit status %d: %s", op, r.Exit, lastLine(text))
}

func lastLine(text string) string { return text[strings.LastIndexByte(text, '\n')+1:] }
