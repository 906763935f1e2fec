package proof

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// A journey takes data through the cloud and looks at where it went. Its
// steps are checks; one whose inputs are missing is Unable.
type journey struct {
	*verifier
	cloud  *api.Cloud
	poll   time.Duration
	prefix string

	image    api.Image            // in the default store
	stored   map[string]api.Image // one in each store, by its name
	data     api.Volume           // written in one guest, read in another
	restored api.Volume           // what a backup of data is restored into
	sparse   api.Volume           // has holes
	dirty    api.Volume           // what a backup of sparse is restored into
	guests   []guest              // by compute, in the Spec's order
	sum      string               // SHA-256 of the guest's file
	full     api.Backup
	partial  api.Backup

	passed map[string]bool
	made   []thing
	tried  atomic.Bool // something was asked for in the APIs
}

// A guest is a VM of the journey.
type guest struct {
	compute string
	server  api.Server
}

func newJourney(v *verifier) *journey {
	run := strings.Replace(probeName(), "cephstack-probe-", runPrefix, 1)
	j := &journey{verifier: v, cloud: v.World.Cloud, poll: 2 * time.Second, passed: map[string]bool{},
		stored: map[string]api.Image{}, prefix: run}
	if v.Poll > 0 {
		j.poll = v.Poll
	}
	return j
}

func (v *verifier) journey(ctx context.Context) {
	j := newJourney(v)
	defer j.cleanUp(context.WithoutCancel(ctx))
	if j.Site.Glance == nil {
		j.step(ctx, j.leg(checkJourney, ""), func(context.Context) (string, error) {
			return "", unable("the Spec has no glance: there is no image in Ceph to boot from")
		})
		return
	}
	j.older(ctx)
	j.storage(ctx)
	j.boot(ctx)
	j.bytes(ctx)
	j.backups(ctx)
	j.sparseBackup(ctx)
	j.migration(ctx)
	j.vmSnapshot(ctx)
}

// step makes the check of a leg.
func (j *journey) step(ctx context.Context, l leg, fn func(context.Context) (string, error)) {
	j.passed[l.name] = j.check(ctx, l.name, l.next, func(ctx context.Context) (string, error) {
		if j.cloud == nil {
			return "", unable("%w", cmp.Or(j.World.CloudErr, step.ErrNoCloud))
		}
		for _, n := range l.needs {
			if !j.passed[n] {
				return "", unable("because %q did not pass", n)
			}
		}
		evidence, err := fn(ctx)
		if errors.Is(err, api.ErrUnknown) { // nobody has seen whether the cloud does what it was asked
			err = unable("%w", err)
		}
		return evidence, err
	})
}

// remember keeps what was made, to be removed.
func (j *journey) remember(kind, id string) { j.made = append(j.made, thing{kind: kind, id: id}) }

// name is the name of something that is going to be made.
func (j *journey) name(what string) string {
	j.tried.Store(true)
	return j.prefix + "-" + what
}

func (j *journey) images(cluster string) ceph.Images { return j.World.Clusters[cluster].Images }

// storage makes the image and the volumes.
func (j *journey) storage(ctx context.Context) {
	s := j.Site
	for i, st := range s.Stores {
		l := j.leg(imageCheck(s, st), "look at glance-api's log and at show_image_direct_url")
		j.step(ctx, l, func(ctx context.Context) (string, error) {
			return j.uploadImage(ctx, st, i > 0)
		})
	}
	j.image = j.stored[s.Glance.Store]
	if len(s.Cinder) == 0 {
		return
	}
	first := s.Cinder[0] // the volumes of the journey are on the first backend
	j.copyOn(ctx, checkCopy, first)
	const next = "look at cinder-scheduler's and cinder-volume's logs"
	j.step(ctx, j.leg(checkVolumes, next), j.dataVolumes)
	for _, b := range s.Cinder[1:] {
		l := j.leg("volume in ceph on backend "+b.Name, next)
		j.step(ctx, l, func(ctx context.Context) (string, error) {
			vol, err := j.volumeOn(ctx, b, b.Name, api.VolumeRequest{})
			return fmt.Sprintf("%s on %s", object(b.Use(), "volume-"+vol.ID), vol.Host), err
		})
		j.copyOn(ctx, checkCopy+" on backend "+b.Name, b)
	}
}

// measure reads an image through once and rewinds it.
func measure(ctx context.Context, r io.ReadSeeker) (int64, string, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	n, sum, err := digestOf(untilEnd{ctx, r})
	if err != nil {
		return 0, "", err
	}
	_, err = r.Seek(0, io.SeekStart)
	return n, sum, err
}

// An untilEnd reads until ctx ends: a large image takes minutes.
type untilEnd struct {
	ctx context.Context
	io.Reader
}

func (u untilEnd) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.Reader.Read(p)
}

func digestOf(r io.Reader) (int64, string, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

func hasSnapshot(image ceph.Image, prefix string, protected bool) bool {
	return slices.ContainsFunc(image.Snapshots, func(s ceph.Snapshot) bool {
		return strings.HasPrefix(s.Name, prefix) && (s.Protected || !protected)
	})
}

const gib = 1 << 30

// volume makes a volume on the backend that the journey goes through.
func (j *journey) volume(ctx context.Context, name string, r api.VolumeRequest) (api.Volume, error) {
	return j.volumeOn(ctx, j.Site.Cinder[0], name, r)
}

func (j *journey) volumeOn(ctx context.Context, b spec.Backend, name string, r api.VolumeRequest) (api.Volume, error) {
	r.Name, r.Type, r.AvailabilityZone = j.name(name), b.VolumeType, b.AvailabilityZone
	r.Description = description(j.prefix)
	if r.SizeGiB == 0 {
		r.SizeGiB = 1
	}
	vol, err := j.cloud.CreateVolume(ctx, r)
	if vol.ID != "" {
		j.remember(volume, vol.ID)
	}
	if err != nil {
		return vol, err
	}
	if _, err := j.inspect(ctx, b.Use(), "volume-"+vol.ID); err != nil {
		return vol, fmt.Errorf("volume %s is on %s (where other backends exist, the backend needs a "+
			"volume_type in the Spec): %w", vol.ID, vol.Host, err)
	}
	return vol, nil
}

func (j *journey) dataVolumes(ctx context.Context) (string, error) {
	volumes := []struct {
		name string
		at   *api.Volume
	}{{"data", &j.data}, {"restored", &j.restored}}
	if j.Site.Backup != nil && j.wants(checkSparse) {
		volumes = append(volumes, volumes[0], volumes[0])
		volumes[2].name, volumes[2].at = "sparse", &j.sparse
		volumes[3].name, volumes[3].at = "dirty", &j.dirty
	}
	for _, v := range volumes {
		var err error
		if *v.at, err = j.volume(ctx, v.name, api.VolumeRequest{}); err != nil {
			return "", err
		}
	}
	b := j.Site.Cinder[0]
	return fmt.Sprintf("%s and %d others, on %s", object(b.Use(), "volume-"+j.data.ID), len(volumes)-1, j.data.Host), nil
}

// boot starts a guest on each chosen compute.
func (j *journey) boot(ctx context.Context) {
	computes := j.computes()
	if len(computes) == 0 || j.Site.Glance == nil {
		return
	}
	j.chosen(ctx)
	j.guests = make([]guest, len(computes))
	errs := make([]error, len(computes))
	if j.passed[checkImage] && ctx.Err() == nil {
		j.bootAll(ctx, errs)
	}
	for i, compute := range computes {
		l := j.leg(vmOn(compute), "look at the VM's fault and at nova-compute's log on "+compute)
		j.step(ctx, l, func(ctx context.Context) (string, error) {
			if errs[i] != nil {
				return "", errs[i]
			}
			return j.guestUp(ctx, j.guests[i])
		})
	}
}

// tasksOf are the tasks of a guest. The first guest writes the data, reads what was restored, fills a sparse disk, and
// reads what was restored of that one. The second guest reads the data, and appends to it.
func (j *journey) tasksOf(i int) (tasks []guestTask) {
	switch {
	case j.data.ID != "" && i == 0:
		tasks = []guestTask{{"write", serialOf(j.data.ID), ""}, {"read", serialOf(j.restored.ID), ""}}
		if j.dirty.ID != "" {
			tasks = append(tasks, guestTask{"sparse", serialOf(j.sparse.ID), ""}, guestTask{"dirty", serialOf(j.dirty.ID), ""},
				guestTask{"whole", serialOf(j.dirty.ID), serialOf(j.sparse.ID)})
		}
	case j.data.ID != "" && i == 1:
		tasks = []guestTask{{"tick", serialOf(j.data.ID), ""}}
	}
	return tasks
}

// bootAll creates the guests side by side, since each takes long.
func (j *journey) bootAll(ctx context.Context, errs []error) {
	flavor, err := j.smallFlavor(ctx)
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, 4)
	for i, on := range j.Options.Pick.Guests {
		if errs[i] = err; err != nil || !j.wants(vmOn(on.Name)) {
			continue
		}
		tasks := j.tasksOf(i)
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			vm, err := j.cloud.CreateServer(ctx, api.ServerRequest{Name: j.name(on.Name), ImageID: j.image.ID,
				Description: description(j.prefix),
				Flavor:      flavor, Host: on.Name, Zone: on.Zone, UserData: guestScript(tasks...)})
			mu.Lock()
			defer mu.Unlock()
			if vm.ID != "" {
				j.remember(server, vm.ID)
			}
			j.guests[i], errs[i] = guest{on.Name, vm}, err
		})
	}
	wg.Wait()
}

func (j *journey) smallFlavor(ctx context.Context) (string, error) {
	if j.Options.Flavor != "" {
		return j.Options.Flavor, nil
	}
	id, err := j.cloud.CreateFlavor(ctx, api.FlavorRequest{Name: j.name("flavor"), VCPUs: 1, RAMMiB: 256,
		DiskGiB: max(1, int((j.image.Size+gib-1)/gib))})
	if err != nil {
		return "", err
	}
	j.remember(flavor, id)
	return id, nil
}

// guestUp looks at where a guest's disk is, and waits for its first word.
func (j *journey) guestUp(ctx context.Context, g guest) (string, error) {
	if g.server.Host != g.compute {
		return "", fmt.Errorf("landed on %s", g.server.Host)
	}
	if _, err := j.answer(ctx, g.server.ID, "ready"); err != nil {
		return "", err
	}
	n := j.Site.Nova
	if n == nil {
		return "guest is up; its disk is local, as the Spec has no nova", nil
	}
	if section, _ := j.Site.DiskOptions(); section == "DEFAULT" {
		return "", unable("guest is up; Havana names VM disks by their instance, and that name is not looked up")
	}
	where, err := j.childOf(ctx, n.Use(), g.server.ID+"_disk", j.diskParent())
	if errors.Is(err, ceph.ErrNotFound) && j.keepsDisks(g.compute) {
		return "", unable("guest is up, but this compute keeps VM disks local: " +
			"VMs made before are on it, or nova.conf is not applied yet; the plan says which")
	}
	return "guest is up; " + where, err
}

// keepsDisks reports whether a compute's VM disks are local: on purpose, or because nothing was applied yet.
func (j *journey) keepsDisks(compute string) bool {
	_, all, err := j.config(compute, "nova-compute")
	if err != nil {
		return false
	}
	section, prefix := j.Site.DiskOptions()
	kind, _ := all.Lookup(section, prefix+"images_type")
	return kind != "rbd"
}
