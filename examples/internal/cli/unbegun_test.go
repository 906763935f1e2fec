package cli

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate"
)

// TestWhatWasNotBegunIsToldOnce: a host of which nothing was begun is folded, and of a host that was begun each change
// is told.
func TestWhatWasNotBegunIsToldOnce(t *testing.T) {
	why := errors.New("interrupted")
	of := func(target string, status integrate.Status) integrate.Outcome {
		o := integrate.Outcome{Change: integrate.Change{Target: target, Action: "create", Kind: "file", Name: "/x"},
			Status: status}
		if status == integrate.Cancelled {
			o.Err, o.Error = why, why.Error()
		}
		return o
	}
	r := &integrate.Result{Outcomes: []integrate.Outcome{of("c1", integrate.Applied), of("c1", integrate.Cancelled),
		of("c2", integrate.Cancelled), of("c3", integrate.Cancelled), of("c3", integrate.Cancelled)}}
	assert.EqualError(t, foldUnbegun(r, r.Err()), "c1: create file /x: cancelled: interrupted\n"+
		"3 changes were not begun: interrupted\nnot begun: c[2-3]")
	assert.ErrorIs(t, foldUnbegun(r, r.Err()), why)
	refused := errors.New("refused")
	assert.EqualError(t, foldUnbegun(r, refused), "refused\nnot begun: c[2-3]")
	assert.NoError(t, foldUnbegun(r, nil))
	var told bytes.Buffer
	newProgress(&told, progressOptions{}).cancelled(r)
	assert.Equal(t, "cancelled c1: create file /x (0.0s)\n", told.String())
}
