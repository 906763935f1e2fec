// Command cephstack plans, applies and verifies a Spec: an OpenStack cloud that keeps its images, volumes and disks in
// Ceph.
//
//	go install github.com/cephstack/cephstack/examples/cephstack@latest
//	cephstack --help
//
// The help of the program is its documentation: cephstack help COMMAND, or the manual pages (make man). The program is
// package examples/internal/cli; the fields of a Spec are in package integrate/spec, and what the program prints as
// JSON in package integrate.
//
// Built with -tags librados, the program reaches a cluster that has access: librados through this machine's librados.
package main

import (
	"os"

	"github.com/cephstack/cephstack/examples/internal/cli"
)

func main() { os.Exit(cli.Main(librados())) }
