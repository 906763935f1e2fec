package integratetest_test

import (
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func spec() integrate.Spec {
	return integrate.Spec{
		Release:  "zed",
		Clusters: []integrate.ClusterSpec{{Name: "ceph"}},
		Hosts: []integrate.HostSpec{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &integrate.GlanceSpec{},
		Cinder: &integrate.CinderSpec{Backends: []integrate.BackendSpec{{Name: "ceph"}}},
		Nova:   &integrate.NovaSpec{},
	}
}

func Example() {
	world, err := integratetest.New(spec())
	if err != nil {
		log.Fatal(err)
	}
	defer world.Close()
	in, err := integrate.New(integrate.Config{Spec: spec(), World: world.World})
	if err != nil {
		log.Fatal(err)
	}
	_ = in // your tool's code goes on with it
	fmt.Println(len(world.Machines), "machines,", world.Writes(), "writes so far")
	// Output: 2 machines, 0 writes so far
}

func TestImagesGoToCephOnceGlanceIsIntegratedAndRestarted(t *testing.T) {
	w, err := integratetest.New(spec())
	require.NoError(t, err)
	defer w.Close()
	upload := func(name string) openstack.Image {
		image, err := w.Cloud.UploadImage(t.Context(), openstack.ImageRequest{Name: name, DiskFormat: "raw"}, strings.NewReader("data"))
		require.NoError(t, err)
		return image
	}
	assert.Empty(t, upload("before").DirectURL)

	in, err := integrate.New(integrate.Config{Spec: spec(), World: w.World})
	require.NoError(t, err)
	plan, err := in.Plan(t.Context())
	require.NoError(t, err)
	_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{})
	require.NoError(t, err)

	image := upload("after")
	names, err := w.Ceph["ceph"].List(t.Context(), "images")
	require.NoError(t, err)
	assert.Equal(t, []string{image.ID}, names)
	require.NoError(t, w.Cloud.DeleteImage(t.Context(), image.ID))
	names, err = w.Ceph["ceph"].List(t.Context(), "images")
	require.NoError(t, err)
	assert.Empty(t, names)
	assert.Empty(t, w.API.Violations())
}
