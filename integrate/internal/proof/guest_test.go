package proof

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// addGuests adds a VM on each of some computes, whose consoles have these texts.
func (j *travel) addGuests(cfg openstacktest.Config, consoles ...string) *openstacktest.Server {
	j.t.Helper()
	text := map[string]string{}
	cfg.Hooks.Console = func(id string) string { return text[id] }
	s := j.dial(cfg)
	for k, console := range consoles {
		on := j.guestName(k)
		id := s.AddServer(api.Server{Name: on, Host: on})
		text[id] = console
		j.guests = append(j.guests, guest{on, api.Server{ID: id, Host: on}})
	}
	return s
}

// TestALookThatTheTimeCutsShort tells nothing: the error has what the guest said before.
func TestALookThatTheTimeCutsShort(t *testing.T) {
	j := newTravel(t, nil)
	j.Options.GuestWait = 250 * time.Millisecond
	looks := 0
	j.addGuests(openstacktest.Config{Fail: func(r *http.Request) (status int, body string, ok bool) {
		if strings.HasSuffix(r.URL.Path, "/action") {
			if looks++; looks > 1 {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
				return 0, "", true
			}
		}
		return 0, "", false
	}}, "Kernel panic")
	_, err := j.answer(t.Context(), j.guests[0].server.ID, "ready")
	require.EqualError(t, err, "guest "+j.guests[0].server.ID+
		` did not say "ready" within 250ms; its console ends: Kernel panic`)
	_, err = j.answer(t.Context(), j.guests[0].server.ID, "ready")
	require.ErrorContains(t, err, "its console ends:  (last error: ", "no look came to its end")
}
