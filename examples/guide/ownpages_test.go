package guide_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheOwnToolIsTheExample: the page shows the files of examples/downstream as they are.
func TestTheOwnToolIsTheExample(t *testing.T) {
	for _, p := range readPages(t, ".") {
		if p.name() != "own-tool" {
			continue
		}
		shown := 0
		for _, b := range p.blocks {
			if b.kind == "file" {
				code, err := os.ReadFile(filepath.Join("..", "downstream", b.name))
				require.NoError(t, err)
				assert.Equal(t, string(code), b.text, "copy %s into the page, or the page into it", b.name)
				shown++
			}
		}
		assert.Equal(t, 2, shown)
	}
}
