package connect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// joined are faults, each of them once.
type joined []error

func (j *joined) add(err error) {
	if err != nil && !slices.ContainsFunc(*j, func(e error) bool { return e.Error() == err.Error() }) {
		*j = append(*j, err)
	}
}

func (j *joined) err() error { return errors.Join(*j...) }

// check joins the faults of a Spec, and lists what is missing in it for connecting.
func check(s spec.Spec, o Options) error {
	var faults joined
	invalid := s.ValidateExceptRelease()
	faults.add(invalid)
	if slices.ContainsFunc(s.Hosts, func(h spec.Host) bool { return o.Have.Hosts[h.Name] == nil }) {
		faults = append(faults, checkRoutes(s, o)...)
		faults.add(checkFiles(s.SSH))
	}
	for i, c := range s.Clusters {
		if _, ok := o.Have.Clusters[c.Name]; !ok {
			faults.add(checkAccess(fmt.Sprintf("clusters[%d]", i), c, o))
		}
	}
	return faults.err()
}

// checkRoutes says what is missing for a login to hosts and jump hosts.
func checkRoutes(s spec.Spec, o Options) joined {
	var faults joined
	if _, err := s.SSH.Timeouts.Parse(); err != nil {
		s.SSH.Timeouts = spec.Timeouts{} // the validation says it
	}
	r, err := newRoutes(s.SSH)
	if err != nil {
		return joined{err}
	}
	for _, h := range s.Hosts {
		if o.Have.Hosts[h.Name] != nil {
			continue
		}
		c, err := r.host(h)
		faults.add(err)
		for _, c := range append(chain(c.Jump), c) {
			for _, err := range checkLogin(c) {
				faults.add(err)
			}
			if len(s.SSH.KnownHosts) == 0 && len(c.KnownHosts) > 0 && len(there(c.KnownHosts)) == 0 {
				faults.add(notThere(c.KnownHosts[0]))
			}
		}
	}
	return faults
}

// checkAccess says what is missing in a Spec for reaching a cluster.
func checkAccess(path string, c spec.Cluster, o Options) error {
	switch {
	case c.Access == "librados" && o.Librados == nil:
		return &spec.FieldError{Path: path + ".access", Message: "is librados, and this program was built without " +
			"librados: use one that has it, such as cephstack built with -tags librados, or leave access out"}
	case c.Host == "" && o.Librados == nil:
		return &spec.FieldError{Path: path + ".host", Message: "is missing: " +
			"this program was built without librados, and runs the ceph program on a host"}
	}
	return nil
}

// checkLogin says what is missing for a login.
func checkLogin(c remote.Config) joined {
	var faults joined
	if c.User == "" {
		faults.add(&spec.FieldError{Path: "ssh.user", Message: "is missing: name the user to log in as"})
	}
	if len(c.KeyFiles) == 0 && c.Agent == "" {
		faults.add(&spec.FieldError{Path: "ssh.key_files", Message: "is missing: name a private key, or " +
			"give ssh.agent the path of an agent's socket (SSH_AUTH_SOCK, which is the default, is not set)" + noneAtHome})
	}
	if len(c.KnownHosts) == 0 {
		faults.add(noKnownHosts())
	}
	return faults
}

const noneAtHome = ", or make a key: ~/.ssh has no id_rsa, id_ecdsa or id_ed25519, which ssh takes by default"

// knownHosts is the field of the files with the hosts' keys.
const knownHosts = "ssh.known_hosts"

func noKnownHosts() error {
	return &spec.FieldError{Path: knownHosts, Message: "is missing: " +
		"name a file for the hosts' keys, which are always checked; it need not be there yet: cephstack trust writes it"}
}

// learns is what makes a file with the hosts' keys.
const learns = "; cephstack trust shows the hosts' keys, and writes the file once you gave their fingerprints"

// notThere says that no file of ssh has keys of hosts, which begins with the one that trust would write.
func notThere(file string) error {
	_, err := os.Stat(file)
	if err == nil {
		return nil
	}
	return &spec.FieldError{Path: knownHosts, Message: "is not in the Spec, and " + err.Error() + learns, Err: err}
}

// checkFiles looks whether the files that ssh names are there.
func checkFiles(s spec.SSH) error {
	var faults []error
	look := func(field string, paths []string) {
		for i, path := range paths {
			_, err := os.Stat(path)
			if err == nil {
				continue
			}
			fault := &spec.FieldError{Path: fmt.Sprintf("%s[%d]", field, i), Message: err.Error(), Err: err}
			if field == knownHosts && i == 0 && errors.Is(err, fs.ErrNotExist) {
				fault.Message += learns
			}
			faults = append(faults, fault)
		}
	}
	look("ssh.key_files", s.KeyFiles)
	look(knownHosts, s.KnownHosts)
	if e := s.Entry; e != nil {
		look("ssh.entry.key_files", e.KeyFiles)
		if e.PasswordFile != "" {
			_, err := readPassword(e.PasswordFile)
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
