//go:build linux && amd64

package main

import "context"

// mutants runs the program with one protection removed. A mutant passes if the suite finds it. If
// the text is not in the program any more, the class ends with an error.
func (s *suite) mutants(ctx context.Context) (tally, error) {
	var t tally
	var jobs []job
	for _, m := range []trial{
		{From: `sync "$at" || exit 50`, To: `:`},
		{From: `sync . || exit 53`, To: `:`},
		{From: `set -C; content`, To: `umask 0; set -C; content`},
		{From: `sync . || exit 53`, To: `sync . || exit 53; chmod 0600 "$at"; chmod "$md" "$at"`},
	} {
		jobs = append(jobs, job{Scenario: "replace", Trial: m})
	}
	verdicts, err := newPool(ctx).do(jobs)
	for _, v := range verdicts {
		t.add(len(v.Violations) > 0, "not found: %q in the place of %q", v.Job.Trial.To, v.Job.Trial.From)
	}
	return t, err
}
