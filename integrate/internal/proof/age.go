package proof

import (
	"cmp"
	"fmt"
	"time"
)

// stillGoing is how long a run may go on. What a younger run made is left alone.
const stillGoing = 2 * time.Hour

// sameClock is how far apart two clocks are at most that tell the same time.
const sameClock = 5 * time.Minute

// ages tells which runs are over. The time in the name of a run is by the clock of the operator who started the run,
// and that clock, or the clock of this machine, may be wrong. So a run is over only if each time that is known of the
// run is long ago by each clock that is known. A time in the future is not evidence.
type ages struct {
	least       time.Duration // the age of a run that is over; negative: all are over
	local, apis time.Time     // what the clocks show; apis is zero where the APIs do not tell the time
	newest      map[string]thing
}

// agesOf reads the clocks. Things are all that the APIs have of runs.
func (j *journey) agesOf(things []thing) ages {
	a := ages{least: cmp.Or(j.Options.CleanAge, stillGoing), local: time.Now(), newest: map[string]thing{}}
	if now, ok := j.cloud.Clock(); ok {
		a.apis = now
	}
	for _, t := range things {
		if run, _, ok := runOf(runForm, t.name); ok && t.created.After(a.newest[run].created) {
			a.newest[run] = t
		}
	}
	return a
}

// over reports whether a run that began then, by its name, has surely ended, and why the run may go on although it is
// old by its name.
func (a ages) over(run string, began time.Time) (over bool, why string) {
	if a.least < 0 {
		return true, ""
	}
	least := a.least
	look := func(what string, at, now time.Time) {
		if at.IsZero() || now.IsZero() || now.Sub(at) >= a.least {
			return
		}
		age := now.Sub(at).Round(time.Minute)
		if !over && age >= least {
			return
		}
		over, least = false, age
		if why = fmt.Sprintf("%s is %s old", what, age); age < 0 {
			why = fmt.Sprintf("%s is %s in the future", what, -age)
		}
	}
	over = true
	t := a.newest[run]
	look("its name", began, a.local)
	look("its newest "+t.kind, t.created, a.local)
	look("by the clock of the APIs, its name", began, a.apis)
	look("by the clock of the APIs, its newest "+t.kind, t.created, a.apis)
	return over, why
}

// probeOver is over for the image of RBD of a run that tried a right. The name alone tells the age of the image, so
// that the clock of this machine has to be right.
func (a ages) probeOver(run string, began time.Time) (over bool, why string) {
	over, why = a.over(run, began)
	if !over || a.least < 0 {
		return over, why
	}
	switch off := a.local.Sub(a.apis); {
	case a.apis.IsZero():
		return false, "the APIs do not tell the time, so nothing shows whether the clock of this machine is right"
	case off > sameClock:
		off = off.Round(time.Minute)
		return false, fmt.Sprintf("the clock of this machine is %s ahead of the clock of the APIs", off)
	case off < -sameClock:
		off = -off.Round(time.Minute)
		return false, fmt.Sprintf("the clock of this machine is %s behind the clock of the APIs", off)
	}
	return true, ""
}
