package laws_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestNoCLibrary looks at all that integrate imports, with cgo allowed: no
// package outside the standard library uses it.
func TestNoCLibrary(t *testing.T) {
	dirs := []string{"./integrate", "./integrate/connect"}
	for _, name := range usingC(goList(t, dirs...)) {
		t.Errorf("%v import %s, which needs a C library; keep it out of integrate", dirs, name)
	}
}

// goList gives a line for each package that some packages are made of: its
// import path, whether it is of the standard library, and its files with cgo.
func goList(t *testing.T, dirs ...string) string {
	t.Helper()
	const format = "{{.ImportPath}} {{.Standard}} {{.CgoFiles}}"
	cmd := exec.Command("go", append([]string{"list", "-deps", "-f", format}, dirs...)...)
	cmd.Dir, cmd.Env = moduleRoot(t), append(os.Environ(), "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return string(out)
}

// usingC gives the packages that use cgo, of what goList says.
func usingC(list string) []string {
	var names []string
	for line := range strings.Lines(list) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		standard, cgo, _ := strings.Cut(rest, " ")
		if standard == "false" && cgo != "[]" {
			names = append(names, name)
		}
	}
	return names
}

// TestUsingC is against what go list says of packages that are known.
func TestUsingC(t *testing.T) {
	got := usingC("net true [cgo.go]\n" + module + "/ceph false []\ngithub.com/ceph/go-ceph/rados false [a.go b.go]\n")
	if !slices.Equal(got, []string{"github.com/ceph/go-ceph/rados"}) {
		t.Errorf("got %q", got)
	}
	if list := goList(t, "net"); !strings.Contains(list, "net true [") || len(usingC(list)) != 0 {
		t.Errorf("go list has another form now:\n%s", list)
	}
}
