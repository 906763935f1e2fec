package host

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestAdviceOnLocalDisksIsSafe: Nova does not convert disks.
func TestAdviceOnLocalDisksIsSafe(t *testing.T) {
	s := newScene(t, "compute1")
	s.v.Cloud.Servers["compute1"] = []api.Server{{ID: "1", Name: "vm", ImageID: "i", HasLocalDisk: true}}
	f := s.one(s.compare(novaID), "vm-disks-local")
	assert.False(t, f.Problem)
	for _, says := range []string{
		"left local, because the next hard reboot of vm (1) would fail after the switch. ",
		"Do not resize, cold-migrate or evacuate such VMs to a compute with disks in Ceph",
		"converted with qemu-img to a raw image in pool vms (<id>_disk)",
		"cold-migrate the VM to that compute then, and confirm",
		"set `disks: ceph` for this host, and start them after the switch",
		"migrate them to a compute with local disks, and run again"} {
		assert.Contains(t, f.Message, says)
	}
	assert.NotContains(t, f.Message, "delete")
	assert.NotContains(t, f.Message, "shelve")
}

// TestAResizeElsewhere may have come from this compute, which the APIs do not tell.
func TestAResizeElsewhere(t *testing.T) {
	s := newScene(t, "compute1")
	s.v.Cloud.Moves = map[string][]step.Move{"": {{VM: api.Server{ID: "1", Name: "vm", ImageID: "i",
		Status: "VERIFY_RESIZE", HasLocalDisk: true}}}}
	d := s.compare(novaID)
	assert.Contains(t, s.one(d, "vm-resize-unconfirmed").Message,
		"a revert would not find these after the switch. Confirm or revert them, and run again")
	assert.NotContains(t, fieldsOf(d), "[libvirt] images_type", "the disks stay where they are")
	s.v.Clusters["ceph"].Images["vms"]["1_disk"] = true
	assert.Empty(t, s.compare(novaID).Findings, "its disk is in Ceph")
}

// A way is a migration of a VM with a local disk.
func way(source, dest, status string) step.Move {
	vm := api.Server{ID: "1", Name: "vm", ImageID: "i", Status: "RESIZE", HasLocalDisk: true, Host: dest}
	if status == "finished" {
		vm.Status = "VERIFY_RESIZE"
	}
	return step.Move{VM: vm, Migration: api.Migration{ID: 7, Server: "1", Source: source, Dest: dest, Type: "migration",
		Status: status}}
}

// TestMovesThatKeepAComputeAsItIs: a migration from or to the compute that has not ended.
func TestMovesThatKeepAComputeAsItIs(t *testing.T) {
	fromVolume := way("compute1", "compute9", "finished")
	fromVolume.VM.HasLocalDisk = false
	runs := way("compute1", "compute9", "running")
	runs.VM.HasLocalDisk = false
	for name, c := range map[string]struct {
		at     string
		move   step.Move
		images []string
		err    error
		code   string
		says   string
	}{
		"waits, from here": {"compute1", way("compute1", "compute9", "finished"), []string{"1_disk"}, nil,
			"vm-resize-unconfirmed", "vm (1; migration 7 from compute1 to compute9) wait for their resize"},
		"waits, to here": {"compute1", way("compute9", "compute1", "finished"), nil, nil,
			"vm-resize-unconfirmed", "openstack server resize revert ID"},
		"waits, to here, with its disk in Ceph": {"compute1", way("compute9", "compute1", "finished"), []string{"1_disk"},
			nil, "", ""},
		"waits, from a volume": {"compute1", fromVolume, nil, nil, "", ""},
		"on its way from here": {"compute1", way("compute1", "", "pre-migrating"), nil, nil,
			"vm-migration-pending", "7 from compute1, pre-migrating)"},
		"on its way to here": {"compute1", way("compute9", "compute1", "migrating"), nil, nil,
			"vm-migration-pending", "migration 7 from compute9 to compute1, migrating)"},
		"runs, with a volume": {"compute1", runs, nil, nil,
			"", ""},
		"between others": {"compute9", way("compute9", "compute8", "running"), nil, nil, "", ""},
		"nobody knows":   {"", way("", "", "running"), nil, nil, "vm-migrations-unknown", errNotTold.Error()},
		"may not be asked": {"", step.Move{VM: way("", "compute9", "finished").VM}, nil, api.ErrDenied,
			"vm-migrations-unknown", "whether this compute is one of these cannot be told: " + api.ErrDenied.Error() + ". Wait"},
		"in Ceph, nobody knows": {"", way("", "", "running"), []string{"1_disk"}, nil, "", ""},
	} {
		for _, disks := range []string{"", "ceph", "keep"} {
			s := newScene(t, "compute1", func(s *spec.Spec) { s.Hosts[1].Disks = disks })
			s.v.Cloud.Moves, s.v.Cloud.MovesErr = map[string][]step.Move{c.at: {c.move}}, c.err
			for _, image := range c.images {
				s.v.Clusters["ceph"].Images["vms"][image] = true
			}
			d := s.compare(novaID)
			_, switched := fieldsOf(d)["[libvirt] images_type"]
			assert.Equal(t, c.code == "" && disks != "keep", switched, "%s %s", name, disks)
			if c.code == "" || disks == "keep" {
				assert.Empty(t, d.Findings, name)
				continue
			}
			f := s.one(d, c.code)
			assert.True(t, f.Problem, name)
			assert.Contains(t, f.Message, c.says, name)
			assert.False(t, d.Refused)
			if disks == "" {
				s.v.Cloud.Servers["compute1"] = []api.Server{{ID: "9", Name: "stays", ImageID: "i", HasLocalDisk: true}}
				d = s.compare(novaID)
				assert.Equal(t, []string{c.code + " VM disks", "vm-disks-local VM disks"}, codes(d.Findings), name)
				assert.False(t, d.Findings[0].Problem, "the compute is not switched anyway")
				assert.NoError(t, d.Findings[0].Err)
			}
		}
	}
}

// TestMovesSinceThePlan are looked for right before the switch, also with disks: ceph.
func TestMovesSinceThePlan(t *testing.T) {
	const changed = "integrate: changed since the plan was made: "
	for _, disks := range []string{"", "ceph"} {
		s := newScene(t, "compute1", func(s *spec.Spec) { s.Hosts[1].Disks = disks })
		fromVolume := way("compute1", "compute9", "finished")
		fromVolume.VM = api.Server{ID: "2", Status: "VERIFY_RESIZE"}
		s.v.Cloud.Moves = map[string][]step.Move{"compute1": {fromVolume}}
		s.v.Clusters["ceph"].Images["vms"]["3_disk"] = true
		recheck := s.compare(novaID).Do.(step.HostStep).Servers
		require.NoError(t, recheck(nil, nil))
		for range 2 {
			require.NoError(t, recheck([]api.Server{{ID: "4", Status: "VERIFY_RESIZE"}},
				[]api.Migration{{ID: 1, Server: "2"}, {ID: 2, Server: "4"}}), "they run from volumes")
		}
		require.EqualError(t, recheck(nil, []api.Migration{{ID: 8, Server: "4", Type: "resize", Source: "compute1",
			Dest: "compute2"}}), changed+
			"resize 8 of VM 4 from compute1 to compute2 waits to be confirmed now; confirm or revert it")
		moving := []api.Server{{ID: "5", Name: "vm", Status: "MIGRATING"}}
		require.NoError(t, recheck(moving, nil), "it runs from a volume")
		moving[0].HasLocalDisk = true
		err := recheck(moving, nil)
		require.ErrorIs(t, err, step.ErrConflict)
		require.EqualError(t, err, changed+"vm (5) is being moved or rebuilt now; wait until that has ended")
	}
}
