package integrate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// controllersOfThree are the controllers, and controlled their services.
var (
	controllersOfThree = []string{"controller", "controller2", "controller3"}
	controlled         = []string{"glance-api", "cinder-volume", "cinder-backup"}
)

// threeControllers is a cloud whose services run on three controllers, all at once.
func threeControllers() spec.Spec {
	s := twoControllers()
	s.Hosts = append(s.Hosts, spec.Host{Name: "controller3", Services: s.Hosts[0].Services})
	s.Cinder.Cluster, s.Cinder.Coordination = "ha", spec.NewSecret("etcd3+http://:secret-word@203.0.113.5:2379")
	return s
}

// A three is a world of three controllers. It watches all restarts.
type three struct {
	*integratetest.World
	t  *testing.T
	in *integrate.Integration
	// patient waits for services longer than any test takes.
	patient *integrate.Integration

	mu       sync.Mutex
	dead     map[string]bool // host/service: hangs, or does not start
	restarts []string        // host/service
	after    func(host, service string)
	before   func(host, service string)
}

// newThree waits so long for services to serve.
func newThree(t *testing.T, await time.Duration) *three {
	s := threeControllers()
	x := &three{World: integratetest.Open(t, s), t: t, dead: map[string]bool{}}
	with := func(await time.Duration) *integrate.Integration {
		in, err := integrate.New(integrate.Config{Spec: s, World: x.World.World, Settle: 1, Poll: time.Millisecond,
			Await: await})
		require.NoError(t, err)
		return in
	}
	x.in, x.patient = with(await), with(time.Minute)
	for _, host := range controllersOfThree {
		m := x.Machines[host]
		restart := func(do func(host, service string)) func(context.Context, remote.Op) error {
			return func(_ context.Context, op remote.Op) error {
				if r, ok := op.(remote.RestartUnit); ok {
					do(host, strings.TrimSuffix(r.Unit, ".service"))
				}
				return nil
			}
		}
		m.Fail = restart(x.begins)
		m.FailAfter = restart(func(host, service string) {
			if x.after != nil {
				x.after(host, service)
			}
		})
	}
	return x
}

// serves reports whether a service serves on a host.
func (x *three) serves(host, service string) bool {
	return x.Machines[host].Unit(service).Active == "active" && !x.dead[host+"/"+service]
}

// begins checks that a restart takes nothing down that no other host serves.
func (x *three) begins(host, service string) {
	if x.before != nil {
		x.before(host, service)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.restarts = append(x.restarts, host+"/"+service)
	others := slices.ContainsFunc(controllersOfThree, func(o string) bool { return o != host && x.serves(o, service) })
	assert.True(x.t, others || !x.serves(host, service), "%s is restarted on %s, and serves nowhere else; so far: %v",
		service, host, x.restarts)
}

// hang makes a service hang, or ends that.
func (x *three) hang(host, service string, hangs bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dead[host+"/"+service] = hangs
	x.Mute(host, service, hangs)
}

func (x *three) apply() (*integrate.Result, error) {
	return x.in.Apply(x.t.Context(), plan(x.t, x.in), integrate.ApplyOptions{})
}

// finishes applies until nothing is left to do.
func (x *three) finishes() {
	for range 4 {
		if plan(x.t, x.in).Empty() {
			break
		}
		_, _ = x.patient.Apply(x.t.Context(), plan(x.t, x.patient), integrate.ApplyOptions{}) // the plan after it tells
	}
	assert.True(x.t, plan(x.t, x.in).Empty(), "%s", plan(x.t, x.in))
	for _, host := range controllersOfThree {
		for _, service := range controlled {
			assert.True(x.t, x.serves(host, service), "%s on %s", service, host)
		}
	}
	assert.Empty(x.t, x.API.Violations())
}

// TestThreeControllersOneByOne: each is known to serve again before the next is touched.
func TestThreeControllersOneByOne(t *testing.T) {
	x := newThree(t, time.Minute)
	result, err := x.apply()
	require.NoError(t, err)
	assert.Equal(t, len(result.Outcomes), result.Count(integrate.Applied))
	require.Len(t, x.restarts, 9)
	for i, host := range controllersOfThree {
		for _, r := range x.restarts[3*i : 3*i+3] {
			assert.Equal(t, host, strings.Split(r, "/")[0], "%v", x.restarts)
		}
	}
	data, _ := x.Machines["controller3"].Contents("/etc/cinder/cinder.conf")
	assert.Contains(t, string(data), "cluster = ha\n")
	assert.Contains(t, string(data), "[coordination]\nbackend_url = etcd3+http://:secret-word@203.0.113.5:2379\n")
	report, err := verify(t, x.in)
	require.NoError(t, err, "%s", report)
	x.finishes()
	assert.Len(t, x.restarts, 9)
}

// TestAServiceThatDoesNotComeBackStopsTheRollout: the other controllers are left alone, and the next run goes on.
func TestAServiceThatDoesNotComeBackStopsTheRollout(t *testing.T) {
	for _, service := range controlled {
		for _, how := range []string{"hangs", "fails", "hangs, and the plan was stored"} {
			t.Run(service+" "+how, func(t *testing.T) {
				t.Parallel()
				x := newThree(t, 2*time.Second)
				p := plan(t, x.in)
				if strings.HasSuffix(how, "stored") {
					data, err := json.Marshal(p)
					require.NoError(t, err)
					p, err = integrate.ParsePlan(data)
					require.NoError(t, err)
				}
				x.before = func(host, s string) {
					if s == service && host == "controller2" && how == "fails" {
						x.Machines[host].BreakUnit(service, "it crashed")
					}
				}
				x.after = func(host, s string) {
					if s == service && host == "controller2" && how != "fails" {
						x.hang(host, s, true)
					}
				}
				result, err := x.in.Apply(t.Context(), p, integrate.ApplyOptions{})
				require.ErrorIs(t, err, integrate.ErrStopped)
				require.ErrorContains(t, err, service+" on controller2 is not known to serve again after its restart, so "+
					"the hosts behind it are left alone: look at journalctl -u "+service+".service there")
				assert.NotContains(t, err.Error(), "secret-word")
				assert.Zero(t, x.Machines["controller3"].Changes(""))
				for _, o := range result.Outcomes {
					switch o.Change.Target {
					case "controller":
						assert.Equal(t, integrate.Applied, o.Status, o.Change.ID)
					case "controller3", "cloud":
						assert.Equal(t, integrate.Cancelled, o.Status, o.Change.ID)
						assert.ErrorIs(t, o.Err, integrate.ErrStopped)
					}
				}
				x.before, x.after = nil, nil
				x.hang("controller2", service, false)
				x.Machines["controller2"].BreakUnit(service, "")
				x.finishes()
			})
		}
	}
}

// TestAConvergeStopsToo, and has a part for each host that was left alone.
func TestAConvergeStopsToo(t *testing.T) {
	x := newThree(t, 2*time.Second)
	x.after = func(host, service string) {
		if service == "cinder-backup" && host == "controller" {
			x.hang(host, service, true)
		}
	}
	targets, faults := parts(t.Context(), x.in, integrate.ConvergeOptions{}, nil)
	assert.Len(t, targets, 7)
	for _, name := range []string{"controller2", "controller3", "cloud"} {
		require.ErrorIs(t, faults[name], integrate.ErrStopped, name)
		require.ErrorContains(t, faults[name], "cinder-backup on controller is not known to serve again")
		if m := x.Machines[name]; m != nil {
			assert.Zero(t, m.Changes(""))
		}
	}
	x.after = nil
	x.hang("controller", "cinder-backup", false)
	x.finishes()
}

// TestTheLastThatServesIsNotRestarted. The others are brought up, and the next run goes on.
func TestTheLastThatServesIsNotRestarted(t *testing.T) {
	for _, service := range controlled {
		x := newThree(t, time.Minute)
		_ = plan(t, x.in) // the APIs hear of the services
		x.Machines["controller2"].StopUnit(service)
		x.Machines["controller3"].StopUnit(service)
		result, err := x.apply()
		require.ErrorContains(t, err, "no other host serves it: "+service+".service was not restarted, as "+service+
			" would then be down everywhere (", service)
		require.ErrorContains(t, err, "take "+service+" off their services in the Spec")
		assert.NotErrorIs(t, err, integrate.ErrStopped, "the other hosts are brought up")
		for _, o := range result.Outcomes {
			want := integrate.Applied
			switch {
			case o.Change.ID == "unit/controller/"+service+".service":
				want = integrate.Failed
			case o.Change.Kind == "volume-type" && service == "cinder-volume":
				want = integrate.Skipped
			}
			assert.Equal(t, want, o.Status, o.Change.ID)
		}
		assert.NotContains(t, x.restarts, "controller/"+service)
		x.finishes()
		assert.Contains(t, x.restarts, "controller/"+service)
	}
}

// TestARecordAloneIsNoSignOfLife: those of processes that died a moment ago are up.
func TestARecordAloneIsNoSignOfLife(t *testing.T) {
	x := newThree(t, 2*time.Second)
	_ = plan(t, x.in)
	x.hang("controller2", "cinder-volume", true)
	x.hang("controller3", "cinder-volume", true)
	_, err := x.apply()
	require.ErrorContains(t, err, "the APIs have no new sign of life from controller2@san, controller3@san")
	x.hang("controller2", "cinder-volume", false)
	x.hang("controller3", "cinder-volume", false)
	x.finishes()
}

// TestARolloutThatIsKilledAnywhere never takes the last instance down, and the next run finishes.
func TestARolloutThatIsKilledAnywhere(t *testing.T) {
	t.Parallel()
	for at := 1; ; at += oneIn(3) {
		x := newThree(t, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		kill := func(string, string) {
			if n++; n == at {
				cancel()
			}
		}
		x.before, x.after = kill, kill
		_, _ = x.in.Apply(ctx, plan(t, x.in), integrate.ApplyOptions{})
		whole := ctx.Err() == nil
		cancel()
		x.before, x.after = nil, nil
		x.finishes()
		if whole {
			assert.Equal(t, 19, at)
			return
		}
	}
}

// TestRandomFaultsOfControllers: whatever hangs, stops or fails, no run takes the last instance down, and once all is
// well again a run finishes.
func TestRandomFaultsOfControllers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12 / oneIn(4)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			x := newThree(t, 100*time.Millisecond)
			fault := func() {
				host, service := controllersOfThree[r.IntN(3)], controlled[r.IntN(3)]
				switch r.IntN(4) {
				case 0:
					x.Machines[host].StopUnit(service)
				case 1:
					x.Machines[host].BreakUnit(service, "it crashed")
				case 2:
					x.hang(host, service, true)
				case 3:
					x.Machines[host].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nenabled_backends = san\n"), 0o640)
				}
			}
			for range 4 {
				for range r.IntN(4) {
					fault()
				}
				if r.IntN(2) == 0 {
					_, _ = x.apply()
				} else {
					parts(t.Context(), x.in, integrate.ConvergeOptions{}, nil)
				}
			}
			for _, host := range controllersOfThree {
				for _, service := range controlled {
					x.hang(host, service, false)
					x.Machines[host].BreakUnit(service, "")
				}
			}
			x.finishes()
		})
	}
}
