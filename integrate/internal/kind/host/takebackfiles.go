package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// removal is the Delta of a file that goes, if it still is as it was seen.
func (n *Node) removal(f step.File, path string, diffs ...step.FieldDiff) step.Delta {
	if err := symlinked(f); err != nil {
		return stays(path, path, "is a symlink to "+f.Target, "rm -- "+cephstack.ShellQuote(path))
	}
	return n.byEntry(step.Delta{Action: step.Remove, Name: path, Reason: "nothing here needs the file any more",
		Diffs: diffs, Do: doing(remote.Remove{Path: path, Was: f.Was()})})
}

// fileStays is the Delta of a file that is not provably cephstack's.
func fileStays(path, why string) step.Delta {
	return stays(path, path, why, "rm -- "+cephstack.ShellQuote(path))
}

// Retire implements step.Retirer. A keyring is cephstack's if it has the key of its user, and no other key.
func (r keyring) Retire(v step.View) step.Delta {
	path, ok := r.copy.Path(r.Site.Containers(v.Host), place.KeyringPath(r.user.Cluster, r.user.Entity))
	f := seen(v.Host, path)
	if !ok || f.Missing {
		return step.Delta{}
	}
	if f.Err != nil {
		return step.Refuse("keyring-unreadable", path, fmt.Errorf("cannot be read: %w", f.Err))
	}
	key, known := v.Key(r.user.Cluster, r.user.Entity)
	have, _, err := r.only(f)
	switch {
	case err != nil:
		return fileStays(path, "is not a keyring of "+r.user.Entity+" alone")
	case !known:
		return fileStays(path, "is for "+r.user.Entity+", which cluster "+r.user.Cluster+" does not have")
	case !have.Equal(key):
		return fileStays(path, "does not hold the key that "+r.user.Entity+" has in cluster "+r.user.Cluster)
	}
	return r.removal(f, path, step.FieldDiff{Field: "key", Observed: words.Digest(key.Reveal())})
}

// Retire implements step.Retirer. A ceph.conf is cephstack's if it is what cephstack makes where there is none. It
// stays where somebody administers the cluster from this host, or logs in to it as a user that is not in the Spec.
func (r cephConf) Retire(v step.View) step.Delta {
	path, ok := r.copy.Path(r.Site.Containers(v.Host), spec.ConfPath(r.cluster))
	f := seen(v.Host, path)
	if !ok || f.Missing {
		return step.Delta{}
	}
	w, err := r.desired(v, step.File{Missing: true}, nil)
	switch {
	case f.Err != nil:
		return step.Refuse("conf-unreadable", path, fmt.Errorf("cannot be read: %w", f.Err))
	case err != nil || string(f.Data) != string(w.data):
		return fileStays(path, "is not as cephstack makes it")
	case r.Site.Cluster(r.cluster).Host == r.Spec.Name:
		return fileStays(path, "is what the program ceph needs, by which cephstack reaches the cluster")
	case r.copy.Kolla == nil && !v.Host.Files[r.adminKeyring()].Missing:
		return fileStays(path, "is of use to whoever has "+r.adminKeyring())
	case r.copy.Kolla == nil && r.strangers(v.Host) != "":
		return fileStays(path, "is of use to whoever has "+r.strangers(v.Host))
	}
	return r.removal(f, path)
}

// keyringSuffix ends the names of keyrings.
const keyringSuffix = ".keyring"

// strangers are the keyrings on the host by which others than the users of the Spec log in to the cluster, such as a
// service that cephstack does not know.
func (r cephConf) strangers(h *step.Host) string {
	ours := map[string]bool{}
	for _, u := range r.Site.Users {
		ours[place.KeyringPath(u.Cluster, u.Entity)] = true
	}
	var all []string
	for path, f := range h.Files {
		is := strings.HasPrefix(path, spec.CephDir+"/"+r.cluster+".") && strings.HasSuffix(path, keyringSuffix)
		if is && !f.Missing && !ours[path] {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return words.JoinShort(all)
}

// adminKeyring is the keyring of the cluster's administrator.
func (r cephConf) adminKeyring() string { return place.KeyringPath(r.cluster, "client.admin") }

// Retire implements step.Retirer. A secret is cephstack's if it has the UUID that the Spec gives it, and the key of
// the user, and its usage or its UUID is named by the Spec.
func (r secret) Retire(v step.View) step.Delta {
	if err := v.Host.SecretErr; err != nil {
		return step.Refuse("secrets-unreadable", "secret of "+r.user.Entity,
			fmt.Errorf("libvirt's secrets cannot be read, so nothing is removed: %w", err))
	}
	fsid := v.Clusters[r.user.Cluster].Status.FSID
	uuid := r.Site.SecretUUID(r.user, fsid)
	i := slices.IndexFunc(v.Host.Secrets, func(s libvirtsecret.Secret) bool { return s.UUID == uuid })
	if i < 0 {
		return step.Delta{}
	}
	have, object := v.Host.Secrets[i], "secret "+uuid
	byHand := "virsh secret-undefine " + uuid
	key, known := v.Key(r.user.Cluster, r.user.Entity)
	switch {
	case have.UsageID != libvirtsecret.UsageID(fsid, r.user.Entity) && r.Site.NamedSecret(r.user) == "":
		return stays(uuid, object, fmt.Sprintf("has the usage %q, which cephstack does not give", have.UsageID), byHand)
	case have.Private, !known, have.Value.Reveal() != key.Reveal():
		return stays(uuid, object, "is not known to hold the key of "+r.user.Entity, byHand)
	case r.Site.Helps():
		return stays(uuid, object, "cannot be removed by the helper of the normal login", byHand)
	}
	return step.Delta{Action: step.Remove, Name: uuid, Reason: "nothing here needs the secret any more",
		Diffs: []step.FieldDiff{{Field: "usage", Observed: have.UsageID},
			{Field: "value", Observed: words.Digest(have.Value.Reveal())}},
		Do: step.HostStep{Undefine: &have}}
}

// Retire implements step.Retirer.
func (r secretFile) Retire(v step.View) step.Delta {
	fsid := v.Clusters[r.user.Cluster].Status.FSID
	uuid := r.Site.SecretUUID(r.user, fsid)
	path := r.folder() + "/" + uuid + r.suffix
	f := seen(v.Host, path)
	if f.Missing {
		return step.Delta{}
	}
	if f.Err != nil {
		return step.Refuse("secret-file-unreadable", path, fmt.Errorf("cannot be read: %w", f.Err))
	}
	key, known := v.Key(r.user.Cluster, r.user.Entity)
	if r.suffix == secretValue {
		have, _ := libvirtsecret.ParseValue(string(f.Data))
		if !known || have.Reveal() != key.Reveal() {
			return fileStays(path, "is not known to hold the key of "+r.user.Entity)
		}
		return r.removal(f, path, step.FieldDiff{Field: "value", Observed: words.Digest(have.Reveal())})
	}
	have, err := libvirtsecret.ParseXML(f.Data)
	if err != nil || have.UUID != uuid || have.UsageID != libvirtsecret.UsageID(fsid, r.user.Entity) &&
		r.Site.NamedSecret(r.user) == "" {
		return fileStays(path, "does not describe the secret of "+r.user.Entity)
	}
	return r.removal(f, path)
}

// Retire implements step.Retirer. The folders themselves stay: guests may have written logs there.
func (r guestFile) Retire(v step.View) step.Delta {
	f := v.Host.Files[guestsFile]
	switch {
	case f.Missing:
		return step.Delta{}
	case f.Err != nil || string(f.Data) != r.text(v.Host):
		return fileStays(guestsFile, "is not as cephstack makes it")
	}
	return r.removal(f, guestsFile)
}

// Retire implements step.Retirer.
func (r appArmor) Retire(v step.View) step.Delta {
	local, own := v.Host.Files[qemuLocal], v.Host.Files[qemuOwn]
	if own.Err == nil && !own.Missing {
		if !strings.HasPrefix(string(own.Data), "# Written by cephstack") {
			return fileStays(qemuOwn, "is not as cephstack makes it")
		}
		return r.removal(own, qemuOwn)
	}
	have := ownLines.FindString(string(local.Data))
	if local.Err != nil || have == "" {
		return step.Delta{}
	}
	w := wantedFile{path: qemuLocal, owner: local.Owner, group: local.Group, mode: local.Mode,
		data:  []byte(strings.Replace(string(local.Data), have, "", 1)),
		diffs: []step.FieldDiff{{Field: "rules", Observed: strings.TrimSpace(have)}}}
	d := r.byEntry(w.delta(local))
	d.Action, d.Reason = step.Remove, "no guest here needs the rules any more"
	return d
}

// Retire implements step.Retirer. A service that leaves runs on with what it has read, until it is restarted. A service
// that does not run is not started.
func (r unit) Retire(v step.View) step.Delta {
	u := r.place.State(v.Host, r.Site.Containers(v.Host))
	if _, absent := r.absent(u); absent || u.Active != "active" {
		return step.Delta{}
	}
	var d step.Delta
	outdated := reading{v.Host, r.place, u}.outdated(r.place.Inputs(v.Host, r.Site.Containers(v.Host)))
	settings := r.SettingsID(r.place.Config[0])
	switch {
	case v.Ledger.Planned(settings):
		d.Reason, d.Because = "its configuration changes", settings
	case len(outdated) > 0:
		d.Reason = strings.Join(outdated, ", ") + " changed after it started"
	default:
		return d
	}
	restart := remote.RestartUnit{Unit: r.place.Unit, Inputs: r.place.Inputs(v.Host, r.Site.Containers(v.Host))}
	d.Action, d.Do = step.Restart, step.HostStep{
		Ops: func(now step.Late) ([]remote.Op, error) {
			op := restart
			op.Settle = now.Settle
			return []remote.Op{op}, nil
		},
		Serves: r.leaves(v.Host, u),
	}
	return d
}

// leaves is how a service that leaves Ceph is known to serve: nova-compute and glance-api as ever. Cinder's
// records of a
// backend that goes never come back, and without its driver cinder-backup may not serve: nobody waits for them.
func (r unit) leaves(h *step.Host, u remote.Unit) *serving.Signs {
	if strings.HasPrefix(r.service, "cinder-") {
		return nil
	}
	return r.serves(h, u)
}
