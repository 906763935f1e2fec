// Package cluster has the kinds of resources of a Ceph cluster: profiles of
// erasure code, pools, and users with their rights.
//
// # Use
//
// The engine builds the resources of Kinds for each cluster of a Spec. The IDs
// are public, so that resources on hosts can need a user or a pool.
//
// # Errors
//
// A step that finds a pool, a profile or a user other than the plan saw it fails
// with step.ErrConflict, and has written nothing. All other errors are those of
// package ceph.
//
// # Concurrency and cancellation
//
// Resources do not change after they were made. Steps end when their ctx ends.
//
// # Testing
//
// A test fills the View by hand. Steps are tried against cephtest.
package cluster
