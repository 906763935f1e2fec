package integrate

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSameMonitors(t *testing.T) {
	full := "[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0] [v2:10.0.0.2:3300/0,v1:10.0.0.2:6789/0]"
	for other, same := range map[string]bool{
		"10.0.0.2,10.0.0.1": true, "10.0.0.1:6789 10.0.0.2": true, "10.0.0.1": false, "": false, "mon.example.org": false,
	} {
		assert.Equal(t, same, sameMonitors(other, full), "%q", other)
	}
	assert.True(t, sameMonitors("[2001:db8::1]", "[v2:[2001:db8::1]:3300/0,v1:[2001:db8::1]:6789/0]"))
}

func TestGuestScriptIsAShellScript(t *testing.T) {
	script := string(guestScript(guestTask{"write", "0123"}, guestTask{"tick", "4567"}))
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
	absent := remote.Result{Exit: 1, Stderr: []byte(" error stat-ing data/cephstack-probe-1: (2) No such file or directory\n")}
	gone := remote.Result{Exit: 1, Stderr: []byte("error opening pool data: (2) No such file or directory\n")}
	done := remote.Result{}
	read := []right{{pool: "volumes"}}
	for _, c := range []struct {
		name    string
		rights  []right
		result  remote.Result
		cleanup []remote.Result
		want    error
		fails   bool
	}{
		{"a refusal that had to be", read, denied, nil, nil, false},
		{"reading what must not be read", read, done, nil, nil, true},
		{"no cluster", read, broken, nil, errUnable, true},
		{"a right that is missing", []right{{pool: "images", write: true, allowed: true}}, denied, []remote.Result{denied}, nil, true},
		{"an object that could be looked for", []right{{pool: "data", data: true, allowed: true}}, absent, nil, nil, false},
		{"an object that must not be looked for", []right{{pool: "data", data: true}}, absent, nil, nil, true},
		{"a data pool that is not there", []right{{pool: "data", data: true, allowed: true}}, gone, nil, errUnable, true},
		{"an object that cannot be made", []right{{pool: "data", data: true, write: true, allowed: true}}, absent, []remote.Result{absent}, errUnable, true},
		{"a probe that stays", []right{{pool: "images", write: true, allowed: true}}, done, []remote.Result{broken}, nil, true},
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
	assert.NotContains(t, misplaced(u, "i", "").Error(), "rbd config pool", "no option of the pool puts data beside the header")
}

func TestKeyringOfTwoServicesIsReadByBoth(t *testing.T) {
	given := spec.Spec{Clusters: []spec.Cluster{{Name: "ceph"}}, Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}}, Nova: &spec.Nova{}}
	s := resolve(given)
	x := &hostDiffer{differ: &differ{site: s}, names: []string{"cinder-volume", "nova-compute"}}
	owner, group, mode := x.keyringOwner(spec.User{Cluster: "ceph", Entity: "client.cinder"})
	assert.Equal(t, []any{"cinder", "nova", "0440"}, []any{owner, group, octal(mode)})
	x.names = []string{"nova-compute"}
	owner, group, mode = x.keyringOwner(spec.User{Cluster: "ceph", Entity: "client.cinder"})
	assert.Equal(t, []any{"root", "nova", "0640"}, []any{owner, group, octal(mode)})
}

func TestWhatIsSaidOfAServiceThatIsNotUp(t *testing.T) {
	err := notUp([]string{"cinder-volume a@x", "cinder-volume a@y"}, nil, "a")
	require.ErrorIs(t, err, remote.ErrUnitFailed)
	require.EqualError(t, err, "remote: unit did not stay active: restarted and active, but the APIs do not report it up: cinder-volume a@x, cinder-volume a@y; look at its log on a")
	err = notUp(nil, api.ErrUnreachable, "a")
	require.ErrorIs(t, err, api.ErrUnreachable)
	assert.NotContains(t, err.Error(), "%!")
}
