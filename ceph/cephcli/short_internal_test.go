package cephcli

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestProgramsFitIntoAnArgument of a sudo that looks at what it starts.
func TestProgramsFitIntoAnArgument(t *testing.T) {
	const limit = 4000
	assert.Less(t, len(short(requestsPy)), limit)
	assert.Less(t, len(short(inspectPy)), limit)
	assert.Less(t, len(interpreter), limit)
	tree := "import ast, sys; print(ast.dump(ast.parse(sys.stdin.read())))"
	parsed := func(program string) string {
		cmd := exec.Command("python3", "-I", "-c", tree)
		cmd.Stdin = strings.NewReader(program)
		out, err := cmd.Output()
		require.NoError(t, err)
		return string(out)
	}
	if _, err := exec.LookPath("python3"); err == nil {
		assert.Equal(t, parsed(requestsPy), parsed(short(requestsPy)), "it is the same program")
		assert.Equal(t, parsed(inspectPy), parsed(short(inspectPy)), "it is the same program")
	}
}
