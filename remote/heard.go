package remote

import (
	"strings"
	"sync"

	"github.com/cephstack/cephstack/remote/internal/words"
)

// heard are the words of a host during a login: its banner, and what PAM says. They tell why a host that hangs up does
// so, such as one that is booting. Once the host was given a password, none of its words are kept: they may repeat the
// password, in any form. That it lets nobody in yet is kept all the same.
type heard struct {
	mu    sync.Mutex
	last  tail
	given bool
	boots bool // it said that it lets nobody in yet, or no more
}

func (h *heard) add(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	lower := strings.ToLower(text)
	for _, known := range []string{"booting up", "permitted to log in yet", "going down", "shutting down"} {
		h.boots = h.boots || strings.Contains(lower, known)
	}
	if h.given {
		return
	}
	for line := range strings.Lines(text) {
		// pam_nologin's text is in quotes, as the line is that a parser quotes and that may be a secret.
		_, _ = h.last.Write([]byte(strings.Trim(line, "\"\r\n ") + "\n"))
	}
}

// secret says that the host is given a password from now on.
func (h *heard) secret() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.given = true
}

// words are what was heard, as the end of an error; empty if that is nothing.
func (h *heard) words() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := words.Printable(h.last.String(), 300)
	switch {
	case text != "":
		return "; it said: " + text
	case h.boots:
		return "; it said that it is starting or going down, and lets nobody in"
	}
	return ""
}
