package remote

import (
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// InstallPackages installs what is missing of Names, without recommended
// packages and without touching held ones. It is ended after 30 minutes. Result:
// Changed, Versions.
type InstallPackages struct{ Names []string }

func (InstallPackages) nature() nature    { return nature{name: "install", lasts: time.Hour} }
func (o InstallPackages) object() string  { return strings.Join(o.Names, " ") }
func (o InstallPackages) fault() string   { return packagesFault(o.Names) }
func (o InstallPackages) encode() wire.Op { return wire.Op{Name: "install", List: o.Names} }

func (o InstallPackages) decode(a answer, r *Result) error {
	r.Versions = a.versions(o.Names)
	return nil
}
