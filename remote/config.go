package remote

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote/internal/knownhosts"
)

// A Config says how to reach a host over SSH.
type Config struct {
	Name    string // of the host in errors; Address when empty
	Address string // host or host:port; port 22 when none
	From    string // where these settings are from, for errors of connecting; empty where that needs no word
	User    string // login name
	// KeyFiles are private keys; certificates beside them (-cert.pub) are used. A file whose name
	// ends with .pub is a public key, and chooses a key of Agent: with such a file, or with
	// OnlyKeyFiles, no other key of Agent is offered. An encrypted key has to be in Agent, too.
	// With OptionalKeyFiles, a file that cannot be used is passed over where another key can be, and so is an agent
	// that does not answer. The keys of the agent are then offered first.
	KeyFiles         []string
	OnlyKeyFiles     bool
	OptionalKeyFiles bool
	// Keys are private keys in memory, as PEM: cephstack.Redact makes them of text or bytes.
	Keys       []cephstack.Redacted `json:"-" yaml:"-"`
	Agent      string               // path of an ssh-agent socket; empty is none
	Password   Password             `json:"-" yaml:"-"` // of the user, offered after the keys; also for a sudo that asks
	KnownHosts []string             // known_hosts files, at least one
	Sudo       bool                 // become root with sudo, without a terminal; false when User is root
	// Helper becomes root with sudo, too, but by the installed helper alone, which does
	// what the host's allow-list has, and refuses all else with helper.ErrDenied. See
	// package helper.
	Helper   bool
	Jump     *Config // connect through this host
	Timeouts Timeouts
}

// Timeouts bound the phases of a connection; zero fields have the defaults.
type Timeouts struct {
	Connect      time.Duration // TCP; 5 s
	Handshake    time.Duration // banner and key exchange, and each new session; 10 s
	Authenticate time.Duration // 10 s
	Retry        time.Duration // to connect again when the host hangs up at once, to shed load; 20 s
	// Start is how long it may take until the host's program begins: login shell, its scripts,
	// sudo; 1 min. A program that says nothing for 3 s loses its standard input, as a login script
	// may be reading it, unless the input is needed: for a change, for data of a Run, and for a
	// sudo that may ask for a password. Then it keeps the input for all of Start, and has 3 s
	// more, so that the error can tell whether a login script reads.
	Start time.Duration
	// Idle is how long no byte may come from the host during an exchange; 15 min.
	// The limit is shorter where the operations cannot take that long: 2 min for
	// operations that only look, 3 min for writes, and for a Run its Timeout
	// and 1 min. The longest of them counts.
	Idle time.Duration
	// Total is how long an exchange may take after the host's program began, whatever comes
	// from the host. The default follows from the operations: 1 min, and for each of them in
	// turn as long as it may take. That is some 1 min for operations that only look, where files
	// that are read one after the other count as one, with 1 s for each file; 2 min for a write;
	// its Timeout for a Run; 10 min and twice Settle for a RestartUnit; 1 h for an
	// InstallPackages. To that comes 1 s for each 64 KiB of the request, and for each MiB that
	// may come back.
	Total time.Duration
}

func (t Timeouts) withDefaults() Timeouts {
	t.Connect = orDefault(t.Connect, 5*time.Second)
	t.Handshake = orDefault(t.Handshake, 10*time.Second)
	t.Authenticate = orDefault(t.Authenticate, 10*time.Second)
	t.Retry = orDefault(t.Retry, 20*time.Second)
	t.Start = orDefault(t.Start, time.Minute)
	t.Idle = orDefault(t.Idle, 15*time.Minute)
	return t
}

// CheckAddress says what is wrong with Address alone: nil for nothing. New and
// Fleet.Host say what is wrong with the whole Config.
func (c Config) CheckAddress() error {
	_, _, err := knownhosts.SplitAddress(c.Address)
	return err
}

// String tells which host it is, and no key.
func (c Config) String() string { return "ssh " + c.User + "@" + c.Address }

// GoString is String.
func (c Config) GoString() string { return c.String() }

// Format is String for every verb: some, such as %d, ask for no String.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

func (c Config) name() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Address
}

// check joins all faults. at is what stands before the names of fields, such as
// "Jump."; depth is how many jump hosts there may be.
func (c Config) check(at string, depth int) error {
	var faults []error
	fault := func(is bool, field, text string) {
		if is {
			faults = append(faults, fmt.Errorf("remote: %s%s: %s", at, field, text))
		}
	}
	fault(strings.ContainsFunc(c.Name, unicode.IsControl), "Name", "has control characters")
	fault(strings.ContainsFunc(c.From, unicode.IsControl), "From", "has control characters")
	fault(c.Address == "", "Address", "missing")
	fault(c.Address != "" && c.CheckAddress() != nil, "Address", "neither host nor host:port")
	fault(c.User == "", "User", "missing")
	noKey := len(c.KeyFiles)+len(c.Keys) == 0 && c.Agent == "" && c.Password.IsZero()
	fault(noKey, "KeyFiles", "no key: give KeyFiles, Keys or Agent")
	fault(c.Password.fault() != "", "Password", c.Password.fault())
	fault(len(c.KnownHosts) == 0, "KnownHosts", "missing: host keys are always checked")
	t := c.Timeouts
	fault(min(t.Connect, t.Handshake, t.Authenticate, t.Retry, t.Start, t.Idle, t.Total) < 0, "Timeouts", "negative")
	for i, key := range c.Keys {
		if _, err := parseKey([]byte(key.Reveal())); err != nil {
			fault(true, fmt.Sprintf("Keys[%d]", i), err.Error())
		}
	}
	if c.Jump != nil {
		if depth == 0 {
			fault(true, "Jump", "too many jumps")
		} else if err := c.Jump.check(at+"Jump.", depth-1); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
