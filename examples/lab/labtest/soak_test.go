package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARiseOfAnyReadingIsFound(t *testing.T) {
	all := make([]reading, 40)
	for i := range all {
		all[i] = reading{memory: 20_000 + i%3, heap: 3_000 + i%5, own: 9, files: 300 + i%7}
	}
	text, err := flat(all)
	require.NoError(t, err)
	require.Contains(t, text, "KiB of the program: 20000, then 20000")

	for name, grow := range map[string]func(*reading, int){
		"memory": func(r *reading, n int) { r.memory += 100 * n },
		"heap":   func(r *reading, n int) { r.heap += 30 * n },
		"own":    func(r *reading, n int) { r.own += n },
		"files":  func(r *reading, n int) { r.files += 3 * n },
		"shells": func(r *reading, n int) { r.shells += n / 20 },
	} {
		worse := append([]reading(nil), all...)
		for i := range worse {
			grow(&worse[i], i)
		}
		_, err := flat(worse)
		require.ErrorContains(t, err, "not flat", name)
	}
}
