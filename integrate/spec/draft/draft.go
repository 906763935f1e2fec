// Package draft writes the first Spec of a cloud: a text with comments that loads, of a few answers.
//
// # Use
//
// To write a first Spec from what somebody answered: see the Example.
//
// Text makes the text of Answers. What the answers leave out has the defaults of a Spec, and the text
// shows further fields as comments.
//
// # Errors
//
// Answers of which no valid Spec can be made are an error, which says what is wrong with the Spec.
//
// # Concurrency and cancellation
//
// The package keeps nothing, and reaches nothing outside.
//
// # Testing
//
// The package has no seam: call Text, and read the text with spec.Load.
package draft

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// Answers say what a cloud is made of.
type Answers struct {
	Release  string         // such as zed; when empty, the hosts tell it
	Layout   string         // such as kolla; debian when empty
	Clusters []spec.Cluster // the Name, Host and Access of each; at least one
	// Services are the hosts and the pool of each service that is to keep its data in Ceph.
	Services map[string]Service
	// Addresses are addresses of hosts. A host without an address is reached by its name.
	Addresses []Address
	SSH       spec.SSH // its User, KeyFiles, KnownHosts, Sudo and Jump
	// Cloud is the entry of clouds.yaml; when empty, the cloud that OpenStack's own clients take.
	// NoAPIs leaves the APIs alone.
	Cloud  string
	NoAPIs bool
}

// A Service is where a service of OpenStack runs, and which pool it has.
type Service struct {
	Hosts []string // names and ranges, such as compute[001-400]
	Pool  string   // the usual pool when empty
}

// An Address is where hosts are reached: an address for a range of hosts has a range, too.
type Address struct{ Hosts, Address string }

// Text is a Spec in YAML, with comments. It loads.
func (a Answers) Text() (string, error) {
	if len(a.Clusters) == 0 {
		return "", errors.New("draft: no Ceph cluster is named")
	}
	entries, err := a.hosts()
	if err != nil {
		return "", err
	}
	text := a.write(entries)
	if _, err := spec.Load(strings.NewReader(text), "."); err != nil {
		return "", fmt.Errorf("draft: the answers do not make a Spec: %w", err)
	}
	return text, nil
}

// An entry is an entry of hosts.
type entry struct {
	name, address string
	services      []string
	first         string // the first host of the name
}

// hosts are the entries of all hosts: first those of the clusters, then those of the services.
func (a Answers) hosts() ([]entry, error) {
	var order []string
	on := map[string][]string{}
	var faults []error
	add := func(names []string, service string) {
		for _, text := range names {
			all, err := spec.ExpandNames(text)
			if err != nil {
				faults = append(faults, fmt.Errorf("draft: hosts %q %w", text, err))
			}
			for _, name := range all {
				if _, known := on[name]; !known {
					order, on[name] = append(order, name), nil
				}
				if service != "" && !slices.Contains(on[name], service) {
					on[name] = append(on[name], service)
				}
			}
		}
	}
	for _, c := range a.Clusters {
		if c.Host != "" {
			add([]string{c.Host}, "")
		}
	}
	for service := range a.Services {
		if !slices.Contains(spec.ServiceNames(), service) {
			faults = append(faults, fmt.Errorf("draft: %q is not a service; the services are %s", service,
				strings.Join(spec.ServiceNames(), ", ")))
		}
	}
	for _, service := range spec.ServiceNames() {
		add(a.Services[service].Hosts, service)
	}
	entries, rest, err := a.addressed(order, on)
	entries = append(entries, folded(rest, on)...)
	place := map[string]int{}
	for i, name := range order {
		place[name] = i
	}
	slices.SortStableFunc(entries, func(x, y entry) int { return place[x.first] - place[y.first] })
	return entries, errors.Join(append(faults, err)...)
}

// addressed are the entries of hosts that have an address, and the names of the other hosts.
func (a Answers) addressed(order []string, on map[string][]string) (entries []entry, rest []string, err error) {
	var faults []error
	taken := map[string]bool{}
	for _, address := range a.Addresses {
		names, err := spec.ExpandNames(address.Hosts)
		if err != nil {
			faults = append(faults, fmt.Errorf("draft: the address of %q %w", address.Hosts, err))
			continue
		}
		for _, name := range names {
			switch {
			case !slices.Contains(order, name):
				faults = append(faults, fmt.Errorf("draft: the address of %s: no service and no cluster is on host %s",
					address.Hosts, name))
			case taken[name]:
				faults = append(faults, fmt.Errorf("draft: host %s has two addresses", name))
			case !slices.Equal(on[name], on[names[0]]):
				faults = append(faults, fmt.Errorf("draft: the address of %s is for hosts with different services; "+
					"give %s an address of its own", address.Hosts, name))
			}
			taken[name] = true
		}
		entries = append(entries, entry{address.Hosts, address.Address, on[names[0]], names[0]})
	}
	for _, name := range order {
		if !taken[name] {
			rest = append(rest, name)
		}
	}
	return entries, rest, errors.Join(faults...)
}

// folded are the entries of hosts that have no address: one for each range of hosts with the same services.
func folded(names []string, on map[string][]string) []entry {
	var kinds []string
	of := map[string][]string{}
	for _, name := range names {
		kind := strings.Join(on[name], ",")
		if of[kind] == nil {
			kinds = append(kinds, kind)
		}
		of[kind] = append(of[kind], name)
	}
	var entries []entry
	for _, kind := range kinds {
		for _, name := range spec.FoldNames(of[kind]) {
			all, _ := spec.ExpandNames(name) // FoldNames made it
			entries = append(entries, entry{name: name, services: on[of[kind][0]], first: all[0]})
		}
	}
	return entries
}
