package rotate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// A leftover is a file or a secret of a user that is gone.
type leftover struct {
	host, path, uuid string
	was              string // digest of the file
	key              ceph.Key
	reader           string // the config.json of a container of Kolla that does not start without the file
}

func (o leftover) bar() Bar {
	switch {
	case o.reader != "":
		return Bar{"keyring", o.host, fmt.Sprintf("%s is left in place: %s copies it, and the container would not start "+
			"without it; tell kolla-ansible of the user of the Spec, and run its reconfigure", o.path, o.reader)}
	case o.path != "":
		return Bar{"keyring", o.host, o.path + " is to be removed"}
	}
	return Bar{"secret", o.host, "libvirt secret " + o.uuid + " is to be undefined"}
}

// readLeft reads what is left of users that are gone. What cannot be read is left for another run.
func (r *run) readLeft(ctx context.Context, l *look) {
	l.left, l.leftovers = map[spec.User][]Bar{}, map[spec.User][]leftover{}
	for _, rot := range r.rotations() {
		c := l.clusters[rot.Cluster]
		if c.err != nil || rot.InPlace() {
			continue
		}
		if _, there := c.users[rot.Old().Entity]; there {
			continue
		}
		var names []string
		for _, h := range r.site.InOrder() {
			if slices.Contains(r.site.UsersOf(r.site.ServicesOf(h)), rot.Old()) {
				names = append(names, h.Name)
			}
		}
		look := func(ctx context.Context, name string) ([]leftover, error) { return r.leftOn(ctx, l, rot, name) }
		for _, o := range remote.Each(ctx, names, max(r.cfg.Parallel, 32), look) {
			if o.Err != nil {
				l.left[rot.Old()] = append(l.left[rot.Old()], Bar{"host", o.Name, "what is left there cannot be " +
					"read: " + o.Err.Error()})
			}
			for _, rest := range o.Value {
				if rest.reader == "" {
					l.leftovers[rot.Old()] = append(l.leftovers[rot.Old()], rest)
				}
				l.left[rot.Old()] = append(l.left[rot.Old()], rest.bar())
			}
		}
	}
}

// leftOn are the keyrings and the secret of a user on a host, and the files of the secret. A keyring that holds another
// user, too, and a secret with another usage than that user's, are not its own.
func (r *run) leftOn(ctx context.Context, l *look, rot spec.Rotation, host string) ([]leftover, error) {
	var all []leftover
	for _, f := range r.keyringsOn(rot, host) {
		data, was, err := r.read(ctx, host, f.path)
		if err != nil {
			return all, err
		}
		ring, err := ceph.ParseKeyring(data)
		u, has := ring.Lookup(rot.Old().Entity)
		if err != nil || !has || len(ring.Users) != 1 {
			continue
		}
		if f.was, f.key = was, u.Key; f.reader != "" {
			config, _, err := r.read(ctx, host, f.reader)
			if err != nil {
				return all, err
			}
			if !strings.Contains(string(config), path.Base(f.path)) {
				f.reader = ""
			}
		}
		all = append(all, f)
	}
	if !want.IsCompute(r.site.Host(host)) {
		return all, nil
	}
	uuid := r.site.SecretUUID(rot.Old(), l.plan.Clusters[rot.Cluster])
	files, err := r.secretFiles(ctx, rot, host, uuid)
	if all = append(all, files...); err != nil || r.cfg.World.Secrets[host] == nil {
		return all, err
	}
	secret, err := r.cfg.World.Secrets[host].Lookup(ctx, uuid)
	switch {
	case errors.Is(err, libvirtsecret.ErrNotFound):
		return all, nil
	case err != nil:
		return all, err
	}
	if names(secret, rot) {
		key, _ := ceph.ParseKey(secret.Value.Reveal())
		all = append(all, leftover{host: host, uuid: uuid, key: key})
	}
	return all, nil
}

// names reports whether the usage of a secret names the user that goes.
func names(s libvirtsecret.Secret, rot spec.Rotation) bool {
	return strings.Contains(" "+s.UsageID+" ", " "+rot.Old().Entity+" ")
}

// keyringsOn are the files on a host that may be the keyring of the user that goes. Each container of Kolla has its
// own, and its config.json may name it.
func (r *run) keyringsOn(rot spec.Rotation, host string) []leftover {
	file := place.KeyringPath(rot.Cluster, rot.Old().Entity)
	h := r.site.Host(host)
	var all []leftover
	for _, service := range r.site.ServicesOf(h) {
		switch k := r.site.Service(h, service).Kolla; {
		case !slices.Contains(r.site.UsersOn(service), rot.Old()):
		case k == nil:
			return []leftover{{host: host, path: file}}
		default:
			for _, p := range k.Copies(file) {
				all = append(all, leftover{host: host, path: p, reader: k.ConfigJSON()})
			}
		}
	}
	return all
}

// secretFiles are the files from which the container of libvirt would have the secret of the user again.
func (r *run) secretFiles(ctx context.Context, rot spec.Rotation, host, uuid string) ([]leftover, error) {
	k := r.site.Service(r.site.Host(host), "nova-compute").Kolla
	if k == nil {
		return nil, nil
	}
	stem := k.OfLibvirt().Folder + "/secrets/" + uuid
	text, was, err := r.read(ctx, host, stem+".xml")
	if err != nil {
		return nil, err
	}
	if s, err := libvirtsecret.ParseXML(text); err != nil || s.UUID != uuid || !names(s, rot) {
		return nil, nil //nolint:nilerr // what is not the secret of this user stays
	}
	value, valueWas, err := r.read(ctx, host, stem+".base64")
	if err != nil {
		return nil, err
	}
	var all []leftover
	if valueWas != "" { // the description goes last, as it tells whose value this is
		key, _ := ceph.ParseKey(strings.TrimSpace(string(value)))
		all = append(all, leftover{host: host, path: stem + ".base64", was: valueWas, key: key})
	}
	return append(all, leftover{host: host, path: stem + ".xml", was: was}), nil
}

// read reads a file of a host. A file that is not there has no digest.
func (r *run) read(ctx context.Context, host, file string) (data []byte, was string, err error) {
	results, err := r.cfg.World.Hosts[host].Do(ctx, remote.ReadFile{Path: file})
	switch {
	case err != nil:
		return nil, "", err
	case errors.Is(results[0].Err, fs.ErrNotExist):
		return nil, "", nil
	case results[0].Err != nil:
		return nil, "", results[0].Err
	}
	return results[0].Data, results[0].File.SHA256, nil
}
