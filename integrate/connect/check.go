package connect

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// check joins the faults of a Spec, and lists what is missing in it for connecting.
func check(s spec.Spec, o Options) error {
	faults := []error{s.ValidateExceptRelease()}
	if slices.ContainsFunc(s.Hosts, func(h spec.Host) bool { return o.Have.Hosts[h.Name] == nil }) {
		faults = append(faults, checkLogin(s.SSH), checkFiles(s.SSH))
	}
	for i, c := range s.Clusters {
		if _, ok := o.Have.Clusters[c.Name]; !ok {
			faults = append(faults, checkAccess(fmt.Sprintf("clusters[%d]", i), c, o))
		}
	}
	return errors.Join(faults...)
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

// checkLogin says what of ssh is missing for a login.
func checkLogin(s spec.SSH) error {
	var faults []error
	if s.User == "" {
		faults = append(faults, &spec.FieldError{Path: "ssh.user", Message: "is missing: name the user to log in as"})
	}
	if c := withKeys(remote.Config{}, s.KeyFiles, s.Agent); len(c.KeyFiles) == 0 && c.Agent == "" {
		faults = append(faults, &spec.FieldError{Path: "ssh.key_files", Message: "is missing: name a private key, or " +
			"give ssh.agent the path of an agent's socket (SSH_AUTH_SOCK, which is the default, is not set)"})
	}
	if len(s.KnownHosts) == 0 {
		faults = append(faults, noKnownHosts())
	}
	return errors.Join(faults...)
}

func noKnownHosts() error {
	return &spec.FieldError{Path: "ssh.known_hosts", Message: "is missing: " +
		"name a file with the hosts' keys, which are always checked; cephstack trust writes it"}
}

// checkFiles looks whether the files that ssh names are there.
func checkFiles(s spec.SSH) error {
	var faults []error
	look := func(field string, paths []string) {
		for i, path := range paths {
			if _, err := os.Stat(path); err != nil {
				faults = append(faults, &spec.FieldError{Path: fmt.Sprintf("%s[%d]", field, i), Message: err.Error(), Err: err})
			}
		}
	}
	look("ssh.key_files", s.KeyFiles)
	look("ssh.known_hosts", s.KnownHosts)
	if e := s.Entry; e != nil {
		look("ssh.entry.key_files", e.KeyFiles)
		if e.PasswordFile != "" {
			_, err := readPassword(e.PasswordFile)
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
