// Command labtest drives the lab: it integrates the running cloud with Ceph
// and looks whether what the project promises holds there.
//
//	labtest demo    the main job, shown: writes demo-report.json
//	labtest test    the main job, then kills, then brownfields, each from a reset lab
//	labtest test bare-hosts       the main job on hosts without key, sudo rule and packages
//	labtest test helper           the main job on such hosts, with a login that has only the helper
//	labtest test multi-cluster    the main job with two clusters, two stores and two backends
//	labtest test kolla            the main job on services in Kolla's containers
//	labtest test brownfield       a cloud that was integrated by hand, taken over by what the plan's texts say
//	labtest test day-two          what drifts and what is planted is found, the Spec is found again, a compute and then
//	                              everything is retired (DAYTWO="drift audit adopt retire" for some of it)
//	labtest test ha               the main job with three controllers, Cinder's as a cluster, while somebody reads
//	labtest test soak             the main job, then 200 converges with kills and hand edits (SOAK=n for n)
//
// It runs from the module's root, as root, with the lab up.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := openLab()
	if err == nil {
		switch {
		case len(os.Args) == 2 && os.Args[1] == "demo":
			err = l.demo(ctx)
		case len(os.Args) >= 2 && os.Args[1] == "test":
			err = l.test(ctx, os.Args[2:])
		default:
			err = fmt.Errorf("usage: labtest demo|test [part…]")
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "labtest:", err)
		stop()
		os.Exit(1)
	}
}
