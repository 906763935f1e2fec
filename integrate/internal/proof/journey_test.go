package proof

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// A travel is a journey through a fake Ceph, and a fake cloud where a test dials it.
type travel struct {
	*journey
	t      *testing.T
	ceph   *cephtest.Cluster
	begun  []string
	checks map[string]Check
}

// newTravel is a journey with all services on one cluster, and two computes; edit may be nil.
func newTravel(t *testing.T, edit func(*spec.Spec)) *travel {
	t.Helper()
	given := spec.Spec{Release: "2023.1", Clusters: []spec.Cluster{{Name: "ceph"}}, Glance: &spec.Glance{},
		Nova: &spec.Nova{}, Backup: &spec.Backup{}, Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "rbd"}}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}}, {Name: "compute2", Services: []string{"nova-compute"}}}}
	if edit != nil {
		edit(&given)
	}
	j := &travel{t: t, ceph: cephtest.New(), checks: map[string]Check{}}
	site, hosts := want.Resolve(given), map[string]*step.Host{}
	for _, pools := range site.Pools {
		for _, p := range pools {
			require.NoError(t, j.ceph.AddPool(p))
		}
	}
	for _, h := range given.Hosts {
		hosts[h.Name] = step.NewHost(h.Name)
	}
	v := newVerifier(Subject{Site: site, Hosts: hosts, Options: Options{Pick: Choose(site, Wish{})},
		View:    step.View{Cloud: &step.Cloud{}},
		World:   world.World{Clusters: map[string]world.Cluster{"ceph": {Images: j.ceph}}},
		Started: func(c Check) { j.begun = append(j.begun, c.ID) }, Ended: func(c Check) { j.checks[c.ID] = c }})
	j.journey = &journey{verifier: v, poll: time.Millisecond, prefix: "cephstack-verify-1", passed: map[string]bool{},
		stored: map[string]api.Image{}}
	return j
}

// dial starts a fake cloud for the journey.
func (j *travel) dial(cfg openstacktest.Config) *openstacktest.Server {
	j.t.Helper()
	cfg.Looks, cfg.Backends = -1, []string{"rbd"}
	s := openstacktest.Start(j.t, cfg)
	at, err := s.CloudConfig(j.t.TempDir())
	require.NoError(j.t, err)
	j.cloud, err = api.Dial(j.t.Context(), at)
	require.NoError(j.t, err)
	return s
}

// put puts an image of RBD into a pool, with snapshots that are protected.
func (j *travel) put(image ceph.Image, snapshots ...string) {
	j.t.Helper()
	require.NoError(j.t, j.ceph.AddImage(image))
	for _, s := range snapshots {
		require.NoError(j.t, j.ceph.AddSnapshot(image.Pool, image.Name, s, true))
	}
}

// TestLegsNeedWhatIsBefore: a check whose inputs are missing could not be made, and is no input of others.
func TestLegsNeedWhatIsBefore(t *testing.T) {
	lost := errors.New("no answer")
	j := newTravel(t, nil)
	calls := 0
	run := func(name string, err error, needs ...string) Check {
		j.step(t.Context(), leg{name: name, next: "do this", needs: needs}, func(context.Context) (string, error) {
			calls++
			return "seen", err
		})
		return j.checks[slug(name)]
	}
	assert.Equal(t, "cannot be checked: no cloud was given", run("a", nil).Evidence)
	j.World.CloudErr = lost
	require.ErrorIs(t, run("a", nil).Err, lost)
	assert.Zero(t, calls)
	j.dial(openstacktest.Config{})
	assert.Equal(t, `cannot be checked: because "a" did not pass`, run("b", nil, "a").Evidence)
	assert.Zero(t, calls)
	assert.Equal(t, Pass, run("a", nil).Status)
	assert.Equal(t, "seen", run("b", nil, "a").Evidence)
	failed := run("c", lost, "a", "b")
	assert.Equal(t, []any{Fail, "no answer", "do this"}, []any{failed.Status, failed.Evidence, failed.Next})
	assert.Equal(t, Unable, run("d", nil, "a", "c").Status)
	assert.Equal(t, 3, calls)
	unseen := run("e", fmt.Errorf("wait: %w", api.ErrUnknown))
	assert.Equal(t, []any{Unable, "cannot be checked: wait: openstack API: outcome unknown"},
		[]any{unseen.Status, unseen.Evidence}, "what nobody saw the end of did not fail")
	assert.Equal(t, map[string]bool{"a": true, "b": true, "c": false, "d": false, "e": false}, j.passed)
}

// A reader is an image that cannot be rewound, or not read.
type reader struct {
	io.Reader
	seeks, fails int
}

func (r *reader) Seek(int64, int) (int64, error) {
	if r.seeks++; r.seeks == r.fails {
		return 0, io.ErrNoProgress
	}
	return 0, nil
}

// TestAnImageIsMeasured from its beginning, and is at its beginning again.
func TestAnImageIsMeasured(t *testing.T) {
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // of FIPS 180-2
	image := strings.NewReader("abc")
	_, err := image.Seek(2, io.SeekStart)
	require.NoError(t, err)
	n, sum, err := measure(t.Context(), image)
	require.NoError(t, err)
	assert.Equal(t, int64(3), n)
	assert.Equal(t, abc, sum)
	assert.Equal(t, 3, image.Len(), "it is rewound for the upload")
	for fails := 1; fails <= 2; fails++ {
		_, _, err = measure(t.Context(), &reader{Reader: strings.NewReader("abc"), fails: fails})
		require.ErrorIs(t, err, io.ErrNoProgress, "%d", fails)
	}
	_, _, err = measure(t.Context(), &reader{Reader: io.MultiReader(strings.NewReader("a"), failing{})})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// TestAnInterruptEndsTheMeasuring of an image, whatever its size is.
func TestAnInterruptEndsTheMeasuring(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("interrupted")
	_, _, err := measure(ctx, &reader{Reader: endless{func() { cancel(why) }}})
	require.ErrorIs(t, err, why)
}

// An endless file has somebody interrupt its reader.
type endless struct{ interrupt func() }

func (e endless) Read(p []byte) (int, error) {
	e.interrupt()
	return len(p), nil
}

// TestAnImageThatReadsOtherwise: the error says what differs, or that the reading failed.
func TestAnImageThatReadsOtherwise(t *testing.T) {
	_, sum, err := digestOf(strings.NewReader("abc"))
	require.NoError(t, err)
	require.NoError(t, readsAs(strings.NewReader("abc"), 3, sum))
	for _, other := range []string{"abd", "ab", "abcd"} {
		err := readsAs(strings.NewReader(other), 3, sum)
		require.ErrorContains(t, err, "downloaded again it is another")
		assert.NotContains(t, err.Error(), "%!")
	}
	require.ErrorIs(t, readsAs(io.MultiReader(strings.NewReader("a"), failing{}), 3, sum), io.ErrUnexpectedEOF)
}

// TestCommandsToPasteAreSafe: the APIs choose the IDs.
func TestCommandsToPasteAreSafe(t *testing.T) {
	for _, kind := range kinds() {
		assert.Regexp(t, `^openstack [a-z -]+ delete (--force )?'\$\(id\)'$`, thing{kind: kind, id: "$(id)"}.byHand())
	}
	assert.Equal(t, "openstack image delete 1-2", thing{kind: image, id: "1-2"}.byHand())
	err := misplaced(spec.Use{Pool: "a;id", DataPool: "$(id)"}, "x", "y")
	assert.ErrorContains(t, err, "set it with: rbd config pool set 'a;id' rbd_default_data_pool '$(id)'; otherwise")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestSnapshotsAreFoundByTheBeginningOfTheirNames, and by their protection where that matters.
func TestSnapshotsAreFoundByTheBeginningOfTheirNames(t *testing.T) {
	image := ceph.Image{Snapshots: []ceph.Snapshot{{Name: "backup.1.snap.2"}, {Name: "snap", Protected: true}}}
	assert.True(t, hasSnapshot(image, "snap", true))
	assert.True(t, hasSnapshot(image, "snap", false))
	assert.True(t, hasSnapshot(image, "backup.1.", false))
	assert.False(t, hasSnapshot(image, "backup.1.", true), "it is not protected")
	assert.False(t, hasSnapshot(image, "1.snap", false))
	assert.False(t, hasSnapshot(ceph.Image{}, "", false))
}

// TestWhereAnImageOfRBDMustBe: in its pool, with its data in the data pool.
func TestWhereAnImageOfRBDMustBe(t *testing.T) {
	j := newTravel(t, func(s *spec.Spec) { s.Nova.DataPool, s.Cinder.Backends[0].DataPool = "data", "data" })
	j.put(ceph.Image{Pool: "volumes", Name: "good", DataPool: "data"})
	j.put(ceph.Image{Pool: "volumes", Name: "beside"})
	u := j.Site.Cinder[0].Use()
	_, err := j.inspect(t.Context(), u, "good")
	require.NoError(t, err)
	_, err = j.inspect(t.Context(), u, "beside")
	require.ErrorContains(t, err, "volumes/beside has its data beside its header, not in data")
	_, err = j.inspect(t.Context(), u, "none")
	require.ErrorIs(t, err, ceph.ErrNotFound)
	require.ErrorContains(t, err, "volumes/none in cluster ceph: ")
	u.DataPool = ""
	_, err = j.inspect(t.Context(), u, "good")
	require.NoError(t, err, "where the Spec says nothing of data, they may be anywhere")
	assert.Equal(t, "volumes/good", object(u, "good"))
	u.DataPool = "data"
	assert.Equal(t, "volumes/good with its data in data", object(u, "good"))
}

// TestCopiesOfImages are clones of the very snapshot; in another cluster they can only be full copies.
func TestCopiesOfImages(t *testing.T) {
	j := newTravel(t, nil)
	j.put(ceph.Image{Pool: "images", Name: "i"}, "snap")
	j.put(ceph.Image{Pool: "images", Name: "other"}, "snap")
	j.put(ceph.Image{Pool: "vms", Name: "full"})
	parent := ceph.Parent{Pool: "images", Image: "i", Snapshot: "snap"}
	require.NoError(t, j.ceph.Clone(parent, "vms", "clone"))
	require.NoError(t, j.ceph.Clone(ceph.Parent{Pool: "images", Image: "other", Snapshot: "snap"}, "vms", "another"))
	for _, c := range []struct {
		name   string
		parent *ceph.Parent
		want   string
	}{
		{"clone", &parent, "vms/clone is a child of images/i@snap"},
		{"another", &parent, "vms/another is a full copy: its parent is &{images other snap}, not {images i snap}"},
		{"full", &parent, "vms/full is a full copy: its parent is <nil>, not {images i snap}"},
		{"full", nil, "vms/full is a full copy, as images are in cluster ceph"},
	} {
		text, err := j.childOf(t.Context(), j.Site.Nova.Use(), c.name, c.parent)
		if err != nil {
			text = err.Error()
		}
		assert.Equal(t, c.want, text, c.name)
		assert.Equal(t, strings.Contains(c.want, "its parent is"), err != nil, c.name)
	}
	_, err := j.childOf(t.Context(), j.Site.Nova.Use(), "none", nil)
	require.ErrorIs(t, err, ceph.ErrNotFound)
}

// TestTheImageOfAJourney is of the default store, and disks are its clones where they are in its cluster.
func TestTheImageOfAJourney(t *testing.T) {
	j := newTravel(t, func(s *spec.Spec) {
		s.Glance.Stores = []spec.Store{{Name: "second", Pool: "second", User: "second"}}
	})
	j.image.ID = "i"
	assert.Equal(t, checkImage, imageCheck(j.Site, j.Site.Stores[0]))
	assert.Equal(t, "image in ceph on store second", imageCheck(j.Site, j.Site.Stores[1]))
	assert.Equal(t, &ceph.Parent{Pool: "images", Image: "i", Snapshot: "snap"}, j.diskParent())
	j.Site.Nova.Cluster = "ssd"
	assert.Nil(t, j.diskParent())
}

// TestFlavorsOfAJourney: the given one, or one whose disk holds the image, which is removed later.
func TestFlavorsOfAJourney(t *testing.T) {
	j := newTravel(t, nil)
	j.Options.Flavor = "m1.small"
	name, err := j.smallFlavor(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "m1.small", name)
	assert.Empty(t, j.made)
	j.Options.Flavor = ""
	var asked string
	j.dial(openstacktest.Config{Fail: func(r *http.Request) (status int, body string, ok bool) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/flavors") {
			b, _ := io.ReadAll(r.Body)
			asked, r.Body = string(b), io.NopCloser(bytes.NewReader(b))
		}
		return 0, "", false
	}})
	for k, c := range []struct{ size, disk int64 }{{0, 1}, {gib, 1}, {gib + 1, 2}, {3 * gib, 3}} {
		j.image.Size, j.prefix = c.size, fmt.Sprint("journey", k)
		id, err := j.smallFlavor(t.Context())
		require.NoError(t, err)
		assert.Contains(t, asked, fmt.Sprintf(`"disk":%d,`, c.disk), "%d bytes", c.size)
		require.Equal(t, "flavor "+id, j.made[len(j.made)-1].String())
		require.NoError(t, j.remove(t.Context(), j.made[len(j.made)-1], false))
	}
}

// TestStopsWithoutAStart: a Spec without images has one check that says so, and no other.
func TestStopsWithoutAStart(t *testing.T) {
	j := newTravel(t, func(s *spec.Spec) { s.Glance = nil })
	j.dial(openstacktest.Config{})
	j.World.Cloud = j.cloud
	j.verifier.journey(t.Context())
	assert.NotContains(t, j.checks, "nothing-is-left-behind")
	assert.Equal(t, "cannot be checked: the Spec has no glance: there is no image in Ceph to boot from",
		j.checks["journey"].Evidence)
	assert.NotContains(t, j.checks, slug(checkImage))
	assert.NotContains(t, strings.Join(j.begun, " "), "vm-on")
}

// guestName is the compute of a guest; empty where there is no such guest.
func (j *travel) guestName(i int) string {
	if names := j.computes(); i < len(names) {
		return names[i]
	}
	return ""
}
