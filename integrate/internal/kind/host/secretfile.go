package host

import (
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// The files of a secret, as libvirt keeps them: its description, and its value.
const (
	secretXML   = ".xml"
	secretValue = ".base64"
)

// newSecretFiles are the files from which the container of libvirt has its secrets
// when it is made anew. There are none where libvirt keeps its secrets itself.
func newSecretFiles(n *Node) []step.Resource {
	if !n.Computes() || n.Service("nova-compute").Kolla == nil {
		return nil
	}
	libvirt := n.Service("nova-compute").Kolla.OfLibvirt()
	var all []step.Resource
	for _, u := range n.Site.Secrets {
		all = append(all, secretFile{n, libvirt, u, secretXML}, secretFile{n, libvirt, u, secretValue})
	}
	return all
}

// A secretFile is a file of a libvirt secret. Its path has the UUID of the secret.
type secretFile struct {
	*Node
	libvirt place.Kolla
	user    spec.User
	suffix  string
}

// ID implements step.Resource.
func (r secretFile) ID() step.ID { return r.SecretFileID(r.user, r.suffix) }

// Needs implements step.Resource.
func (r secretFile) Needs() []step.ID {
	return []step.ID{cluster.UserID(r.user), r.DirectoryID(r.folder())}
}

func (r secretFile) folder() string { return r.libvirt.Folder + "/secrets" }

// Asks implements step.Resource.
func (r secretFile) Asks() step.Asks {
	return step.Asks{Secrets: true, Host: []remote.Op{remote.ReadFile{Path: r.libvirt.ConfigJSON()},
		remote.ReadDir{Path: r.folder(), Suffix: r.suffix}}}
}

// Compare implements step.Resource. What is wrong with the secret is said of that.
func (r secretFile) Compare(v step.View) step.Delta {
	if d, ok := behind(v, r.SecretID(r.user)); ok {
		return d
	}
	if d, is := r.gone(v, r.user); is {
		return d
	}
	want, err := secret{r.Node, r.user}.desired(v)
	path := r.folder() + "/" + want.UUID + r.suffix
	f := seen(v.Host, path)
	if err == nil && f.Err != nil {
		err = refuse("secret-file-unreadable", "cannot be read: %w", f.Err)
	}
	w := inKolla(v.Host, r.libvirt, f, 0o600)
	w.path, w.keep = path, r.Site.Keeping(r.ID(), "file", path)
	if err == nil && r.suffix == secretXML {
		err = w.describe(f, want)
	}
	if err != nil {
		return left(step.Delta{Name: path}, path, err, "secret-file-unfit")
	}
	if r.suffix == secretValue {
		r.hold(v, &w, f)
	}
	d := w.delta(f)
	if r.suffix == secretValue {
		noteHole(&d, f)
	}
	return d
}

// describe makes the file describe a secret. A file that describes this secret already
// stays as it is, whatever its form.
func (w *wantedFile) describe(f step.File, want libvirtsecret.Secret) error {
	have, err := libvirtsecret.ParseXML(f.Data)
	if err == nil && !have.Ephemeral && !have.Conflicts(want) && have.UUID == want.UUID {
		w.data = f.Data
		return nil
	}
	w.data, err = want.XML()
	w.diffs = f.ContentDiffs(w.data)
	return err
}

// hold makes the file hold the key of the user. What is not a value counts as none.
func (r secretFile) hold(v step.View, w *wantedFile, f step.File) {
	key, known := v.Key(r.user.Cluster, r.user.Entity)
	have, _ := libvirtsecret.ParseValue(string(f.Data))
	if known && have.Reveal() == key.Reveal() {
		w.data = f.Data
		return
	}
	diff := step.FieldDiff{Field: "value", Observed: words.Digest(have.Reveal()), Desired: words.OfNewUser}
	if known {
		diff.Desired = words.Digest(key.Reveal())
	}
	w.diffs = []step.FieldDiff{diff}
	w.late = func(now step.Late) ([]byte, error) {
		key, err := keyNow(now, r.user, key)
		return []byte(key.Reveal()), err
	}
}
