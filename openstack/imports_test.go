package openstack_test

import (
	"go/build"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTablesSpeakNoHTTP holds that users of the option tables get neither
// gophercloud nor an HTTP client with them.
func TestTablesSpeakNoHTTP(t *testing.T) {
	const module = "github.com/cephstack/cephstack/"
	seen := map[string]bool{}
	var visit func(dir string)
	visit = func(dir string) {
		p, err := build.ImportDir(dir, 0)
		require.NoError(t, err)
		for _, path := range p.Imports {
			if seen[path] {
				continue
			}
			seen[path] = true
			assert.NotContains(t, path, "gophercloud", p.Dir)
			assert.NotEqual(t, "net/http", path, p.Dir)
			if inside, ok := strings.CutPrefix(path, module); ok {
				visit("../" + inside)
			}
		}
	}
	visit(".")
	assert.True(t, seen["fmt"], "the walk saw the imports")
}
