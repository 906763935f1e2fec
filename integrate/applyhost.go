package integrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// A hostRun applies one host's changes.
type hostRun struct {
	*run
	spec spec.Host
	diff *hostDiffer
}

// differ recomputes what the host should have, now that the keys of new users
// are known. Its plan is thrown away.
func (h *hostRun) differ() *hostDiffer {
	return newDiffer(h.in.site, h.seen).on(h.spec, h.seen.hosts[h.spec.Name])
}

// op is the operation that makes a change.
func (h *hostRun) op(ctx context.Context, c Change) (remote.Op, error) {
	switch c.Kind {
	case KindPackages:
		return remote.InstallPackages{Names: strings.Fields(c.Name)}, nil
	case KindDirectory:
		if want, ok := h.diff.guestDirs()[c.Name]; ok {
			return want.op(c.Name), nil
		}
		if want, ok := h.diff.copyFolders()[c.Name]; ok {
			return want.op(c.Name), nil
		}
		mode := fs.FileMode(0o755)
		if f := h.diff.seen.files[c.Name]; !f.missing {
			return remote.SetAttr{Path: c.Name, Mode: f.Mode | 0o055}, nil
		}
		return remote.Mkdir{Path: c.Name, Owner: rootName, Group: rootName, Mode: mode}, nil
	case KindSettings:
		return h.settingsOp(ctx, c)
	case KindUnit:
		return remote.RestartUnit{Unit: c.Name, Settle: h.in.settle}, nil
	}
	return h.fileOp(c)
}

func (h *hostRun) settingsOp(ctx context.Context, c Change) (remote.Op, error) {
	if err := h.stillSafe(ctx, c); err != nil {
		return nil, err
	}
	w, err := h.diff.desiredSettings(c.Name)
	return remote.WriteFile{Path: c.Name, Data: w.data, Was: h.diff.seen.files[c.Name].SHA256}, err
}

func (h *hostRun) fileOp(c Change) (remote.Op, error) {
	w, err := h.wantedFile(c.Name)
	if err == nil && w.data == nil {
		err = errors.New("the user's key is not known")
	}
	was := remote.Absent
	if f, ok := h.diff.seen.files[c.Name]; ok && !f.missing {
		was = f.SHA256
	}
	return remote.WriteFile{Path: c.Name, Data: w.data, Owner: w.owner, Group: w.group, Mode: w.mode, Was: was}, err
}

// stillSafe looks once more for VMs with local disks right before a compute's
// disks are switched: one may have been made since the plan.
func (h *hostRun) stillSafe(ctx context.Context, c Change) error {
	section, prefix := h.in.site.diskOptions()
	switches := slices.ContainsFunc(c.Diffs, func(d FieldDiff) bool { return d.Field == "["+section+"] "+prefix+"images_type" })
	if !switches || h.spec.Disks == "ceph" {
		return nil
	}
	servers, err := h.in.world.Cloud.Servers(ctx, h.spec.Name)
	if err != nil {
		return err
	}
	now := *h.seen
	now.cloud.servers = map[string][]api.Server{h.spec.Name: servers}
	local, err := (&differ{site: h.in.site, o: &now}).localDisks(h.spec.Name, false)
	if err == nil && len(local) > 0 {
		err = fmt.Errorf("%w: %s is there now, with a local disk", ErrConflict, joinShort(local))
	}
	return err
}

func (h *hostRun) wantedFile(path string) (wantedFile, error) {
	if path == guestsFile {
		return h.diff.guestsTmpfiles()
	}
	for _, p := range h.diff.places {
		for _, cluster := range p.clusters {
			if path == p.conf(cluster) {
				return h.diff.desiredConf(p, cluster)
			}
		}
		for _, id := range p.users {
			if path == p.keyring(id) {
				return h.diff.desiredKeyring(p, id)
			}
		}
	}
	for _, id := range h.in.site.secrets {
		if slices.Contains(h.diff.secretPaths(id), path) {
			return h.diff.desiredSecretFile(path, id)
		}
	}
	return wantedFile{}, fmt.Errorf("%s is no file of the Spec", path)
}

const (
	recordWait = 4 * time.Minute // several report intervals, and a slow start
	recordPoll = 2 * time.Second
)

// records reads the service records of the host, at least, by binary and host.
func (h *hostRun) records(ctx context.Context) (map[string]api.ServiceRecord, error) {
	if h.in.world.Cloud == nil {
		return nil, errNoCloud
	}
	read := h.in.world.Cloud.Services
	if slices.Equal(h.in.site.servicesOf(h.spec), []string{"nova-compute"}) { // one of many
		read = func(ctx context.Context) ([]api.ServiceRecord, error) {
			return h.in.world.Cloud.ComputeServices(ctx, h.spec.Name)
		}
	}
	all, err := read(ctx)
	mine := map[string]api.ServiceRecord{}
	for _, r := range all {
		mine[r.Binary+" "+r.Host] = r
	}
	return mine, err
}

// service is a service's place on the host.
func (h *hostRun) service(name string) serviceLayout { return h.in.site.service(h.spec, name) }

// recordsOf names the records that a unit's service keeps.
func (h *hostRun) recordsOf(unit string) []string {
	var names []string
	switch unit {
	case h.service("cinder-volume").unit:
		for _, b := range h.in.site.cinder {
			names = append(names, strings.TrimSuffix("cinder-volume "+h.cinderHost(b.Name)+"@"+b.Name, "@"+spec.SingleBackend))
		}
	case h.service("cinder-backup").unit:
		names = append(names, "cinder-backup "+h.cinderHost("DEFAULT"))
	case h.service("nova-compute").unit:
		names = append(names, "nova-compute "+h.spec.Name)
	}
	return names
}

// cinderHost is the cinderName of a service of this host. What the Spec sets
// counts before it is on the host.
func (h *hostRun) cinderHost(section string) string {
	for _, b := range h.in.site.cinder {
		if own := b.Options[nameOption(b)]; own != "" && b.Name == section {
			return own
		}
	}
	seen := h.seen.hosts[h.spec.Name]
	if h.diff != nil {
		seen = h.diff.seen
	}
	_, all, err := seen.config(h.service("cinder-volume"))
	if err != nil {
		return h.spec.Name
	}
	return cinderName(section, all, h.spec.Name)
}

func (h *hostRun) awaitRecord(ctx context.Context, unit string, before map[string]api.ServiceRecord) error {
	ctx, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	for {
		missing, err := h.behind(ctx, unit, before)
		if err == nil && len(missing) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return notUp(missing, err, h.spec.Name)
		case <-time.After(recordPoll):
		}
	}
}

// notUp says of a restarted unit's service what the last look at the APIs gave:
// the records that are missing, or that nothing could be asked.
func notUp(missing []string, err error, host string) error {
	if err != nil {
		return fmt.Errorf("%w: restarted and active, but the APIs do not tell that it is up: %w; look at its log on %s", remote.ErrUnitFailed, err, host)
	}
	return fmt.Errorf("%w: restarted and active, but the APIs do not report it up: %s; look at its log on %s",
		remote.ErrUnitFailed, strings.Join(missing, ", "), host)
}

// behind lists the records that are not yet up and newer than before.
func (h *hostRun) behind(ctx context.Context, unit string, before map[string]api.ServiceRecord) ([]string, error) {
	if unit == h.service("glance-api").unit {
		_, err := h.in.world.Cloud.Images(ctx, "cephstack-none")
		return nil, err
	}
	now, err := h.records(ctx)
	var missing []string
	for _, name := range h.recordsOf(unit) {
		r, ok := now[name]
		if !ok || !r.Up || !r.Updated.After(before[name].Updated) {
			missing = append(missing, name)
		}
	}
	return missing, err
}
