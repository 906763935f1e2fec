package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// A command works on a Spec and its world.
type command struct {
	*invocation
	name string
	spec spec.Spec
	cfg  integrate.Config
	in   *integrate.Integration
	told *progress
	how  integrate.VerifyOptions // of verify
}

// connected makes a command of cobra run do in the world of the Spec.
func (i *invocation) connected(do action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error { return endWith(i.run(cmd.Context(), cmd.Name(), do)) }
}

// lockHolder tells who has the operator lock, if that is the error.
func lockHolder(err error) (string, bool) {
	var refusal *ceph.CommandError
	if !errors.Is(err, world.ErrLock) || !errors.As(err, &refusal) || refusal.Holder == nil {
		return "", false
	}
	return refusal.Holder.Holder(), true
}

// breakLock says what to do about the operator lock of somebody else.
func (c *command) breakLock(holder string) string {
	return fmt.Sprintf("run %s again when that program has ended; if it will not come back, add --break-lock %s",
		c.name, cephstack.ShellQuote(holder))
}

// counts tells how many changes ended with a status, for each that at least
// some did.
func counts(count func(integrate.Status) int, some int) string {
	var words []string
	for _, s := range []integrate.Status{integrate.Applied, integrate.Unchanged, integrate.Failed, integrate.Unknown,
		integrate.Skipped, integrate.Cancelled} {
		if n := count(s); n >= some {
			words = append(words, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(words, ", ")
}

// ask asks for an approval.
func (c *command) ask(ctx context.Context, question string) error {
	fmt.Fprint(c.Stderr, question+" [y/N] ")
	if err := seen(c.Stderr); err != nil {
		return fmt.Errorf("the question could not be shown, so nothing was changed: standard error: %w", err)
	}
	line, err := c.answer(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(c.Stderr)
		return fmt.Errorf("%w: %w", errDeclined, context.Cause(ctx))
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: nobody answered; give --yes where there is no terminal", errDeclined)
	}
	return errDeclined
}

// answer reads a line of at most 80 bytes. It does not wait for the line once ctx has ended.
func (i *invocation) answer(ctx context.Context) (string, error) {
	type answer struct {
		line string
		err  error
	}
	given := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(i.Stdin, 80)).ReadString('\n')
		given <- answer{line, err}
	}()
	select {
	case a := <-given:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// print prints what a command gives, in the format that was asked for.
func (c *command) print(v any, text string) error {
	if c.format != formatJSON {
		_, err := io.WriteString(c.Stdout, c.colored(c.Stdout, text))
		return err
	}
	return encode(c.Stdout, v, "  ")
}
