package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
)

// TestAnUnconfirmedResizeKeepsDisksLocal: the VM has its old disk on the compute that it came from.
func TestAnUnconfirmedResizeKeepsDisksLocal(t *testing.T) {
	for _, disks := range []string{"", "ceph"} {
		s := exampleSpec()
		s.Hosts[1].Disks = disks
		w, in := open(t, s)
		w.API.AddServer(api.Server{Name: "waits", Host: "compute2", Status: "VERIFY_RESIZE", HasLocalDisk: true,
			ImageID: "i"})
		p := plan(t, in)
		f := finds(t, p, "vm-resize-unconfirmed")
		assert.True(t, f.Problem, "%s", p)
		assert.Contains(t, f.Message, "waits (")
		c := change(p, "settings/compute1/"+novaOnHost)
		require.NotNil(t, c, "the secret and the user are set all the same")
		assert.NotContains(t, strings.Join(linesOf(c), "\n"), "images_type")
	}
}

// TestAnUnconfirmedResizeOfAnotherCompute keeps only that compute as it is.
func TestAnUnconfirmedResizeOfAnotherCompute(t *testing.T) {
	w, in := open(t, exampleSpec())
	vm := w.API.AddServer(api.Server{Name: "waits", Host: "compute2", HasLocalDisk: true, ImageID: "i"})
	w.API.AddResize(vm, "compute1")
	p := plan(t, in)
	assert.NotContains(t, strings.Join(linesOf(change(p, "settings/compute1/"+novaOnHost)), "\n"), "images_type")
	assert.Equal(t, "compute1", finds(t, p, "vm-resize-unconfirmed").Target)
	w, in = open(t, exampleSpec())
	vm = w.API.AddServer(api.Server{Name: "waits", Host: "compute2", ImageID: "i"})
	w.API.AddResize(vm, "compute9")
	p = plan(t, in)
	assert.Contains(t, strings.Join(linesOf(change(p, "settings/compute1/"+novaOnHost)), "\n"), "images_type")
	assert.Equal(t, "compute2", finds(t, p, "vm-resize-unconfirmed").Target, "where it is now")
}

// TestAStoreOfAnotherName keeps its pool for itself: an image is known by the name of its store.
func TestAStoreOfAnotherName(t *testing.T) {
	const text = "[DEFAULT]\nenabled_backends = fast:rbd, ceph:rbd\n[glance_store]\ndefault_backend = ceph\n[fast]\n" +
		"rbd_store_pool = fast-images\n[ceph]\nrbd_store_user = glance\n"
	w, in := with(t, exampleSpec(), glanceOnHost, text)
	p := plan(t, in)
	f := finds(t, p, "store-of-the-same-pool")
	assert.Contains(t, f.Message, "[ceph] is in use with rbd_store_pool = images (the default)")
	assert.Contains(t, f.Message, "set store: ceph for glance in the Spec")
	assert.Nil(t, change(p, "settings/controller/"+glanceOnHost))
	s := exampleSpec()
	s.Glance.Store = "ceph"
	in = again(t, w, s)
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
	apply(t, in)
	data, _ := w.Machines["controller"].Contents(glanceOnHost)
	assert.Contains(t, string(data), "enabled_backends = fast:rbd,ceph:rbd\n")
	assert.Contains(t, string(data), "default_backend = ceph\n")
}

// TestNewImagesGoToAnotherStore is told; the old store stays served.
func TestNewImagesGoToAnotherStore(t *testing.T) {
	w, in := with(t, exampleSpec(), glanceOnHost, "[DEFAULT]\nenabled_backends = ceph:rbd\n[glance_store]\n"+
		"default_backend = ceph\n[ceph]\nrbd_store_pool = prod-images\n")
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, finds(t, p, "default-store-changes").Message,
		"no longer go to store ceph (rbd_store_pool = prod-images)")
	apply(t, in)
	data, _ := w.Machines["controller"].Contents(glanceOnHost)
	assert.Contains(t, string(data), "enabled_backends = ceph:rbd,rbd:rbd\n")
}

// TestAnotherUserOfAStore is told, and the images stay where they are.
func TestAnotherUserOfAStore(t *testing.T) {
	_, in := with(t, exampleSpec(), glanceOnHost, "[DEFAULT]\nenabled_backends = rbd:rbd\n[glance_store]\n"+
		"default_backend = rbd\n[rbd]\nrbd_store_user = images\n")
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, finds(t, p, "user-changes").Message, "rbd_store_user = images is replaced by glance")
}

// TestABackendOfAnotherName stays beside the new one, with its volumes.
func TestABackendOfAnotherName(t *testing.T) {
	w, in := with(t, exampleSpec(), cinderOnHost, "[DEFAULT]\nenabled_backends = rbd-1\n[rbd-1]\n"+rbdBackend+
		"rbd_pool = volumes\nvolume_backend_name = RBD-1\n")
	p := plan(t, in)
	f := finds(t, p, "backend-of-the-same-pool")
	assert.Contains(t, f.Message, "is in use with rbd_pool = volumes, and stays beside ceph")
	assert.Contains(t, f.Message, "call the backend rbd-1 in the Spec")
	apply(t, in)
	assert.NotContains(t, plan(t, in).String(), "stays beside", "it is said when the new backend comes")
	data, _ := w.Machines["controller"].Contents(cinderOnHost)
	assert.Contains(t, string(data), "enabled_backends = rbd-1,ceph\n")
	assert.Contains(t, sectionOf(t, string(data), "rbd-1"), "volume_backend_name = RBD-1")
}

// TestAnotherNameOfTheService: volumes belong to the old name until they are given to the new one.
func TestAnotherNameOfTheService(t *testing.T) {
	s := exampleSpec()
	s.Cinder.Backends[0].Options = map[string]string{"backend_host": "all"}
	_, in := with(t, s, cinderOnHost, cephBackend+"rbd_pool = volumes\nvolume_backend_name = ceph\n")
	assert.Contains(t, finds(t, plan(t, in), "backend-host-changes").Message, "the volumes of controller@ceph belong to "+
		"that name, and nobody serves it any more: cinder-manage volume update_host gives them to all@ceph")
}
