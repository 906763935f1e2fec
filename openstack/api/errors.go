package api

import (
	"errors"
	"strconv"
)

// Conditions that a caller branches on; test with errors.Is.
var (
	ErrNotFound    = errors.New("openstack API: not found")
	ErrAuth        = errors.New("openstack API: authentication refused")
	ErrDenied      = errors.New("openstack API: denied")
	ErrUnreachable = errors.New("openstack API: unreachable")
	ErrUnknown     = errors.New("openstack API: outcome unknown")        // an effect is possible
	ErrFailed      = errors.New("openstack API: object went into error") // status error or ERROR
)

// An Error is a failed call, or an object that went into error. Its text holds
// neither credentials nor tokens.
type Error struct {
	Op     string // upload image, create server, …
	Object string // kind and ID or name
	Code   int    // HTTP status; 0 without an answer
	Detail string // the service's own words, at most 300 characters
	Err    error

	// Warnings are about how the APIs were to be reached, where a login failed: a password may have been sent.
	Warnings []Warning
}

func (e *Error) Error() string {
	s := "openstack API: " + e.Op
	if e.Object != "" {
		s += " " + e.Object
	}
	if e.Code != 0 {
		s += ": HTTP " + strconv.Itoa(e.Code)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
