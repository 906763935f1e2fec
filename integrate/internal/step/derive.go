package step

import "sync"

// derived are values that were worked out from what was read on a host. They are
// kept, as several resources need them.
type derived struct {
	mu     sync.Mutex
	values map[any]any
}

// Derive works a value out from what was read on a host, once for each key. The
// key is of a type of the caller's own. Nobody changes the value.
func Derive[T any](h *Host, key any, work func() T) T {
	h.derived.mu.Lock()
	defer h.derived.mu.Unlock()
	if v, ok := h.derived.values[key].(T); ok {
		return v
	}
	v := work()
	if h.derived.values == nil {
		h.derived.values = map[any]any{}
	}
	h.derived.values[key] = v
	return v
}
