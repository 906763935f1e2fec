package audit

import (
	"cmp"
	"slices"
)

// A Severity says what a finding means for the cloud.
type Severity string

// The severities, the worst first.
const (
	// Danger: data or credentials are at risk, or somebody may come by what is not theirs.
	Danger Severity = "danger"
	// Broken: something does not work, or will not work when it is tried next.
	Broken Severity = "broken"
	// Waste: something takes space or time for nothing.
	Waste Severity = "waste"
)

// A Finding is something that is true about the cloud and that no Spec says, but that somebody has to know.
// Its Code keeps its meaning from release to release; texts may change. Package explain has a text for each code.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// Cluster is the Ceph cluster, as the Spec calls it; empty if the finding is not about a cluster.
	Cluster string `json:"cluster,omitempty"`
	// Host is the host of the Spec; empty if the finding is not about a host.
	Host string `json:"host,omitempty"`
	// Object is what the finding is about, such as "RBD image volumes/volume-1" or "domain 3f1c".
	Object string `json:"object"`
	// Message says in one sentence what is true.
	Message string `json:"message"`
	// Evidence is what was read: IDs, pools, images, states and times. It never has a secret.
	Evidence []string `json:"evidence,omitempty"`
	// Next is what to do next, such as a command that looks or a command that mends. It never deletes by itself.
	Next string `json:"next"`
}

// An Unable is something that could not be told, and why. What depends on it is neither found nor known to be well.
type Unable struct {
	What  string `json:"what"` // such as "volumes of Cinder" or "host compute1"
	Error string `json:"error"`
	Err   error  `json:"-"`
}

// weight orders severities, the worst first.
func (s Severity) weight() int { return slices.Index([]Severity{Danger, Broken, Waste}, s) }

// compare orders findings: the worst first, then by code, cluster, host and object.
func (f Finding) compare(o Finding) int {
	return cmp.Or(cmp.Compare(f.Severity.weight(), o.Severity.weight()), cmp.Compare(f.Code, o.Code),
		cmp.Compare(f.Cluster, o.Cluster), cmp.Compare(f.Host, o.Host), cmp.Compare(f.Object, o.Object))
}
