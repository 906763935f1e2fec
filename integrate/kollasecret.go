package integrate

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// secretPaths are the files from which libvirt's container has a user's secret
// when it is made anew; none where libvirt keeps its own.
func (x *hostDiffer) secretPaths(id spec.User) []string {
	k := x.service("nova-compute").kolla
	if k == nil {
		return nil
	}
	base := k.ofLibvirt().folder + "/secrets/" + x.uuids[id]
	return []string{base + ".xml", base + ".base64"}
}

// secretFiles plans those files; why a secret cannot be has been said.
func (x *hostDiffer) secretFiles(id spec.User) {
	if x.blocked[id.Cluster] != "" || x.o.clusters[id.Cluster].err != nil || x.foreign[id] != "" || x.bad[userKey(id)] {
		return
	}
	if _, err := x.desiredSecret(id); err != nil {
		return
	}
	for _, path := range x.secretPaths(id) {
		w, err := x.desiredSecretFile(path, id)
		if err != nil {
			x.problem(x.spec.Name, path, err, "%v", err)
			x.brokenBy["nova-compute"] = true
			continue
		}
		x.file(path, w, changeID(KindUser, id.Cluster, id.Entity))
	}
}

// desiredSecretFile is one of the two files of a secret, as libvirt keeps them:
// its description, or its value.
func (x *hostDiffer) desiredSecretFile(path string, id spec.User) (wantedFile, error) {
	f, ok := x.seen.files[path] // the folder was read whole
	f.missing = f.missing || !ok
	if f.err != nil {
		return wantedFile{}, fmt.Errorf("cannot be read: %w", f.err)
	}
	want, err := x.desiredSecret(id)
	if err != nil {
		return wantedFile{}, err
	}
	w := x.kollaMode(x.service("nova-compute").kolla.ofLibvirt().folder, f, 0o600)
	if strings.HasSuffix(path, ".base64") {
		have, _ := libvirtsecret.ParseValue(string(f.data)) // another one is none
		switch {
		case want.Value.IsZero():
			w.diffs = []FieldDiff{{"value", digest(have.Reveal()), "of the new user"}}
		case have.Equal(want.Value):
			w.data = f.data
		default:
			w.data = []byte(want.Value.Reveal())
			w.diffs = []FieldDiff{{"value", digest(have.Reveal()), digest(want.Value.Reveal())}}
		}
		return w, nil
	}
	want.Ephemeral = false
	if have, err := libvirtsecret.ParseXML(f.data); err == nil && !have.Ephemeral && !have.Conflicts(want) && have.UUID == want.UUID {
		w.data = f.data
		return w, nil
	}
	w.data, err = want.XML()
	w.diffs = contentDiff(f, w.data)
	return w, err
}
