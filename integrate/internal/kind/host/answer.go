package host

import (
	_ "embed"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// answerScript tells whether a service answers by HTTP on its own host.
//
//go:embed answer.py
var answerScript string

// answerWithin is how long a host may take to tell whether a service answers.
const answerWithin = time.Minute

// answers asks this host whether a service that has no records in the APIs answers here. It is nil for other
// services, and where the processes of the unit are not those of the service: in containers, and under Upstart.
func (n *Node) answers(service string) remote.Op {
	if layout := n.Site.LayoutOf(n.Spec); service != "glance-api" || layout == spec.LayoutKolla ||
		layout == spec.LayoutUpstart {
		return nil
	}
	return remote.Run{Argv: []string{"python3", "-c", strings.TrimSpace(answerScript), n.Service(service).Unit},
		Timeout: answerWithin}
}
