package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDayTwoIsWhole(t *testing.T) {
	d := &dayTwo{lab: &lab{}}
	for _, names := range []string{"", "audit", "adopt retire"} {
		parts, err := d.parts(names)
		require.NoError(t, err)
		for _, s := range slices.Concat(parts...) {
			assert.NotEmpty(t, s.name)
			assert.NotNil(t, s.fn, s.name)
		}
	}
	some, err := d.parts("retire drift") // what retires is the last
	require.NoError(t, err)
	require.Len(t, some, 2)
	assert.Equal(t, "nothing differs", some[0][0].name)
	_, err = d.parts("drift and audit")
	require.EqualError(t, err, `DAYTWO has "and", which is none of drift, audit, adopt and retire`)
}

// An item that two rounds or two deviations of other resources have would hide what was not found.
func TestDeviationsTellApart(t *testing.T) {
	count := 0
	for _, round := range deviations() {
		count += len(round)
		for _, v := range round {
			assert.NotEmpty(t, v.items, v.what)
			assert.True(t, v.host == "" || v.script != "", v.what)
		}
	}
	assert.GreaterOrEqual(t, count, 20)
}

func TestFaultsTellApart(t *testing.T) {
	d := &dayTwo{lab: &lab{}, ws: &witnesses{}, planted: planted{backup: "b", images: map[string]string{"copied": "i1",
		"unprotected": "i2", "no-snap": "i3", "renamed": "i4", "not-raw": "i5"}, volumes: map[string]string{"moved": "v1",
		"in-trash": "v2", "stuck": "v3", "unused": "v4", "backed-up": "v5", "whole": "v6"}}}
	d.lab.before.Server.ID = "s0"
	for _, id := range []string{"s1", "s2"} {
		d.ws.all = append(d.ws.all, &witness{id: id, volume: "w" + id, disks: []string{"vms/" + id + "_disk"}})
	}
	var want, codes []string
	faults := d.faults()
	for _, f := range faults {
		assert.NotEmpty(t, f.host, f.what)
		assert.NotEmpty(t, f.back, f.what)
		assert.NotContains(t, f.plant+f.back, "%!", f.what)
		assert.NotContains(t, f.plant+f.back, "volume- ", "an object of %s has no ID", f.what)
		for _, w := range f.want {
			code, _, _ := strings.Cut(w, " ")
			want, codes = append(want, w), append(codes, code)
		}
	}
	slices.Sort(codes)
	assert.GreaterOrEqual(t, len(faults), 15)
	assert.GreaterOrEqual(t, len(slices.Compact(codes)), 25)
	slices.Sort(want)
	assert.Len(t, slices.Compact(want), len(want), "two faults are found in the same words")
}

func TestDiffers(t *testing.T) {
	require.NoError(t, differs([]string{"a", "b *", "b *"}, []string{"b 1", "a", "b 2"}))
	err := differs([]string{"a", "c x"}, []string{"a", "a"})
	require.EqualError(t, err, "c x was not found\na was found, and nobody has put it there")
}

func TestAnEndedContextEndsTheVariant(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l := &lab{program: "true", state: t.TempDir(), hosts: []string{"controller"}}
	require.Error(t, l.testDayTwo(ctx, &report{}))
}
