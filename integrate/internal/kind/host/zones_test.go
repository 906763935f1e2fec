package host

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

func options(t *testing.T, text string) osloconf.Values {
	t.Helper()
	f, err := osloconf.Parse([]byte(text))
	require.NoError(t, err)
	return osloconf.Values{Files: osloconf.Files{f}}
}

// TestTheZoneOfABackend is that of its section, of the host, or Cinder's default. An
// option without a value counts as not set.
func TestTheZoneOfABackend(t *testing.T) {
	b := spec.Backend{Name: "ceph-rbd"}
	for text, want := range map[string][2]string{
		"": {"nova", "nova"},
		"[ceph-rbd]\nbackend_availability_zone = a\n[DEFAULT]\nstorage_availability_zone = b\n": {"a", "b"},
		"[ceph-rbd]\nbackend_availability_zone =\n[DEFAULT]\nstorage_availability_zone = b\n":   {"b", "b"},
		"[DEFAULT]\nstorage_availability_zone =\n":                                              {"nova", "nova"},
		"[DEFAULT]\ndefault_availability_zone = c\nstorage_availability_zone = b\n":             {"b", "c"},
		"[DEFAULT]\ndefault_availability_zone =\nstorage_availability_zone = b\n":               {"b", "b"},
		"[other]\nbackend_availability_zone = a\n[DEFAULT]\ndefault_availability_zone = c\n":    {"nova", "c"},
	} {
		cur := options(t, text)
		assert.Equal(t, want, [2]string{zoneOf(b, cur), volumeZone(cur)}, text)
	}
}

func TestWhichBackendsAreServed(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                       nil,
		"[DEFAULT]\nenabled_backends = a, b ,\n": {"a", "b"},
		"[DEFAULT]\nenabled_backends = a\nvolume_driver = x\n":      {"a"},
		"[DEFAULT]\nvolume_driver = x\n":                            {spec.SingleBackend},
		"[DEFAULT]\nenabled_backends =\nvolume_driver = x\n":        {spec.SingleBackend},
		"[DEFAULT]\nvolume_driver =\n[a]\nvolume_driver = x\n":      nil,
		"[DEFAULT]\nenabled_backends =\n[DEFAULT]\ndebug = false\n": nil,
	} {
		assert.Equal(t, want, enabledBackends(options(t, text)), text)
	}
}

// TestUnderWhichNameAServiceReports: the name of a backend's section counts for that
// backend, and not for the single backend, which has no section.
func TestUnderWhichNameAServiceReports(t *testing.T) {
	const text = "[DEFAULT]\nbackend_host = of-all\nhost = h\n[a]\nbackend_host = own\n"
	assert.Equal(t, "own", cinderName("a", options(t, text), "controller"))
	assert.Equal(t, "h", cinderName(spec.SingleBackend, options(t, text), "controller"))
	assert.Equal(t, "controller", cinderName("b", options(t, "[a]\nbackend_host = own\n"), "controller"))
	s := newScene(t, "controller")
	s.file(cinderConf, "[broken\n")
	assert.Equal(t, []string{"cinder-backup controller"}, s.n.Records(s.v.Host, "cinder-backup"),
		"a file that cannot be read names nothing")
}

func zoned(release string, backends ...spec.Backend) func(*spec.Spec) {
	return func(s *spec.Spec) { s.Release, s.Backup, s.Cinder.Backends = release, nil, backends }
}

// TestWhatIsSaidOfZones names the backends and the volumes that it is about.
func TestWhatIsSaidOfZones(t *testing.T) {
	one, two := spec.Backend{Name: "one", AvailabilityZone: "az1"}, spec.Backend{Name: "two", AvailabilityZone: "az2"}
	s := newScene(t, "controller", zoned("2023.1", one, two, spec.Backend{Name: "three"}))
	assert.Contains(t, s.one(s.compare(cinderID), "backend-outside-default-zone").Message,
		"volumes that name no zone go to zone nova, which one (az1), two (az2) is not in: ")

	s = newScene(t, "controller", zoned("2023.1", one))
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = one\n[one]\nvolume_driver = "+rbd+
		"\nrbd_pool = volumes\nvolume_backend_name = one\n")
	s.v.Cloud.Volumes = []api.Volume{{ID: "v1", Host: "x@one#p", Zone: "nova"}, {ID: "v2", Host: "x@one#p", Zone: "az1"},
		{ID: "v3", Host: "x@other#p", Zone: "nova"}}
	assert.Contains(t, s.one(s.compare(cinderID), "volumes-of-another-zone").Message,
		"backend one holds volumes of another zone than az1 (v1), and their clones")
	s.v.Cloud.Err, s.v.Cloud.VolumesErr = api.ErrAuth, nil
	require.ErrorIs(t, s.one(s.compare(cinderID), "volumes-unknown").Err, api.ErrAuth)
}

// TestVolumesMatterOnlyToABackendThatIsServed: of another backend there are none.
func TestVolumesMatterOnlyToABackendThatIsServed(t *testing.T) {
	s := newScene(t, "controller", zoned("2023.1", spec.Backend{Name: "one", AvailabilityZone: "az1"}))
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = lvm\n[lvm]\nvolume_driver = x\n")
	s.v.Cloud = nil
	s.one(s.compare(cinderID), "backend-outside-default-zone")
}

// TestVMsAndVolumesAreToldApart: VMs with local disks do not depend on the volumes.
func TestVMsAndVolumesAreToldApart(t *testing.T) {
	s := newScene(t, "compute1")
	s.v.Cloud.VolumesErr = api.ErrUnreachable
	assert.Empty(t, s.compare(novaID).Findings)
}

// TestOneZoneForAllServices: until Ocata a zone is moved only where every backend that
// is served is the Spec's.
func TestOneZoneForAllServices(t *testing.T) {
	one := spec.Backend{Name: "one", AvailabilityZone: "az1"}
	s := newScene(t, "controller", zoned("mitaka", one))
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = one\nstorage_availability_zone = az9\n[one]\nvolume_driver = "+rbd+
		"\nrbd_pool = volumes\nvolume_backend_name = one\n")
	assert.Contains(t, s.one(s.compare(cinderID), "zone-of-all-services").Message, "moves into zone az1 with one (az1)")
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = one,lvm\n[one]\nvolume_driver = "+rbd+
		"\nrbd_pool = volumes\nvolume_backend_name = one\n[lvm]\nvolume_driver = x\n")
	assert.Contains(t, s.one(s.compare(cinderID), "zone-of-another-backend").Message,
		"backend lvm is here too, and would move into that zone with one (az1): ")
}
