package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
)

// An ErasureProfile says how an erasure-coded pool keeps an object: as K chunks
// of data and M of code, each in another failure domain. A pool keeps the profile
// that it was made with.
type ErasureProfile struct {
	Name          string
	K, M          int
	FailureDomain string // a type of CRUSH bucket; host when empty
	DeviceClass   string // such as ssd; any when empty

	root string // found: of the CRUSH tree, where it is not the default one
}

// defaultRoot is where a pool's OSDs are found unless its profile says otherwise.
const defaultRoot = "default"

// ErasureProfile reads one profile, or ErrNotFound.
//
// Similar To: ceph osd erasure-code-profile get <name>
func (c *Cluster) ErasureProfile(ctx context.Context, name string) (ErasureProfile, error) {
	var found map[string]string
	if err := c.query(ctx, read("osd erasure-code-profile get", fields{"name": name}), &found); err != nil {
		return ErasureProfile{}, err
	}
	p := ErasureProfile{Name: name, FailureDomain: cmp.Or(found["crush-failure-domain"], "host"),
		DeviceClass: found["crush-device-class"]}
	if root := found["crush-root"]; root != defaultRoot {
		p.root = root
	}
	for field, into := range map[string]*int{"k": &p.K, "m": &p.M} {
		n, err := strconv.Atoi(found[field])
		if err != nil {
			return p, fmt.Errorf("ceph osd erasure-code-profile get %s: %s is %q, which is not a number",
				name, field, found[field])
		}
		*into = n
	}
	return p, nil
}

// CreateErasureProfile makes a profile. It is safe to repeat. A profile of that
// name with other values is ErrExists, and stays.
//
// Similar To: ceph osd erasure-code-profile set <name> k=… m=…
func (c *Cluster) CreateErasureProfile(ctx context.Context, p ErasureProfile) error {
	list := []string{"k=" + strconv.Itoa(p.K), "m=" + strconv.Itoa(p.M), "crush-failure-domain=" +
		cmp.Or(p.FailureDomain, "host")}
	if p.DeviceClass != "" {
		list = append(list, "crush-device-class="+p.DeviceClass)
	}
	_, err := c.run(ctx, write("osd erasure-code-profile set", fields{"name": p.Name, "profile": list}))
	var refused *CommandError
	if errors.As(err, &refused) && refused.Code == eperm {
		// EPERM means another profile of that name, or a caller without the right.
		if _, getErr := c.ErasureProfile(ctx, p.Name); getErr == nil {
			return &CommandError{Op: refused.Op, Object: p.Name, Code: eexist, Status: refused.Status}
		}
	}
	return err
}
