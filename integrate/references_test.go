package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatAValueRefersToCounts: a pool, a user and a name that an option takes from another option
// are what the service uses.
func TestWhatAValueRefersToCounts(t *testing.T) {
	const text = `[DEFAULT]
enabled_backends = $my_backends
my_backends = ceph
kind = rbd
[ceph]
volume_driver = cinder.volume.drivers.${kind}.RBDDriver
volume_backend_name = $name
name = ceph
rbd_pool = ${name_of_pool}
name_of_pool = $more.pool
rbd_user = $more.user
rbd_ceph_conf = /etc/ceph/${name}.conf
[more]
pool = volumes
user = cinder
`
	w, in := with(t, exampleSpec(), cinderOnHost, text)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents(cinderOnHost)
	for _, line := range []string{"enabled_backends = $my_backends\n", "rbd_pool = ${name_of_pool}\n",
		"name_of_pool = $more.pool\n", "rbd_user = $more.user\n", "rbd_ceph_conf = /etc/ceph/${name}.conf\n"} {
		assert.Contains(t, string(data), line, "what is right stays as it is written")
	}
}

// TestAnotherPoolByReferenceIsKept: the message has the pool and not the reference.
func TestAnotherPoolByReferenceIsKept(t *testing.T) {
	_, in := with(t, exampleSpec(), cinderOnHost,
		cephBackend+"volume_backend_name = ceph\nrbd_pool = $other\nother = prod\n")
	p := plan(t, in)
	assert.Contains(t, finds(t, p, "pool-in-use").Message, "[ceph] is in use with rbd_pool = prod,")
	assert.Nil(t, change(p, "settings/controller/"+cinderOnHost))
}

// TestAReferenceToNothingIsLeftAlone: nobody but the service can tell its default, or that it fails.
func TestAReferenceToNothingIsLeftAlone(t *testing.T) {
	for name, text := range map[string]string{
		"nobody sets it":        "rbd_pool = $other\n",
		"the section has it":    "rbd_pool = $rbd_user\n[DEFAULT]\nrbd_user = volumes\n",
		"a circle":              "rbd_pool = $a\na = $b\nb = $a\n",
		"a shared one":          "[backend_defaults]\nrbd_pool = $other\n",
		"the name of a section": "rbd_pool = $nova\n[DEFAULT]\nnova = volumes\n[nova]\nx = 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, in := with(t, exampleSpec(), cinderOnHost, cephBackend+"volume_backend_name = ceph\n"+text)
			p := plan(t, in)
			f := finds(t, p, "reference-not-known")
			assert.Equal(t, cinderOnHost, f.Object)
			assert.Contains(t, f.Message, "write the value itself into the file")
			assert.Nil(t, change(p, "settings/controller/"+cinderOnHost))
		})
	}
}

// TestAnOptionThatRefersToAChangedOneIsSet: it was right before the change.
func TestAnOptionThatRefersToAChangedOneIsSet(t *testing.T) {
	s := exampleSpec()
	s.Cinder.Backends[0].Options = map[string]string{"rbd_max_clone_depth": "7"}
	w, in := with(t, s, cinderOnHost, cephBackend+"volume_backend_name = ceph\nrbd_pool = volumes\n"+
		"rbd_user = cinder$rbd_max_clone_depth\nrbd_max_clone_depth =\n")
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents(cinderOnHost)
	assert.Contains(t, string(data), "rbd_user = cinder\n")
}

// TestAnOptionOfTheSpecMayRefer: it is written as the Spec has it, and counts as what it stands for.
func TestAnOptionOfTheSpecMayRefer(t *testing.T) {
	s := exampleSpec()
	s.Cinder.Backends[0].Options = map[string]string{"backend_host": "rbd:$host"}
	w, in := with(t, s, cinderOnHost, "[DEFAULT]\nhost = ctl\nenabled_backends = ceph\n[ceph]\n"+rbdBackend+
		"volume_backend_name = ceph\nrbd_pool = volumes\nbackend_host = rbd:ctl\n")
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
	data, _ := w.Machines["controller"].Contents(cinderOnHost)
	assert.Contains(t, string(data), "backend_host = rbd:ctl\n")
}
