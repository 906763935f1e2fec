package host

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// The files of a repository, by family of distributions. Files of these names are
// cephstack's own.
const (
	aptSources = "/etc/apt/sources.list.d/cephstack.sources"
	aptKey     = "/etc/apt/keyrings/cephstack.asc"
	// A repository is tried where apt does not look by itself.
	aptTrial    = "/etc/apt/cephstack-trial.sources"
	aptTrialKey = "/etc/apt/cephstack-trial.asc"
	dnfRepo     = "/etc/yum.repos.d/cephstack.repo"
	dnfKey      = "/etc/pki/rpm-gpg/RPM-GPG-KEY-cephstack"
)

// packageTime is how long fetching packages may take.
const packageTime = 14 * time.Minute

var suiteForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// repository is the repository with Ceph's packages, and its key.
type repository struct{ *Node }

func newRepository(n *Node) []step.Resource {
	if n.Site.Prep().Repository == nil {
		return nil
	}
	return []step.Resource{repository{n}}
}

// needsRepository is the need of what fetches packages: not from elsewhere, if the
// Spec gives a repository.
func (n *Node) needsRepository() []step.ID {
	if n.Site.Prep().Repository == nil {
		return nil
	}
	return []step.ID{n.RepositoryID()}
}

// ID implements step.Resource.
func (r repository) ID() step.ID { return r.RepositoryID() }

// Needs implements step.Resource.
func (r repository) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r repository) Asks() step.Asks {
	var ops []remote.Op
	for _, p := range []string{place.OSRelease, aptSources, aptKey, dnfRepo, dnfKey} {
		ops = append(ops, remote.ReadFile{Path: p})
	}
	return step.Asks{Host: ops}
}

// repositoryFiles are the two files of a repository, as they should be on a host.
type repositoryFiles struct {
	path, text       string
	keyPath, keyText string
}

// Compare implements step.Resource.
func (r repository) Compare(v step.View) step.Delta {
	want, err := r.files(place.DistributionOf(v.Host))
	file, key := v.Host.Files[want.path], v.Host.Files[want.keyPath]
	if err = cmp.Or(err, file.Err, key.Err); err != nil {
		return left(step.Delta{}, "packages", fmt.Errorf("the repository cannot be set up: %w", err), "file-unreadable")
	}
	d := step.Delta{Name: want.path}
	if string(file.Data) != want.text {
		d.Diffs = append(d.Diffs, file.ContentDiffs([]byte(want.text))...)
	}
	if string(key.Data) != want.keyText {
		was := ""
		if !key.Missing {
			was = words.Digest(string(key.Data))
		}
		d.Diffs = append(d.Diffs, step.FieldDiff{Field: "key", Observed: was, Desired: words.Digest(want.keyText)})
	}
	if len(d.Diffs) == 0 {
		d.Have = want.path
		return d
	}
	d.Action, d.Reason = step.Update, "the repository is not as asked for"
	if file.Missing {
		d.Action, d.Reason = step.Create, "the repository is not known"
	}
	if err := cmp.Or(symlinked(file), symlinked(key)); err != nil {
		return left(step.Delta{}, want.path, err, "file-is-symlink")
	}
	ops := want.ops(file, key)
	d.Do = step.HostStep{Alone: true, Entry: r.Site.Helps(), Size: 2 * (len(want.text) + len(want.keyText)),
		Ops: func(step.Late) ([]remote.Op, error) { return ops, nil }}
	return d
}

// files are the files of the repository, by what the host's distribution is.
func (r repository) files(d place.Distribution) (repositoryFiles, error) {
	spec := *r.Site.Prep().Repository
	w := repositoryFiles{aptSources, "", aptKey, strings.TrimSpace(spec.Key) + "\n"}
	if d.Family == place.RPM {
		w.path, w.keyPath = dnfRepo, dnfKey
		w.text = "# Written by cephstack.\n[cephstack]\nname=Ceph, as cephstack was told\nbaseurl=" + spec.Dnf +
			"\nenabled=1\ngpgcheck=1\ngpgkey=file://" + dnfKey + "\n"
		if spec.Dnf == "" {
			return w, refuse("repository-url-missing", "%s has dnf, and prepare.repository.dnf is not given", r.Spec.Name)
		}
		return w, nil
	}
	suite, components := spec.Suite, "main"
	if suite == "" {
		suite = d.Codename
	}
	if len(spec.Components) > 0 {
		components = strings.Join(spec.Components, " ")
	}
	w.text = "# Written by cephstack.\nTypes: deb\nURIs: " + spec.Apt + "\nSuites: " + suite +
		"\nComponents: " + components + "\nSigned-By: " + aptKey + "\n"
	switch {
	case spec.Apt == "":
		return w, refuse("repository-url-missing", "%s has apt, and prepare.repository.apt is not given", r.Spec.Name)
	case !suiteForm.MatchString(strings.ReplaceAll(suite, "/", ".")):
		return w, refuse("codename-unknown", "%s does not say the codename of its release; "+
			"set prepare.repository.suite", place.OSRelease)
	}
	return w, nil
}

// ops write the key and the repository. With apt they are tried before.
func (w repositoryFiles) ops(file, key step.File) []remote.Op {
	var ops []remote.Op
	apt := w.path == aptSources
	if apt {
		ops = w.trial()
	}
	ops = append(ops, remote.Mkdir{Path: path.Dir(w.keyPath)},
		forAll(w.keyPath, w.keyText, key.Was()), forAll(w.path, w.text, file.Was()))
	ops = step.Chain(ops...)
	if apt {
		ops = append(ops, remote.Remove{Path: aptTrial}, remote.Remove{Path: aptTrialKey})
	}
	return ops
}

// trial has apt read the repository, and check its signature by the key.
func (w repositoryFiles) trial() []remote.Op {
	return []remote.Op{
		forAll(aptTrialKey, w.keyText, ""), forAll(aptTrial, strings.ReplaceAll(w.text, aptKey, aptTrialKey), ""),
		remote.Run{Timeout: packageTime, Argv: []string{"apt-get", "-q", "update",
			"-o", "Dir::Etc::sourcelist=" + aptTrial, "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0",
			"-o", "APT::Update::Error-Mode=any", "-o", "DPkg::Lock::Timeout=300"}},
	}
}

// forAll writes a file of cephstack's own for everybody to read.
func forAll(path, text, was string) remote.Op {
	return remote.WriteFile{Path: path, Data: []byte(text), Owner: place.Root, Group: place.Root, Mode: 0o644, Was: was}
}
