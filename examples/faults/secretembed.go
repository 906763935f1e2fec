//go:build linux && amd64

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

// embed is a program of somebody else that uses the library and writes down all that it gets, in every way that Go
// has. The exit status is that of its apply. With the mode panic, it panics in its observer when an apply has begun.
func embed(ctx context.Context, mode, file string) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil { // the library leaves it to its user
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := spec.Load(f, ".")
	if err != nil {
		return err
	}
	w, err := connect.Open(ctx, s, connect.Options{})
	if err != nil {
		record("open", err)
		return err
	}
	defer w.Close()
	record("spec", s)
	record("world", w)
	record("host", w.Hosts["all"])
	applying := false
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: time.Millisecond, Poll: time.Millisecond,
		Observer: func(e integrate.Event) {
			record("event", e)
			if applying && mode == "panic" {
				var none []integrate.Event
				none[len(none)] = e // which panics
			}
		}})
	if err != nil {
		return err
	}
	record("integration", in)
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	record("plan", plan)
	record("error", err)
	if err != nil {
		return err
	}
	applying = true
	result, applied := in.Apply(ctx, plan, integrate.ApplyOptions{})
	record("result", result)
	record("error", applied)
	report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
	record("report", report)
	record("error", err)
	return applied
}

// record writes a value in all ways, and the causes of an error too.
func record(name string, v any) {
	for _, h := range []slog.Handler{
		slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug}),
		slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug}),
	} {
		slog.New(h).Debug(name, "value", v)
	}
	fmt.Printf("%v %+v %#v\n", v, v, v)
	if text, err := json.Marshal(v); err == nil {
		fmt.Printf("%s\n", text)
	}
	if err, ok := v.(error); ok {
		for _, cause := range causes(err) {
			fmt.Printf("%q %+v %#v\n", cause, cause, cause)
		}
	}
}

// causes are all errors that an error wraps.
func causes(err error) []error {
	all := []error{err}
	switch e := err.(type) { //nolint:errorlint // the errors below this one are wanted
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, causes(inner)...)
		}
	default:
		if inner := errors.Unwrap(err); inner != nil {
			all = append(all, causes(inner)...)
		}
	}
	return all
}
