package proof

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

func TestGuestScriptIsAShellScript(t *testing.T) {
	script := string(guestScript(guestTask{"write", "0123", ""}, guestTask{"tick", "4567", ""}))
	cmd := exec.Command("sh", "-n")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, script, "# cephstack-guest write:0123 tick:4567\n")
	assert.Less(t, len(script), 64<<10/4*3, "user data may have 64 KiB in base64")
}

func TestLastBeat(t *testing.T) {
	assert.Equal(t, 17.5, lastBeat("CEPHSTACK beat 3.1\nnoise\nCEPHSTACK beat 17.5\nCEPHSTACK be"))
	assert.Zero(t, lastBeat("GUEST-UP 3"))
}

func TestJudgeTakesOnlyTheClustersRefusal(t *testing.T) {
	denied := remote.Result{Exit: 1, Stderr: []byte("rbd: list: (1) Operation not permitted\n")}
	broken := remote.Result{Exit: 1, Stderr: []byte("rbd: couldn't connect to the cluster!\n")}
	absent := remote.Result{Exit: 1,
		Stderr: []byte(" error stat-ing data/cephstack-probe-1: (2) No such file or directory\n")}
	gone := remote.Result{Exit: 1, Stderr: []byte("error opening pool data: (2) No such file or directory\n")}
	done := remote.Result{}
	read := []want.Right{{Pool: "volumes"}}
	for _, c := range []struct {
		name    string
		rights  []want.Right
		result  remote.Result
		cleanup []remote.Result
		want    error
		fails   bool
	}{
		{"a refusal that had to be", read, denied, nil, nil, false},
		{"reading what must not be read", read, done, nil, nil, true},
		{"no cluster", read, broken, nil, errUnable, true},
		{"a right that is missing", []want.Right{{Pool: "images", Write: true, Allowed: true}}, denied,
			[]remote.Result{denied}, nil, true},
		{"an object that could be looked for", []want.Right{{Pool: "data", Data: true, Allowed: true}}, absent,
			nil, nil, false},
		{"an object that must not be looked for", []want.Right{{Pool: "data", Data: true}}, absent, nil, nil, true},
		{"a data pool that is not there", []want.Right{{Pool: "data", Data: true, Allowed: true}}, gone, nil,
			errUnable, true},
		{"an object that cannot be made", []want.Right{{Pool: "data", Data: true, Write: true, Allowed: true}}, absent,
			[]remote.Result{absent}, errUnable, true},
		{"a probe that stays", []want.Right{{Pool: "images", Write: true, Allowed: true}}, done,
			[]remote.Result{broken}, nil, true},
	} {
		_, err := judge(c.rights, []remote.Result{c.result}, c.cleanup, "x@y")
		assert.Equal(t, c.fails, err != nil, c.name)
		if c.want != nil {
			assert.ErrorIs(t, err, c.want, c.name)
		}
	}
}

func TestWhereDataWent(t *testing.T) {
	u := spec.Use{Pool: "images", DataPool: "images-data"}
	assert.ErrorContains(t, misplaced(u, "i", "other"), "images/i has its data in other, not in images-data: ")
	assert.ErrorContains(t, misplaced(u, "i", "other"), "rbd config pool set images rbd_default_data_pool images-data")
	assert.NotContains(t, misplaced(u, "i", "").Error(), "rbd config pool",
		"no option of the pool puts data beside the header")
}
