package remote

import (
	"strings"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// Packages reads which packages are installed. Result: Versions, each as dpkg or
// rpm writes it: with the epoch, if there is one, and the revision or release. A query that
// failed, or that takes longer than a minute, is an error: no package is missing for that.
type Packages struct{ Names []string }

func (Packages) nature() nature    { return nature{name: "packages", looks: true} }
func (o Packages) object() string  { return strings.Join(o.Names, " ") }
func (o Packages) fault() string   { return packagesFault(o.Names) }
func (o Packages) encode() wire.Op { return wire.Op{Name: "packages", List: o.Names} }

func (o Packages) decode(a answer, r *Result) error {
	r.Versions = a.versions(o.Names)
	return nil
}
