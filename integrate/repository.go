package integrate

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// KindRepository is about a repository of packages, with its key.
const KindRepository Kind = "repository"

// The files of a repository, by family. Files of that name are cephstack's own.
const (
	aptSources = "/etc/apt/sources.list.d/cephstack.sources"
	aptKey     = "/etc/apt/keyrings/cephstack.asc"
	// What is tried is where no apt looks by itself.
	aptTrial    = "/etc/apt/cephstack-trial.sources"
	aptTrialKey = "/etc/apt/cephstack-trial.asc"
	dnfRepo     = "/etc/yum.repos.d/cephstack.repo"
	dnfKey      = "/etc/pki/rpm-gpg/RPM-GPG-KEY-cephstack"
)

// suiteForm is what the codename of a host's release may be.
var suiteForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

func (s *site) repositoryOps() []remote.Op {
	if s.prepare().Repository == nil {
		return nil
	}
	return []remote.Op{remote.ReadFile{Path: aptSources}, remote.ReadFile{Path: aptKey}, remote.ReadFile{Path: dnfRepo}, remote.ReadFile{Path: dnfKey}}
}

// A repository is its two files, as they should be on a host.
type repository struct {
	path, text       string
	keyPath, keyText string
}

func (x *hostDiffer) desiredRepository() (repository, error) {
	spec, d := *x.site.prepare().Repository, x.seen.distribution()
	r := repository{aptSources, "", aptKey, strings.TrimSpace(spec.Key) + "\n"}
	if d.family == familyRPM {
		r.path, r.keyPath = dnfRepo, dnfKey
		r.text = "# Written by cephstack.\n[cephstack]\nname=Ceph, as cephstack was told\nbaseurl=" + spec.Dnf +
			"\nenabled=1\ngpgcheck=1\ngpgkey=file://" + dnfKey + "\n"
		if spec.Dnf == "" {
			return r, fmt.Errorf("%s has dnf, and prepare.repository.dnf is not given", x.spec.Name)
		}
		return r, nil
	}
	suite, components := spec.Suite, "main"
	if suite == "" {
		suite = d.codename
	}
	if len(spec.Components) > 0 {
		components = strings.Join(spec.Components, " ")
	}
	r.text = "# Written by cephstack.\nTypes: deb\nURIs: " + spec.Apt + "\nSuites: " + suite + "\nComponents: " + components + "\nSigned-By: " + aptKey + "\n"
	switch {
	case spec.Apt == "":
		return r, fmt.Errorf("%s has apt, and prepare.repository.apt is not given", x.spec.Name)
	case !suiteForm.MatchString(strings.ReplaceAll(suite, "/", ".")):
		return r, fmt.Errorf("%s does not say the codename of its release; say prepare.repository.suite", osRelease)
	}
	return r, nil
}

// repository plans the host's repository, and reports whether packages may be
// fetched: not from elsewhere, if there should be one.
func (x *hostDiffer) repository() bool {
	if x.site.prepare().Repository == nil {
		return true
	}
	r, err := x.desiredRepository()
	file, key := x.seen.files[r.path], x.seen.files[r.keyPath]
	for _, e := range []error{err, file.err, key.err} {
		if e != nil {
			x.problem(x.spec.Name, "packages", e, "the repository cannot be set up: %v", e)
			for _, name := range x.names {
				x.brokenBy[name] = true
			}
			return false
		}
	}
	var diffs []FieldDiff
	if string(file.data) != r.text {
		diffs = append(diffs, contentDiff(file, []byte(r.text))...)
	}
	if string(key.data) != r.keyText {
		was := ""
		if !key.missing {
			was = digest(string(key.data))
		}
		diffs = append(diffs, FieldDiff{"key", was, digest(r.keyText)})
	}
	if len(diffs) == 0 {
		return true
	}
	action, reason := Update, "the repository is not as asked for"
	if file.missing {
		action, reason = Create, "the repository is not known"
	}
	x.change(KindRepository, action, r.path, reason, diffs)
	return true
}

// writeRepository writes the key and the repository, once they were tried.
func (h *hostRun) writeRepository(ctx context.Context) (changed bool, err error) {
	r, err := h.diff.desiredRepository()
	if err != nil {
		return false, err
	}
	var ops []remote.Op
	if r.path == aptSources {
		ops = r.trial()
	}
	ops = chain(append(ops, remote.Mkdir{Path: parentDir(r.keyPath)}, h.whole(r.keyPath, r.keyText), h.whole(r.path, r.text))...)
	if r.path == aptSources {
		ops = append(ops, remote.Remove{Path: aptTrial}, remote.Remove{Path: aptTrialKey})
	}
	return h.do(ctx, h.in.world.Hosts[h.spec.Name], ops...)
}

// trial has apt read the repository, and check its signature by the key.
func (r repository) trial() []remote.Op {
	file := func(path, text string) remote.Op {
		return remote.WriteFile{Path: path, Data: []byte(text), Owner: rootName, Group: rootName, Mode: 0o644}
	}
	return []remote.Op{
		file(aptTrialKey, r.keyText), file(aptTrial, strings.ReplaceAll(r.text, aptKey, aptTrialKey)),
		remote.Run{Timeout: packageTime, Argv: []string{"apt-get", "-q", "update", "-o", "Dir::Etc::sourcelist=" + aptTrial, "-o", "Dir::Etc::sourceparts=-",
			"-o", "APT::Get::List-Cleanup=0", "-o", "APT::Update::Error-Mode=any", "-o", "DPkg::Lock::Timeout=300"}},
	}
}

// packageTime is how long fetching may take.
const packageTime = 14 * time.Minute

// whole writes a file of ours for everybody to read, if it is as it was seen.
func (h *hostRun) whole(path, text string) remote.Op {
	was := remote.Absent
	if f := h.diff.seen.files[path]; !f.missing {
		was = f.SHA256
	}
	return remote.WriteFile{Path: path, Data: []byte(text), Owner: rootName, Group: rootName, Mode: 0o644, Was: was}
}

// chain makes each operation need the one before.
func chain(ops ...remote.Op) []remote.Op {
	for i := 1; i < len(ops); i++ {
		ops[i] = remote.If{OK: []int{i - 1}, Op: ops[i]}
	}
	return ops
}
