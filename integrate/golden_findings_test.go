package integrate_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
)

// spoil makes something wrong in a world.
type spoil func(t *testing.T, w *integratetest.World)

// goldenFindings are worlds with something wrong, most of them with one thing.
func goldenFindings() []goldenCase {
	var all []goldenCase
	for _, part := range []struct {
		prefix string
		spec   []string
		cases  map[string]spoil
	}{
		{"cluster", []string{goldenExample}, clusterFaults()},
		{"erasure", []string{goldenExample, goldenErasure}, erasureFaults()},
		{"host", []string{goldenExample}, hostFaults()},
		{"file", []string{goldenExample}, fileFaults()},
		{"file", []string{goldenExample}, inUseFaults()},
		{"entry", []string{goldenExample, goldenBare}, entryFaults()},
		{"prepared", []string{goldenExample, goldenPrepared}, preparedFaults()},
		{"kolla", []string{goldenExample, goldenKolla}, kollaFaults()},
		{"cloud", []string{goldenExample}, cloudFaults()},
	} {
		for _, name := range slices.Sorted(maps.Keys(part.cases)) {
			all = append(all, goldenCase{name: part.prefix + "-" + name, spec: part.spec,
				steps: []goldenStep{{world: part.cases[name]}}})
		}
	}
	return slices.Concat(all, specFindings(), controllerFindings(), laterFindings())
}

func clusterFaults() map[string]spoil {
	return map[string]spoil{
		"unreachable": func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
		},
		"denied": func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].Fail = func(cephtest.Op) error { return ceph.ErrDenied }
		},
		"writes-denied": func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
				if op.Name == "osd pool create" && op.Object != "cephstack" {
					return ceph.ErrDenied
				}
				return nil
			}
		},
		"noted": func(_ *testing.T, w *integratetest.World) {
			c := w.Clusters["ceph"]
			c.Note = "is reached another way"
			w.Clusters["ceph"] = c
		},
		"without-osds": func(_ *testing.T, w *integratetest.World) { w.Ceph["ceph"].OSDsUp = 0 },
		"sick": func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].Health, w.Ceph["ceph"].Checks, w.Ceph["ceph"].Muted = "HEALTH_ERR",
				[]string{"OSD_DOWN", "PG_DAMAGED"}, []string{"OSD_DOWN"}
		},
		"pool-of-cephfs": func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Ceph["ceph"].AddPool(ceph.Pool{Name: "volumes", Application: "cephfs"}))
		},
		"pool-without-application": func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Ceph["ceph"].AddPool(ceph.Pool{Name: "volumes"}))
		},
		"foreign-rights": func(t *testing.T, w *integratetest.World) {
			caps, err := ceph.ParseCaps(map[string]string{"mon": "allow r",
				"osd": "allow class-read object_prefix rbd_children, allow rwx pool=volumes, allow r pool=operator-data"})
			require.NoError(t, err)
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder", Key: fixedKey(t), Caps: caps})
		},
		"administrator": func(t *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: fixedKey(t),
				Caps: ceph.Caps{"mon": "allow *", "osd": "allow *"}})
		},
		"new-key-type": func(t *testing.T, w *integratetest.World) {
			key, err := ceph.ParseKey(newKey)
			require.NoError(t, err)
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: key, Caps: ceph.Caps{"mon": "profile rbd"}})
			w.Machines["controller"].AddPackage("ceph-common", "16.2.15+ds-0+deb12u1", true)
		},
		"before-nautilus": func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].Release, w.Ceph["ceph"].Version = "luminous", "12.2.13"
		},
		"before-luminous": func(t *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].Release, w.Ceph["ceph"].Version = "jewel", "10.2.11"
			for _, name := range []string{"volumes", "vms", "backups"} {
				require.NoError(t, ceph.New(w.Ceph["ceph"]).CreatePool(t.Context(), ceph.Pool{Name: name, PGNum: 8}))
			}
		},
	}
}

func erasureFaults() map[string]spoil {
	addPool := func(p ceph.Pool) spoil {
		return func(t *testing.T, w *integratetest.World) { require.NoError(t, w.Ceph["ceph"].AddPool(p)) }
	}
	osds := func(all map[string][]string) spoil {
		return func(_ *testing.T, w *integratetest.World) { w.Ceph["ceph"].OSDs = all }
	}
	return map[string]spoil{
		"pool-is-replicated":      addPool(ceph.Pool{Name: "volumes-data", Application: "rbd"}),
		"pool-of-another-profile": addPool(ceph.Pool{Name: "volumes-data", Application: "rbd", ErasureProfile: "default"}),
		"pool-for-headers":        addPool(ceph.Pool{Name: "volumes", Application: "rbd", ErasureProfile: "default"}),
		"pool-without-size":       addPool(ceph.Pool{Name: "backups-data", Application: "rbd", ErasureProfile: "default"}),
		"another-profile": func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].AddErasureProfile(ceph.ErasureProfile{Name: "k4m2", K: 4, M: 2, FailureDomain: "host",
				DeviceClass: "hdd"})
		},
		"one-osd-too-few":        osds(hosts("hdd", 3, 2)),
		"too-few-osds":           osds(hosts("hdd", 2, 2)),
		"osds-of-another-class":  osds(hosts("ssd", 3, 3, 3)),
		"profile-cannot-be-made": erasureProfileFails,
	}
}

func erasureProfileFails(_ *testing.T, w *integratetest.World) {
	w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
		if op.Name == "osd erasure-code-profile set" {
			return ceph.ErrInvalid
		}
		return nil
	}
}

// failing makes operations on a host fail that match.
func failing(host string, err error, match func(remote.Op) bool) spoil {
	return func(_ *testing.T, w *integratetest.World) {
		w.Machines[host].Fail = func(_ context.Context, op remote.Op) error {
			if match(op) {
				return err
			}
			return nil
		}
	}
}

// errBroken is an error that nobody has advice for.
var errBroken = errors.New("I/O error")

func every(remote.Op) bool { return true }

// reading matches operations that read a file.
func reading(path string) func(remote.Op) bool {
	return func(op remote.Op) bool {
		switch o := op.(type) {
		case remote.ReadFile:
			return o.Path == path
		case remote.ReadDir:
			return o.Path == path
		case remote.Stat:
			return o.Path == path
		}
		return false
	}
}

// writing matches operations that write a file.
func writing(path string) func(remote.Op) bool {
	return func(op remote.Op) bool {
		o, ok := op.(remote.WriteFile)
		return ok && o.Path == path
	}
}

func hostFaults() map[string]spoil {
	host := func(step string, err error) error { return &remote.HostError{Host: "compute1", Step: step, Err: err} }
	return map[string]spoil{
		"unreachable":   failing("compute1", host("connect", remote.ErrUnreachable), every),
		"sudo-refused":  failing("compute1", host("sudo", remote.ErrSudo), every),
		"login-refused": failing("compute1", host("authenticate", remote.ErrAuth), every),
		"hangs":         failing("compute1", host("exchange", remote.ErrTimeout), every),
		"controller-is-gone": failing("controller",
			&remote.HostError{Host: "controller", Step: "connect", Err: remote.ErrUnreachable}, every),
		"disk-full": failing("controller", syscall.ENOSPC, writing("/etc/ceph/ceph.client.glance.keyring")),
		"lost-on-the-way": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute2"].FailAfter = func(_ context.Context, op remote.Op) error {
				if writing("/etc/nova/nova.conf")(op) {
					return &remote.HostError{Host: "compute2", Step: "exchange", Err: remote.ErrUnreachable}
				}
				return nil
			}
		},
		"unit-is-gone":   withoutUnit("compute1", "nova-compute.service"),
		"unit-is-masked": func(_ *testing.T, w *integratetest.World) { w.Hosts["compute1"] = masking{w.Hosts["compute1"]} },
		"unit-fails": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].BreakUnit("nova-compute.service", "it said why")
		},
		"libvirt-is-down": func(_ *testing.T, w *integratetest.World) {
			w.Libvirt["compute1"].Fail = func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
		},
		"libvirt-refuses": func(_ *testing.T, w *integratetest.World) {
			w.Libvirt["compute1"].Fail = func(c secrettest.Call) error {
				if c.Op == "define" {
					return libvirtsecret.ErrUnreachable
				}
				return nil
			}
		},
		"secret-of-the-same-usage": func(t *testing.T, w *integratetest.World) {
			putSecret(t, w, "11111111-2222-4333-8444-555555555555", "client.cinder")
		},
		"secret-of-another-usage": func(t *testing.T, w *integratetest.World) {
			putSecret(t, w, libvirtsecret.DeriveUUID(w.Ceph["ceph"].FSID, "client.cinder"), "client.other")
		},
		"another-release": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].AddPackage("nova-compute", "2:31.0.0-6", true)
			w.Machines["compute2"].AddPackage("nova-compute", "9999", true)
			w.Machines["controller"].AddPackage("cinder-volume", "1:26.0.0-1.el9s", true)
		},
		"no-package-tells-the-release": func(_ *testing.T, w *integratetest.World) {
			w.Machines["compute1"].RemovePackage("nova-compute")
			w.Machines["controller"].RemovePackage("glance-api")
		},
		"packages-cannot-be-installed": withoutPackage("compute1", "python3-rbd"),
	}
}

// putSecret puts the secret of a user on a compute.
func putSecret(t *testing.T, w *integratetest.World, uuid, entity string) {
	t.Helper()
	value, err := libvirtsecret.ParseValue(fixedKey(t).Reveal())
	require.NoError(t, err)
	w.Libvirt["compute1"].Put(libvirtsecret.Secret{UUID: uuid,
		UsageID: libvirtsecret.UsageID(w.Ceph["ceph"].FSID, entity), Value: value})
}

func withoutUnit(host, unit string) spoil {
	return func(_ *testing.T, w *integratetest.World) { w.Machines[host].RemoveUnit(unit) }
}

func withoutPackage(host, name string) spoil {
	return func(_ *testing.T, w *integratetest.World) { w.Machines[host].RemovePackage(name) }
}

func withoutFolder(host, path string) spoil {
	return func(_ *testing.T, w *integratetest.World) { w.Machines[host].RemoveDir(path) }
}

func withoutContainer(host, name string) spoil {
	return func(_ *testing.T, w *integratetest.World) { delete(w.Containers[host], name) }
}

// masking is a host whose units are all masked.
type masking struct{ remote.Host }

// Do implements remote.Host.
func (m masking) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	results, err := m.Host.Do(ctx, ops...)
	for i, op := range ops {
		if _, ok := op.(remote.UnitState); ok && i < len(results) {
			results[i].Unit.Load = "masked"
		}
	}
	return results, err
}

// TestGoldenFindings records what is said about worlds with something wrong.
func TestGoldenFindings(t *testing.T) {
	var names []string
	dir := filepath.Join(goldenDir, "findings")
	for i, c := range append(goldenFindings(), goldenConflicts()...) {
		file := c.name + ".txt"
		require.NotContains(t, names, file)
		if names = append(names, file); i%oneIn(4) != 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			r := newGoldenRun(t, c.spec)
			r.brief(file, c.steps)
			r.compare(dir)
		})
	}
	sameFiles(t, dir, names)
}
