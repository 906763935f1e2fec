package schema

import (
	"embed"

	"github.com/cephstack/cephstack/integrate"
)

//go:embed *.schema.json
var files embed.FS

// Plan is the schema of an integrate.Plan, which cephstack plan prints and cephstack apply --plan reads.
func Plan() []byte { return read("plan") }

// Result is the schema of an integrate.Result, which cephstack apply prints.
func Result() []byte { return read("result") }

// Converge is the schema of each line that cephstack converge prints: a Line, or the Last.
func Converge() []byte { return read("converge") }

// Report is the schema of an integrate.Report, which cephstack verify prints.
func Report() []byte { return read("report") }

// Drift is the schema of a drift.Report, which cephstack drift prints.
func Drift() []byte { return read("drift") }

// Audit is the schema of an audit.Report, which cephstack audit prints.
func Audit() []byte { return read("audit") }

// Trust is the schema of HostKeys, which cephstack trust prints.
func Trust() []byte { return read("trust") }

// Rights is the schema of OperatorRights, which cephstack rights prints.
func Rights() []byte { return read("rights") }

// Rotation is the schema of a rotate.Report, which cephstack rotate prints.
func Rotation() []byte { return read("rotation") }

func read(name string) []byte {
	data, _ := files.ReadFile(name + ".schema.json") // a test reads each of them
	return data
}

// Format is the version of the form of Last, HostKeys and OperatorRights. Line has that of its Result.
const Format = 1

// A Line is what cephstack converge prints for each part as it ends: a cluster, a host, or the APIs.
type Line struct {
	Stage  integrate.Stage `json:"stage"`
	Target string          `json:"target"` // cluster or host; cloud for the APIs
	*integrate.Result
	// Error is what went wrong with the part, or why it was not begun; left out if it ended well.
	Error string `json:"error,omitempty"`
}

// A Last is the last line of cephstack converge.
type Last struct {
	// Format is the version of the form of the JSON: 1.
	Format  int     `json:"format"`
	Summary Summary `json:"summary"`
}

// A Summary is how the parts of a converge ended.
type Summary struct {
	Parts     int      `json:"parts"`      // how many there are
	Failed    []string `json:"failed"`     // the targets of those that did not end well
	LeftAlone int      `json:"left_alone"` // how many were not begun, because of others or an interrupt
	// Changes are how many changes ended with each status. A status that no change has is left out.
	Changes map[integrate.Status]int `json:"changes"`
}

// HostKeys are what cephstack trust prints.
type HostKeys struct {
	// Format is the version of the form of the JSON: 1.
	Format int       `json:"format"`
	Keys   []HostKey `json:"keys"` // those of hosts that could be asked, in the order of the Spec
}

// A HostKey is a key that a host showed.
type HostKey struct {
	Host        string   `json:"host"`
	Address     string   `json:"address"`     // with its port
	Type        string   `json:"type"`        // such as ssh-ed25519
	Fingerprint string   `json:"fingerprint"` // as ssh-keygen -l prints it: SHA256:…
	State       KeyState `json:"state"`
	// From is what of the way to the host is from a file of ssh; left out where all is from the Spec.
	From string `json:"from,omitempty"`
}

// A KeyState says whether known_hosts has a key.
type KeyState string

// The states of a HostKey.
const (
	KeyKnown   KeyState = "known"
	KeyUnknown KeyState = "not known"
	KeyChanged KeyState = "CHANGED" // known_hosts has another key of that type for the host
	KeyAdded   KeyState = "added"   // this run wrote it into known_hosts
)

// OperatorRights are what cephstack rights prints.
type OperatorRights struct {
	// Format is the version of the form of the JSON: 1.
	Format int             `json:"format"`
	Rights []OperatorRight `json:"rights"` // in the order of the Spec's clusters
}

// An OperatorRight is what a Ceph user needs, so that cephstack can work as that user in a cluster.
type OperatorRight struct {
	Cluster string `json:"cluster"` // as the Spec calls it
	User    string `json:"user"`    // with its type, such as client.cephstack
	For     string `json:"for"`     // the command: plan, apply, verify or rotate
	// Caps are the rights of the user by the type of the daemon, such as mon and osd.
	Caps map[string]string `json:"caps"`
}
