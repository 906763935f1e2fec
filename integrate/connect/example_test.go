package connect_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// useCeph makes the cloud of a Spec keep its data in Ceph. Paths in the Spec are
// relative to dir.
func useCeph(ctx context.Context, text io.Reader, dir string, options connect.Options) error {
	cloud, err := spec.Load(text, dir) // the error names the place of each fault
	if err != nil {
		return err
	}
	world, err := connect.Open(ctx, cloud, options) // hosts over SSH, clusters, libvirt, the APIs
	if err != nil {
		return err
	}
	defer world.Close()
	in, err := integrate.New(integrate.Config{Spec: cloud, World: world.World})
	if err != nil {
		return err
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	fmt.Println(len(plan.Changes), "changes,", len(plan.Problems()), "problems") // fmt.Print(plan) shows them
	if _, err := in.Apply(ctx, plan, integrate.ApplyOptions{}); err != nil {
		return err
	}
	report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
	fmt.Println(len(report.Checks), "checks")
	return err
}

// The parts of the World are fakes here. A program that leaves Have out gets
// the real ones.
func ExampleOpen() {
	const text = `release: zed
packages: install
clusters: [{name: ceph, host: controller}]
hosts:
  - {name: controller, services: [glance-api, cinder-volume]}
  - {name: compute1, services: [nova-compute]}
glance: {}
cinder: {backends: [{name: ceph}]}
nova: {}
`
	cloud, err := spec.Load(strings.NewReader(text), ".")
	if err != nil {
		log.Fatal(err)
	}
	fakes, err := integratetest.New(cloud)
	if err != nil {
		log.Fatal(err)
	}
	defer fakes.Close()
	options := connect.Options{Have: fakes.World}
	if err := useCeph(context.Background(), strings.NewReader(text), ".", options); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 19 changes, 0 problems
	// 13 checks
}

// TestTheREADMEShowsTheExample compares the code in the README with useCeph.
func TestTheREADMEShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, code, _ := strings.Cut(string(source), "\nfunc useCeph(")
	code, _, found := strings.Cut(code, "\n}\n")
	require.True(t, found)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	shown := strings.Contains(string(readme), "```go\nfunc useCeph("+code+"\n}\n```\n")
	assert.True(t, shown, "the README has to show useCeph as it is here")
	_, text, _ := strings.Cut(string(readme), "```yaml\n")
	text, _, _ = strings.Cut(text, "```\n")
	_, err = spec.Load(strings.NewReader(text), t.TempDir())
	assert.NoError(t, err, "the Spec of the README has to load")
}
