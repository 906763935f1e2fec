package bundle

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/integrate"
)

// mostEvents is how many events a Recorder keeps, half of them the first and half the last.
const mostEvents = 20_000

// A Recorder keeps events with their times. Its Observe is an Observer of integrate.Config. It keeps at most 20,000
// events: the first and the last.
type Recorder struct {
	mu          sync.Mutex
	first, last []recorded
	dropped     int
}

type recorded struct {
	at   time.Time
	what slog.Value
}

// NewRecorder is a Recorder without events.
func NewRecorder() *Recorder { return &Recorder{} }

// Observe keeps an event.
func (r *Recorder) Observe(e integrate.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := recorded{time.Now(), e.LogValue()}
	switch {
	case len(r.first) < mostEvents/2:
		r.first = append(r.first, one)
	default:
		if len(r.last) == mostEvents {
			r.dropped += mostEvents / 2
			r.last = append(r.last[:0], r.last[mostEvents/2:]...)
		}
		r.last = append(r.last, one)
	}
}

// text is the events, each as a line of JSON.
func (r *Recorder) text() string {
	if r == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for i, e := range slices.Concat(r.first, r.last) {
		if i == len(r.first) && r.dropped > 0 {
			line, _ := json.Marshal(map[string]int{"events_left_out": r.dropped})
			b.WriteString(string(line) + "\n")
		}
		line := map[string]any{"time": e.at.UTC().Format("2006-01-02T15:04:05.000Z07:00")}
		for _, a := range e.what.Group() {
			line[a.Key] = a.Value.Resolve().Any()
		}
		data, err := json.Marshal(line)
		if err != nil {
			continue
		}
		b.WriteString(string(data) + "\n")
	}
	return b.String()
}
