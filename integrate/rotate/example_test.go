package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
)

// A cloud without guests goes over to another user, which takes the place of client.cinder at once.
func Example() {
	ctx := context.Background()
	world, err := integratetest.New(before())
	if err != nil {
		log.Fatal(err)
	}
	defer world.Close()
	if err := world.Integrate(ctx); err != nil {
		log.Fatal(err)
	}
	cfg := integrate.Config{Spec: during("live-migration", "hard-reboot"), World: world.World, Settle: time.Millisecond,
		Poll: time.Millisecond}
	report, err := rotate.Apply(ctx, cfg, rotate.Options{})
	fmt.Println(report.Rotations[0].Stage, errors.Is(err, rotate.ErrUnfinished))
	report, err = rotate.Apply(ctx, cfg, rotate.Options{Revoke: []string{"client.cinder"}})
	fmt.Println(report.Rotations[0].Stage, err)
	// Output:
	// revoke true
	// done <nil>
}
