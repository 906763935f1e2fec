package audit_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

// Somebody left an RBD image in the pool of volumes.
func Example() {
	world, err := integratetest.New(specOf())
	if err != nil {
		log.Fatal(err)
	}
	defer world.Close()
	if err := world.Integrate(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := world.Ceph["ceph"].AddImage(ceph.Image{Pool: "volumes",
		Name: "volume-3b241101-e2bb-4255-8caf-4136c566a962", Size: 1 << 30}); err != nil {
		log.Fatal(err)
	}
	report, err := audit.Run(context.Background(), integrate.Config{Spec: world.Spec(), World: world.World},
		audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Millisecond})
	for _, f := range report.Findings {
		fmt.Printf("%s: %s: %s\n", f.Severity, f.Object, f.Message)
	}
	fmt.Println("error:", err)
	// Output:
	// waste: RBD image volumes/volume-3b241101-e2bb-4255-8caf-4136c566a962: Cinder has no volume whose data this is
	// error: <nil>
}
