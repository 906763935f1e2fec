package integrate_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// everything lists what is in the APIs and in the pools.
func everything(t *testing.T, w *integratetest.World) []string {
	t.Helper()
	var all []string
	add := func(kind, id, name string) { all = append(all, fmt.Sprint(kind, " ", id, " ", name)) }
	for _, v := range w.API.Volumes() {
		add("volume", v.ID, v.Name)
	}
	for _, v := range w.API.Images() {
		add("image", v.ID, v.Name)
	}
	for _, v := range w.API.Servers() {
		add("server", v.ID, v.Name)
	}
	for _, v := range w.API.Snapshots() {
		add("snapshot", v.ID, v.Name)
	}
	for _, v := range w.API.Backups() {
		add("backup", v.ID, v.Name)
	}
	flavors, err := w.Cloud.Flavors(t.Context())
	require.NoError(t, err)
	for name, id := range flavors {
		if name != "tiny" {
			add("flavor", id, name)
		}
	}
	for _, pool := range []string{"images", "volumes", "vms", "backups"} {
		names, err := w.Ceph["ceph"].List(t.Context(), pool)
		require.NoError(t, err)
		for _, name := range names {
			add("image of", pool, name)
		}
	}
	return all
}

// A knife cuts a verification off, as SIGKILL does: its requests get no answer any more, and it cannot tell the APIs
// anything else.
type knife struct {
	at    int  // the request that changes something, from 1 on
	done  bool // that request is done first
	mu    sync.Mutex
	seen  int
	dead  map[string]bool // tokens
	cut   chan struct{}
	ended chan struct{}
}

func (k *knife) request(r *http.Request) (int, string, bool) {
	k.mu.Lock()
	token := r.Header.Get("X-Auth-Token")
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/auth/tokens") && !isConsole(r) && !k.dead[token] {
		if k.seen++; k.seen == k.at {
			k.dead[token] = true
			close(k.cut)
			if k.done {
				k.mu.Unlock()
				return openstacktest.LostAnswer, "", true
			}
		}
	}
	dead := k.dead[token]
	k.mu.Unlock()
	if dead {
		<-k.ended
		return http.StatusTeapot, "", true
	}
	return 0, "", false
}

// isConsole tells a look at a console from other actions by its size.
func isConsole(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/action") && r.ContentLength == 26
}

// TestAKilledVerificationIsCleanedUp wherever it was cut off, and the objects of others stay.
func TestAKilledVerificationIsCleanedUp(t *testing.T) {
	t.Parallel()
	cuts := 0
	for _, done := range []bool{true, false} {
		for at := 1; ; at += oneIn(5) {
			if !killed(t, &knife{at: at, done: done, dead: map[string]bool{}, cut: make(chan struct{}),
				ended: make(chan struct{})}) {
				break
			}
			cuts++
		}
	}
	t.Logf("cut off at %d places", cuts)
	assert.Greater(t, cuts, 50/oneIn(5))
}

// killed runs a verification with a knife, and reports whether it was cut off.
func killed(t *testing.T, k *knife) bool {
	t.Helper()
	w := integratetest.Integrated(t, exampleSpec())
	other := w.API.AddVolume(api.Volume{Name: "cephstack-verify-0123abcd-20200102T030405Z-data", Description: "mine"})
	before := everything(t, w)
	victim := w.Redial(t)
	w.API.Interrupt(k.request)
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer close(ended)
		_, _ = victim.Verify(ctx, integrate.VerifyOptions{Image: integratetest.Image(), GuestWait: time.Second})
	}()
	cut := false
	select {
	case <-k.cut:
		cut = true
		if k.done {
			time.Sleep(5 * time.Millisecond) // the request is being done
		}
	case <-ended:
	}
	defer func() {
		cancel()
		close(k.ended)
		<-ended
	}()
	if !cut {
		return false
	}
	left := everything(t, w)
	second := w.Integration(t)
	young, err := second.Verify(t.Context(), integrate.VerifyOptions{Clean: true})
	require.NoError(t, err, "%s", young)
	assert.NotContains(t, young.Checks[0].Evidence, "removed", "cut %d: the run may still be going on", k.at)
	report, err := second.Verify(t.Context(), integrate.VerifyOptions{Clean: true, CleanAge: -1})
	require.NoError(t, err, "cut %d of %v\n%s", k.at, left, report)
	require.Len(t, report.Checks, 1)
	assert.ElementsMatch(t, before, everything(t, w), "cut %d\n%s", k.at, report)
	if len(left) > len(before) {
		assert.Regexp(t, `cephstack-verify-[0-9a-f]{8}-\d{8}T\d{6}Z \(0s old\): \d`, report.Checks[0].Evidence)
		assert.Contains(t, young.Checks[0].Evidence, "left alone, as its run may still go on")
	}
	_, err = w.Cloud.Volume(t.Context(), other)
	require.NoError(t, err)
	return true
}

// TestLostAnswersLeaveNothing: the answer to each request that changes something is lost, one in each run. The run
// itself finds what the request made.
func TestLostAnswersLeaveNothing(t *testing.T) {
	t.Parallel()
	for at := 1; ; at += oneIn(4) {
		w := integratetest.Integrated(t, exampleSpec())
		before := everything(t, w)
		seen, lost := 0, ""
		var mu sync.Mutex
		w.API.Interrupt(func(r *http.Request) (int, string, bool) {
			mu.Lock()
			defer mu.Unlock()
			if r.Method != http.MethodPost || isConsole(r) || strings.HasSuffix(r.URL.Path, "/auth/tokens") {
				return 0, "", false
			}
			seen++
			if seen == at {
				lost = r.URL.Path
			}
			return openstacktest.LostAnswer, "", seen == at
		})
		report, err := w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Image: integratetest.Image(),
			GuestWait: time.Second})
		if lost == "" {
			require.NoError(t, err, "%s", report)
			assert.Greater(t, at, 10)
			return
		}
		assert.Equal(t, integrate.Pass, check(report, "nothing is left behind").Status, "%s: %s", lost, report)
		assert.ElementsMatch(t, before, everything(t, w), lost)
	}
}

// TestTheNextRunRemovesWhatIsOld: and says so, while another user's things with such a name stay.
func TestTheNextRunRemovesWhatIsOld(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	const run = "cephstack-verify-0123abcd-20200102T030405Z"
	text := "made by " + run + ", a verification of cephstack"
	for _, v := range []api.Volume{{Name: run + "-data"}, {Name: run + "-data", Description: "a copy"},
		{Name: "x" + run + "-data", Description: text}, {Name: run, Description: text},
		{Name: "cephstack-verify-mine", Description: text}} {
		w.API.AddVolume(v)
	}
	before := everything(t, w)
	made := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	v := w.API.AddVolume(api.Volume{Name: run + "-data", Description: text, Status: "deleting", Created: made,
		Host: "controller@ceph#ceph"})
	gone := w.API.AddVolume(api.Volume{Name: run + "-copy", Description: text, Status: "in-use", Created: made,
		Host:    "controller@ceph#ceph",
		Servers: []string{"00000000-0000-4000-8000-ffffffffffff"}})
	w.API.AddImage(api.Image{Name: run + "-image", Description: text, Status: "queued", Created: made}, nil)
	w.API.AddFlavor(openstacktest.Flavor{Name: run + "-flavor"})
	require.NoError(t, w.Ceph["ceph"].AddImage(ceph.Image{Pool: "volumes", Name: "volume-" + v}))
	require.NoError(t, w.Ceph["ceph"].AddImage(ceph.Image{Pool: "volumes", Name: "volume-" + gone}))
	require.NoError(t, w.Ceph["ceph"].AddImage(ceph.Image{Pool: "vms", Name: "cephstack-probe-0123abcd-20200102T030405Z"}))
	report, err := verify(t, w.Integration(t))
	require.NoError(t, err, "%s", report)
	c := check(report, "older runs left nothing")
	require.NotNil(t, c)
	for _, part := range []string{"1 image of pool vms", run + " (", "1 flavor, 1 image, 2 volume"} {
		assert.Contains(t, c.Evidence, part)
	}
	assert.ElementsMatch(t, before, everything(t, w))
	report, err = w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Clean: true})
	require.NoError(t, err)
	assert.Equal(t, "nothing was left", report.Checks[0].Evidence)
	_, err = w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Clean: true, Static: true})
	require.ErrorContains(t, err, "the option Clean goes with none of")
}
