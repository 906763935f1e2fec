package laws_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeGo stands for the go command in .ci/fuzz: it writes down which packages are built, and each test that it builds
// has inputs at once.
const fakeGo = `#!/bin/sh
case $1 in env) echo /nowhere; exit ;;
list) echo module; exit ;;
esac
while [ $# -gt 1 ]; do
	[ "$1" != -o ] || out=$2
	shift
done
echo "$1" >>"$BUILT"
printf '#!/bin/sh\necho "execs: 1"\n' >"$out"
chmod +x "$out"
`

// TestFuzzBuildsEachPackageOnce and runs each function of the module.
func TestFuzzBuildsEachPackageOnce(t *testing.T) {
	root := moduleRoot(t)
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("the module is not a checkout of git, which .ci/fuzz needs")
	}
	tool, built := filepath.Join(t.TempDir(), "go"), filepath.Join(t.TempDir(), "built")
	if err := os.WriteFile(tool, []byte(fakeGo), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(root, ".ci", "fuzz"))
	cmd.Env = append(os.Environ(), "GO="+tool, "BUILT="+built, "FUZZ=", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var want, ran, folders []string
	for _, s := range readTree(t) {
		for line := range strings.Lines(s.text) {
			if name, ok := strings.CutPrefix(line, "func Fuzz"); ok && s.isTest() {
				name, _, _ = strings.Cut(name, "(")
				want, folders = append(want, s.dir()+" Fuzz"+name), append(folders, "./"+s.dir())
			}
		}
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] != "ok" {
			t.Fatalf("a line is not of a function: %s", line)
		}
		ran = append(ran, f[2]+" "+f[3])
	}
	text, err := os.ReadFile(built)
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(text))
	for _, list := range []*[]string{&want, &ran, &folders, &packages} {
		slices.Sort(*list)
	}
	if !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
	if folders = slices.Compact(folders); !slices.Equal(packages, folders) {
		t.Errorf("built %q, want each once: %q", packages, folders)
	}
}
