package ceph

import (
	"context"
	"fmt"

	"github.com/cephstack/cephstack"
)

// A Commander sends commands to the monitors of one cluster. It is the only
// way this package reaches Ceph, and it is cut where Ceph itself has a
// protocol: a JSON command in, JSON and a status line out.
//
// Implementations: radosconn (librados), cephcli (the ceph program on a
// host), cephtest (in memory). cephtest.TestCommander is the contract in
// executable form.
type Commander interface {
	// Command runs cmd. A monitor's refusal is a *CommandError, which
	// answers errors.Is for ErrNotFound, ErrExists, ErrDenied and
	// ErrInvalid. When the monitors cannot be reached, or do not answer
	// before ctx ends, errors.Is(err, ErrUnreachable) or the error of ctx
	// holds; a write may then have happened.
	Command(ctx context.Context, cmd Command) (Reply, error)
}

// A Command is one monitor command.
type Command struct {
	// JSON is the command object, such as
	// {"prefix":"osd pool create","pool":"images","format":"json"}.
	// It never holds a secret.
	JSON []byte
	// Mon is the name of the monitor that has to answer, such as a or ceph01. Any monitor
	// answers when it is empty. A monitor that is not in the monmap is ErrNotFound.
	//
	// Similar To: ceph tell mon.<Mon> <command>
	Mon string
	// Input is the command's input buffer; key material travels here.
	Input cephstack.Redacted `json:"-" yaml:"-"`
}

// Format writes the command, and of the input its length, for every verb: the input
// may be a key.
func (c Command) Format(f fmt.State, _ rune) {
	if c.Mon != "" {
		fmt.Fprintf(f, "mon.%s: ", c.Mon)
	}
	fmt.Fprintf(f, "%s, %d bytes of input", c.JSON, c.Input.Len())
}

// A Reply is what the monitors said to a command that succeeded.
type Reply struct {
	// Data is the output buffer, JSON where the command asked for it. It may be a key.
	Data   cephstack.Redacted `json:"-" yaml:"-"`
	Status string             // status line for people; may be empty
}

// Format writes the status, and of the data its length, for every verb: the data may
// be a key.
func (r Reply) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%q, %d bytes", r.Status, r.Data.Len())
}
