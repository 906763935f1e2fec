package api

import (
	"net/http"
	"sync"
	"time"
)

// Clock is the time by the clocks of the services, to the second, as the Date of their last answers told it. Where
// the clocks differ, it is the earliest time. It is false where no answer had a Date: not every server sends a Date.
func (c *Cloud) Clock() (now time.Time, ok bool) { return c.clocks.now() }

// clocks are what the services told of their clocks.
type clocks struct {
	mu   sync.Mutex
	told map[string]reading // by host and port
}

// A reading is a Date, and when it came. The local clock may be set in between: what counts is how long ago it came.
type reading struct{ date, came time.Time }

func (c *clocks) now() (now time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.told {
		if at := r.date.Add(time.Since(r.came)); !ok || at.Before(now) {
			now, ok = at, true
		}
	}
	return now, ok
}

// dating reads the Date of each answer.
type dating struct {
	next   http.RoundTripper
	clocks *clocks
}

func (d dating) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if date, bad := http.ParseTime(resp.Header.Get("Date")); bad == nil {
		d.clocks.mu.Lock()
		defer d.clocks.mu.Unlock()
		d.clocks.told[r.URL.Host] = reading{date.UTC(), time.Now()}
	}
	return resp, nil
}
