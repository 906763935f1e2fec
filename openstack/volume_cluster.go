package openstack

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
)

// A VolumeCluster is what makes several cinder-volumes serve the same backends at the same time
// (active/active), and what they lock volumes by. An empty field leaves its option alone.
type VolumeCluster struct {
	// Name is the name of the cluster, from Rocky on: Cinder's RBD driver can be in a cluster
	// since then. Cinder calls the cluster of a backend NAME@BACKEND.
	Name string
	// Coordinator is the URL of a service, such as etcd3+http://192.0.2.5:2379, by whose locks
	// the services of Cinder on all hosts keep out of each other's way, from Ocata on. It may hold
	// a password, which a Setting then has, too.
	Coordinator cephstack.Redacted
}

// coordinatorForm is a URL as tooz reads it.
var coordinatorForm = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://[^\s]+$`)

// longestCluster leaves room for the names of backends.
const longestCluster = 127

// Settings computes the options of cinder-volume on release r. Those of cinder-backup are the same without Name. No
// error holds the URL of the coordinator.
func (c VolumeCluster) Settings(r Release) ([]Setting, error) {
	if err := errors.Join(supported(r), c.name(r), c.coordinator(r)); err != nil {
		return nil, err
	}
	var out []Setting
	if c.Name != "" {
		out = append(out, Setting{Section: "DEFAULT", Option: "cluster", Value: c.Name,
			Reason: "all cinder-volumes of this cluster serve its volumes at the same time"})
	}
	if url := c.Coordinator.Reveal(); url != "" {
		out = append(out, Setting{Section: "coordination", Option: "backend_url", Value: url,
			Reason: "what locks a volume on one host locks it on the others, too"})
	}
	return out, nil
}

func (c VolumeCluster) name(r Release) error {
	switch {
	case c.Name == "":
		return nil
	case r.Before(rocky):
		return fmt.Errorf("openstack: VolumeCluster.Name: Cinder's RBD driver cannot be in a cluster in %s, rocky is the "+
			"first release in which it can: cinder-volume would not open its backends", r)
	}
	if len(c.Name) > longestCluster {
		return fmt.Errorf("openstack: VolumeCluster.Name: has %d characters, %d are possible: Cinder keeps NAME@BACKEND in "+
			"255", len(c.Name), longestCluster)
	}
	return word("VolumeCluster.Name", c.Name)
}

func (c VolumeCluster) coordinator(r Release) error {
	url := c.Coordinator.Reveal()
	form := coordinatorForm.FindStringSubmatch(url)
	const field = "openstack: VolumeCluster.Coordinator"
	switch {
	case url == "":
		return nil
	case r.Before(ocata):
		return fmt.Errorf("%s: Cinder locks volumes by files alone in %s, ocata is the first release that asks a "+
			"coordinator", field, r)
	case form == nil:
		return errors.New(field + ": is not a URL in one word, such as etcd3+http://192.0.2.5:2379")
	case slices.Contains([]string{"file", "ipc", "zake"}, form[1]):
		return fmt.Errorf("%s: the locks of %s:// hold on one host alone; name a service that all hosts share "+
			"(etcd3+http, redis, mysql, …)", field, form[1])
	case slices.Contains([]string{"http", "https"}, form[1]):
		return fmt.Errorf("%s: %[2]s:// is not the scheme of a coordinator, and Cinder's services would not start; that of "+
			"an etcd is etcd3+%[2]s://", field, form[1])
	case strings.Contains(strings.ReplaceAll(url, "$$", ""), "$"):
		return errors.New(field + ": has a dollar, which oslo.config takes for the name of an option; write $$")
	}
	return nil
}
