package laws_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ofPrograms are libraries that only the programs or the tests need.
func ofPrograms() []string {
	return []string{
		"github.com/chromedp", "github.com/rogpeppe/go-internal", "github.com/santhosh-tekuri/jsonschema",
		"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/stretchr/testify", "github.com/vbauerster/mpb",
		"github.com/yuin/goldmark",
	}
}

// TestWhoImportsAPackageCompilesNoLibraryOfAProgram: the packages of the module, without its examples, need none of
// them, directly or through others.
func TestWhoImportsAPackageCompilesNoLibraryOfAProgram(t *testing.T) {
	list := func(args ...string) []string {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
		cmd.Dir = moduleRoot(t)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.Output()
		require.NoError(t, err)
		return strings.Fields(string(out))
	}
	var public []string
	for _, name := range list("./...") {
		if dir, _ := inModule(name); floor(dir) < 2 {
			public = append(public, name)
		}
	}
	for _, name := range []string{"integrate", "integrate/connect", "integrate/integratetest", "integrate/spec",
		"integrate/world"} {
		require.Contains(t, public, module+"/"+name)
	}
	needed := map[string]bool{}
	for _, name := range list(append([]string{"-deps"}, public...)...) {
		for _, l := range ofPrograms() {
			if under(name, l) {
				needed[l] = true
			}
		}
	}
	assert.Empty(t, needed, "go list -deps PACKAGE names what PACKAGE needs")
	assert.Subset(t, list("-deps", "./examples/cephstack"), []string{"github.com/spf13/cobra", "github.com/spf13/pflag"},
		"a program has such a library, and the list is not empty for another reason")
}
