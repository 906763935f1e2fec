package laws_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// grounds are the rooms of the ground floor: each stands for one outside world.
func grounds() []string { return []string{"ceph", "remote", "libvirtsecret", "openstack"} }

// pureAdapters reach an outside world without a C library. openstack/api is not an adapter: the seam of OpenStack is
// HTTP, and its fake is a server (openstack/openstacktest), so that the client above HTTP has no second form.
func pureAdapters() []string {
	return []string{"ceph/cephcli", "libvirtsecret/virsh", "remote/upstart"}
}

// boundAdapters need a C library.
func boundAdapters() []string { return []string{"ceph/radosconn", "libvirtsecret/libvirtconn"} }

// overRemote are packages of another room that work through a remote.Host.
func overRemote() []string {
	return []string{"ceph/cephcli", "libvirtsecret/virsh", "libvirtsecret/hostbatch"}
}

// checkImports finds imports between packages of the module that the layers
// forbid.
func checkImports(tree []source) []violation {
	var found []violation
	for _, s := range goFiles(tree, always) {
		for _, i := range s.syntax.Imports {
			name := importPath(i)
			to, ours := inModule(name)
			if !ours {
				continue
			}
			if why := forbidden(s.dir(), to, s.isTest()); why != "" {
				found = append(found, s.at(i, name, fmt.Sprintf("imports %s: %s", to, why)))
			}
		}
	}
	return found
}

func importPath(i *ast.ImportSpec) string {
	name, _ := strconv.Unquote(i.Path.Value)
	return name
}

// inModule gives the folder of a package of the module.
func inModule(name string) (string, bool) {
	if name == module {
		return cellar, true
	}
	return strings.CutPrefix(name, module+"/")
}

func room(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// cellar is the package at the root of the module. All rooms may use it, and it imports none of them.
const cellar = "."

// floor is how high a room is: a package imports only its own floor and lower
// ones.
func floor(dir string) int {
	switch r := room(dir); {
	case r == cellar:
		return -1
	case slices.Contains(grounds(), r):
		return 0
	case r == "integrate":
		return 1
	}
	return 2
}

// fake reports whether a package exists for tests: a fake with its suite.
func fake(dir string) bool { return strings.HasSuffix(dir, "test") }

// forbidden says why a package may not import another one, or nothing.
func forbidden(from, to string, test bool) string {
	switch {
	case to == cellar:
		return ""
	case floor(to) > floor(from):
		return "the import goes upward"
	case !test && fake(to) && !fake(from) && floor(from) < 2:
		return "a fake is for tests, other fakes and examples"
	case floor(from) == 0 && room(to) != room(from):
		if room(to) == "remote" && (throughRemote(from) || test && throughRemote(room(from))) {
			return ""
		}
		return "rooms of the ground floor do not import each other"
	case !test && from == room(from) && slices.Contains(slices.Concat(pureAdapters(), boundAdapters()), to) &&
		floor(from) == 0:
		return "a seam does not import its own adapters"
	case room(from) == "integrate" && !test:
		return forbiddenInIntegrate(from, to)
	}
	return ""
}

func throughRemote(dir string) bool {
	return slices.ContainsFunc(overRemote(), func(adapter string) bool { return under(dir, adapter) })
}

// forbiddenInIntegrate is about adapters. The package that opens a World, and
// the fake of a whole cloud, may use those that need no C library.
func forbiddenInIntegrate(from, to string) string {
	if slices.Contains(boundAdapters(), to) {
		return "integrate works without a C library"
	}
	opener := from == "integrate/connect" || fake(from)
	if slices.Contains(pureAdapters(), to) && !opener {
		return "integrate sees interfaces, never adapters"
	}
	if floorInIntegrate(to) > floorInIntegrate(from) {
		return "the import goes upward"
	}
	return ""
}

// floorInIntegrate is how high a package of integrate is in there. What a caller hands over is below the internals, and
// so is the reading of public keys, as the Spec has such keys. The plan is above the internals, and what makes use of
// plans is on top.
func floorInIntegrate(dir string) int {
	switch {
	case dir == "integrate/internal/pubkey":
		return 0
	case dir == "integrate":
		return 2
	case under(dir, "integrate/internal"):
		return 1
	case path.Dir(dir) == "integrate" && dir != "integrate/spec" && dir != "integrate/world":
		return 3
	}
	return 0
}

// A library may be named in some folders only, and in what is under them.
type library struct {
	prefix string
	dirs   []string
	tests  bool // any test may name it too
}

func libraries() []library {
	return []library{
		{"C", boundAdapters(), false},
		{"github.com/ceph/go-ceph", []string{"ceph/radosconn"}, false},
		{"libvirt.org/go/libvirt", []string{"libvirtsecret/libvirtconn"}, false},
		// The benchmark measures the bare library beside remote.
		{"golang.org/x/crypto/ssh", []string{"remote", "examples/bench"}, true},
		{"github.com/gophercloud/gophercloud", []string{"openstack/api"}, false},
		{"github.com/stretchr/testify", nil, true},
		{"github.com/chromedp", nil, true},
	}
}

// checkLibraries finds imports of libraries that only one package wraps.
func checkLibraries(tree []source) []violation {
	var found []violation
	for _, s := range goFiles(tree, always) {
		for _, i := range s.syntax.Imports {
			name := importPath(i)
			for _, l := range libraries() {
				if !under(name, l.prefix) || l.tests && s.isTest() || l.allows(s.dir()) {
					continue
				}
				found = append(found, s.at(i, name, fmt.Sprintf("imports %s, which only %s may", name, l.owners())))
			}
		}
	}
	return found
}

func (l library) allows(dir string) bool {
	return slices.ContainsFunc(l.dirs, func(owner string) bool { return under(dir, owner) })
}

func (l library) owners() string {
	owners := slices.Clone(l.dirs)
	if l.tests {
		owners = append(owners, "tests")
	}
	if len(owners) == 0 {
		return "no package"
	}
	return strings.Join(owners, " and ")
}

func importing(from, what string) []string {
	return []string{from, "package x\n\nimport _ \"" + what + "\"\n"}
}

// An edge is an import, of packages of the module.
type edge struct {
	from, to string
	bad      bool
}

// TestTheCellarIsBelowAll: everybody imports the root package, which imports nobody.
func TestTheCellarIsBelowAll(t *testing.T) {
	tryEdges(t, []edge{{"integrate/a.go", "", false}, {"ceph/a.go", "", false}, {"doc.go", "ceph", true}})
}

// TestImports tries the other rules of checkImports.
func TestImports(t *testing.T) {
	tryEdges(t, []edge{
		{"ceph/a.go", "integrate", true},
		{"ceph/a_test.go", "integrate", true},
		{"integrate/a.go", "examples/internal/wiring", true},
		{"examples/quickstart/a.go", "integrate/integratetest", false},
		{"ceph/a.go", "remote", true},
		{"ceph/cephcli/a.go", "remote", false},
		{"ceph/cephcli/a.go", "openstack", true},
		{"libvirtsecret/a.go", "remote", true},
		{"libvirtsecret/hostbatch/a.go", "remote", false},
		{"libvirtsecret/hostbatch/batchtest/a.go", "remote/remotetest", false},
		{"libvirtsecret/virsh/a.go", "remote/remotetest", true},
		{"libvirtsecret/virsh/a_test.go", "remote/remotetest", false},
		{"ceph/a.go", "ceph/cephcli", true},
		{"ceph/a.go", "ceph/cephtest", true},
		{"remote/a.go", "remote/hostkeys", false},
		{"ceph/a_test.go", "ceph/cephtest", false},
		{"remote/a.go", "remote/internal/wire", false},
		{"integrate/a.go", "remote", false},
		{"integrate/a.go", "ceph/cephcli", true},
		{"integrate/a.go", "openstack/api", false},
		{"integrate/internal/kind/a.go", "openstack/api", false},
		{"integrate/internal/kind/a.go", "libvirtsecret/virsh", true},
		{"integrate/internal/kind/a.go", "integrate", true},
		{"integrate/internal/kind/a.go", "integrate/spec", false},
		{"integrate/internal/kind/a.go", "integrate/internal/step", false},
		{"integrate/internal/kind/a.go", "integrate/world", false},
		{"integrate/spec/a.go", "integrate/connect", true},
		{"integrate/spec/a.go", "integrate/internal/kind", true},
		{"integrate/spec/a.go", "integrate/internal/pubkey", false},
		{"integrate/world/a.go", "integrate", true},
		{"integrate/a.go", "integrate/world", false},
		{"integrate/a.go", "integrate/detect", true},
		{"integrate/detect/a.go", "integrate", false},
		{"integrate/detect/a.go", "integrate/internal/engine", false},
		{"integrate/detect/a.go", "libvirtsecret/virsh", true},
		{"integrate/a.go", "integrate/internal/engine", false},
		{"integrate/connect/a.go", "ceph/cephcli", false},
		{"integrate/connect/a.go", "integrate", false},
		{"integrate/connect/a.go", "ceph/radosconn", true},
		{"integrate/a.go", "libvirtsecret/libvirtconn", true},
		{"integrate/a.go", "ceph/cephtest", true},
		{"integrate/integratetest/a.go", "ceph/cephtest", false},
		{"examples/cephstack/a.go", "ceph/radosconn", false},
	})
}

func tryEdges(t *testing.T, edges []edge) {
	t.Helper()
	var trials []trial
	for _, c := range edges {
		name := strings.TrimSuffix(module+"/"+c.to, "/")
		one := trial{name: c.from + " imports " + c.to, files: importing(c.from, name)}
		if c.bad {
			one.want = []string{name}
		}
		trials = append(trials, one)
	}
	try(t, checkImports, trials)
}

// TestLibraries tries every rule of checkLibraries.
func TestLibraries(t *testing.T) {
	const ssh, testify = "golang.org/x/crypto/ssh/agent", "github.com/stretchr/testify/assert"
	const gophercloud = "github.com/gophercloud/gophercloud/v2/openstack"
	try(t, checkLibraries, []trial{
		{"rados in its adapter", importing("ceph/radosconn/a.go", "github.com/ceph/go-ceph/rados"), nil},
		{"rados elsewhere", importing("ceph/a_test.go", "github.com/ceph/go-ceph/rados"),
			[]string{"github.com/ceph/go-ceph/rados"}},
		{"libvirt in its adapter", importing("libvirtsecret/libvirtconn/a.go", "libvirt.org/go/libvirt"), nil},
		{"libvirt elsewhere", importing("libvirtsecret/virsh/a.go", "libvirt.org/go/libvirt"),
			[]string{"libvirt.org/go/libvirt"}},
		{"SSH in remote", importing("remote/internal/wire/a.go", ssh), nil},
		{"SSH in a test", importing("examples/cephstack/a_test.go", ssh), nil},
		{"SSH elsewhere", importing("integrate/a.go", ssh), []string{ssh}},
		{"gophercloud in the APIs", importing("openstack/api/a.go", gophercloud), nil},
		{"gophercloud elsewhere", importing("openstack/a.go", gophercloud), []string{gophercloud}},
		{"testify in a test", importing("ceph/a_test.go", testify), nil},
		{"testify in a suite", importing("ceph/cephtest/a.go", testify), []string{testify}},
		{"cgo in an adapter", importing("ceph/radosconn/a.go", "C"), nil},
		{"cgo elsewhere", importing("ceph/a.go", "C"), []string{"C"}},
		{"standard library", importing("ceph/a.go", "context"), nil},
	})
}
