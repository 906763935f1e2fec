package integrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind"
	"github.com/cephstack/cephstack/integrate/internal/proof"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// VerifyOptions say how deep a verification goes.
type VerifyOptions struct {
	// Only restricts the verification, which is then static.
	Only Scope
	// Static leaves the verification at reading: no rights are tried, and nothing is
	// made in the cloud. It is cheap, and so it serves as a check for drift, too.
	Static bool
	// Image is a bootable raw image for the guests of the journey. It has to run a
	// shell script from its user data, as cloud-init images do. A verification whose
	// checks boot guests or make images needs an image. The image is looked at before anything is
	// made: an image of another format, such as qcow2, is refused with the command that
	// converts it, as Ceph makes copy-on-write clones of raw images alone.
	Image io.ReadSeeker
	// Flavor is the name of the guests' flavor; if empty, a small flavor is made, and
	// removed at the end.
	Flavor string
	// Clean makes a verification of one check alone: it removes what older runs left in the
	// APIs and pools, such as runs that were killed. An object counts only if it has the
	// name and the description of such a run. What a run of the last two hours made is left
	// alone: by the time in its name or by its newest object, and by the clock of this machine
	// or by that of the APIs. An image of RBD with which a run tried a right has the name alone:
	// it goes only where both clocks show the same time. The check says why something is left
	// alone. A verification that is neither static nor a Clean has this check, too.
	Clean bool
	// CleanAge is how old a run has to be, where two hours are not right. If it is
	// negative, all runs are old enough: no other verification may be going on then.
	CleanAge time.Duration
	// GuestWait is how long a guest may take for one step; 0 is 5 min.
	GuestWait time.Duration
	// Computes are the computes on which guests boot, by name; a name may be a range, such as compute[001-004].
	// Where there are none, guests boot on as many computes as Guests says; 0 is 4. These are a compute of each
	// availability zone, then computes with the two oldest versions of QEMU, then others, spread over the zones.
	// The check computes-for-guests says which computes these are, and why.
	Computes []string
	Guests   int
	// Checks are the checks to make, with those that they need; all, where there are none. A name is the ID of a check,
	// the first words of IDs (all up to a / or a -), or a pattern in which * stands for any characters: files/compute1,
	// rights, vm-on-*. Only what these checks need is read, and Report.ChecksLeftOut names the others.
	Checks []string
	// Timeout is how long the verification may take; 0 is without a limit. A check that is not done then is Unable,
	// and its evidence names hosts and clusters that had not answered by then. What the verification made is removed
	// after that, for which it takes up to 10 min more.
	Timeout time.Duration
}

// Check says what is wrong with the options for a valid Spec: names that are not known, an image that is missing or
// does not boot, options that exclude each other. It connects to nothing. Verify does this, too; a program does it
// before it connects. The release of the Spec may be missing.
func (o VerifyOptions) Check(s spec.Spec) error {
	site := want.Resolve(s)
	if err := o.check(site, kind.NewCatalog(site), false); err != nil {
		return fmt.Errorf("integrate: Verify: %w", err)
	}
	return nil
}

// CheckIDs are the IDs of all checks that a verification of a valid Spec can make, in their order: of those of Only and
// Static, and with guests on all computes, or on those of Computes. The option Checks does not count. It connects to
// nothing.
func (o VerifyOptions) CheckIDs(s spec.Spec) ([]string, error) {
	site := want.Resolve(s)
	computes, err := o.named(site)
	if err != nil {
		return nil, fmt.Errorf("integrate: Verify: %w", err)
	}
	if len(computes) == 0 {
		computes = proof.ComputesOf(site)
	}
	var ids []string
	for _, k := range o.known(site, kind.NewCatalog(site), computes) {
		ids = append(ids, k.ID)
	}
	return ids, nil
}

func (o VerifyOptions) check(site *want.Site, catalog engine.Catalog, imageless bool) error {
	whole := engine.Scope(o.Only).All()
	switch {
	case !o.Static && !whole:
		return errors.New("a part of the Spec can only be verified with Static: the journey goes through the whole cloud")
	case o.Clean && (o.Static || o.Image != nil || len(o.Checks) > 0 || o.guests()):
		return errors.New("the option Clean goes with none of Static, Image, Checks, Computes and Guests")
	case o.Static && o.guests():
		return errors.New("the option Static goes with neither Computes nor Guests: no guest boots")
	case len(o.Computes) > 0 && o.Guests != 0:
		return errors.New("the options Computes and Guests exclude each other: name the computes, or say how many")
	case o.Guests < 0 || o.Timeout < 0 || o.GuestWait < 0:
		return errors.New("the options Guests, Timeout and GuestWait cannot be negative")
	case site.Cloud.None() && (o.Clean || o.Image != nil || o.Flavor != "" || o.guests()):
		return errors.New("an image, a flavor, guests and cleaning up are for the APIs, and the Spec has cloud.apis: none")
	case o.Clean:
		return nil
	}
	computes, err := o.named(site)
	if err != nil {
		return err
	}
	if len(computes) == 0 {
		computes = proof.ComputesOf(site)
	}
	known := o.known(site, catalog, computes)
	if o.Static {
		doing := o
		doing.Static = false
		if err := proof.OnlyByDoing(known, doing.known(site, catalog, computes), o.Checks); err != nil {
			return err
		}
	}
	wanted, err := proof.Select(known, o.Checks)
	switch {
	case err != nil:
		return err
	case !proof.NeedsImage(known, wanted):
		return nil
	case o.Image == nil && imageless:
		return nil
	case o.Image == nil:
		return errors.New("it needs a bootable raw image for its guests; a static verification needs none")
	}
	return checkImage(o.Image)
}

// guests reports whether the options say where guests boot.
func (o VerifyOptions) guests() bool { return len(o.Computes) > 0 || o.Guests != 0 }

// named are the computes that the options name.
func (o VerifyOptions) named(site *want.Site) (names []string, err error) {
	known := map[string]bool{}
	for _, name := range proof.ComputesOf(site) {
		known[name] = true
	}
	var faults []error
	for _, text := range o.Computes {
		some, err := spec.ExpandNames(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("computes: %q %w", text, err))
		}
		for _, name := range some {
			if !known[name] {
				faults = append(faults, fmt.Errorf("computes: the Spec has no compute %q%s", name, spec.DidYouMean(name, known)))
			}
		}
		names = append(names, some...)
	}
	return names, errors.Join(faults...)
}

// known are the checks that can be made.
func (o VerifyOptions) known(site *want.Site, catalog engine.Catalog, computes []string) []proof.Known {
	targets := slices.DeleteFunc(site.Targets(), func(t step.Target) bool { return !engine.Scope(o.Only).Has(t) })
	return proof.KnownOf(site, catalog, proof.Extent{Targets: targets, Static: o.Static, Computes: computes})
}

// A verification is what is verified, and where guests boot.
type verification struct {
	known  []proof.Known
	wanted map[string]bool // nil: all
	pick   proof.Pick
	scope  engine.Scope // what is read
}

// prepare chooses the computes and the checks. It reads the APIs alone.
func (in *Integration) prepare(ctx context.Context, o VerifyOptions) (v verification, err error) {
	site := in.engine.Site
	v.scope = engine.Scope(o.Only)
	wish := proof.Wish{Number: o.Guests}
	if wish.Names, err = o.named(site); err != nil {
		return v, err
	}
	if !o.Static {
		wish.Records, wish.Hypervisors, wish.Err = in.computes(ctx)
	}
	v.pick = proof.Choose(site, wish)
	var names []string
	for _, c := range v.pick.Guests {
		names = append(names, c.Name)
	}
	v.known = o.known(site, in.engine.Catalog, names)
	if v.wanted, err = proof.Select(v.known, o.Checks); err != nil {
		return v, fmt.Errorf("%w (guests boot on %s; Computes names others)", err, v.pick)
	}
	if v.wanted != nil {
		v.scope = proof.Scope(site, v.known, v.wanted, v.pick.Guests)
	}
	if proof.NeedsImage(v.known, v.wanted) && o.Image != nil {
		err = in.fits(ctx, o)
	}
	return v, err
}

// computes reads what the APIs tell of computes.
func (in *Integration) computes(ctx context.Context) ([]api.ServiceRecord, []api.Hypervisor, error) {
	c := in.engine.World.Cloud
	if c == nil {
		return nil, nil, nil // the checks say so
	}
	records, err := c.Services(ctx)
	if err != nil {
		return nil, nil, err
	}
	hypervisors, err := c.Hypervisors(ctx)
	return records, hypervisors, err
}

// fits refuses a flavor that is not there, and one whose disk is too small for the image.
func (in *Integration) fits(ctx context.Context, o VerifyOptions) error {
	if in.engine.World.Cloud == nil || o.Flavor == "" {
		return nil
	}
	f, err := in.engine.World.Cloud.Flavor(ctx, o.Flavor)
	switch size, seekErr := o.Image.Seek(0, io.SeekEnd); {
	case errors.Is(err, api.ErrNotFound):
		return fmt.Errorf("the cloud has no flavor %q", o.Flavor)
	case err != nil:
		return nil // the journey says so
	case seekErr != nil:
		return fmt.Errorf("the guest image: %w", seekErr)
	case f.DiskGiB > 0 && size > int64(f.DiskGiB)<<30:
		return fmt.Errorf("the guest image has %d bytes, and flavor %s has a disk of %d GiB; take a larger flavor, or none: "+
			"one that fits is made then", size, o.Flavor, f.DiskGiB)
	}
	_, err = o.Image.Seek(0, io.SeekStart)
	return err
}

// limited is a context that ends when the time of the verification is over.
func (o VerifyOptions) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, o.Timeout, proof.LimitError(o.Timeout))
}

// leftOut lists the checks that are not made.
func (v verification) leftOut() (ids []string) {
	for _, k := range v.known {
		if v.wanted != nil && !v.wanted[k.ID] {
			ids = append(ids, k.ID)
		}
	}
	return ids
}
