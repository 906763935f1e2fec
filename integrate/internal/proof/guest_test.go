package proof

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// addGuests adds a VM on each of some computes, whose consoles have these texts.
func (j *travel) addGuests(cfg openstacktest.Config, consoles ...string) {
	j.t.Helper()
	text := map[string]string{}
	cfg.Hooks.Console = func(id string) string { return text[id] }
	s := j.dial(cfg)
	for k, console := range consoles {
		on := j.guestName(k)
		id := s.AddServer(api.Server{Name: on, Host: on})
		text[id] = console
		j.guests = append(j.guests, guest{on, api.Server{ID: id, Host: on}})
	}
}

// TestSerialsOfDisks: virtio shows 20 characters of the ID of a volume.
func TestSerialsOfDisks(t *testing.T) {
	assert.Equal(t, "01234567-89ab-cdef-0", serialOf("01234567-89ab-cdef-0123-456789abcdef"))
	assert.Equal(t, "short", serialOf("short"))
	assert.Empty(t, serialOf(""))
}

// TestBeatsOfAGuest: the newest counts, and what is cut off does not.
func TestBeatsOfAGuest(t *testing.T) {
	for console, want := range map[string]float64{"": 0, "CEPHSTACK beat 7": 7,
		"CEPHSTACK beat 9.25\nCEPHSTACK beat 3.5\n": 3.5, "CEPHSTACK beat x\n": 0,
		"[1.0] CEPHSTACK beat 4.5 noise": 4.5, "CEPHSTACK beat 1\nCEPHSTACK beat ": 1} {
		assert.Equal(t, want, lastBeat(console), "%q", console)
	}
}

// TestTheEndOfAConsole is a line of at most so many characters.
func TestTheEndOfAConsole(t *testing.T) {
	assert.Equal(t, "a b", tail(" a\n\n b\n", 300))
	assert.Equal(t, "cde", tail("abcde", 3))
	assert.Equal(t, "abc", tail("abc", 3))
}

// TestAnswersOfGuests: the rest of the newest line, whatever stands before it on the console.
func TestAnswersOfGuests(t *testing.T) {
	for _, c := range []struct{ console, want, answer string }{
		{"boot\nCEPHSTACK ready\n", "ready", ""},
		{"CEPHSTACK read s1 sum ticks=3\r\n", "read s1", "sum ticks=3"},
		{"[ 1.2] CEPHSTACK tick s1 4\nCEPHSTACK tick s1 5\nCEPHSTACK tick s2 9\n", "tick s1", "5"},
		{"CEPHSTACK write s1 mkfs-failed\nCEPHSTACK beat 3\n", "write s1", "mkfs-failed"},
	} {
		j := newTravel(t, nil)
		j.addGuests(openstacktest.Config{}, c.console)
		got, err := j.answer(t.Context(), j.guests[0].server.ID, c.want)
		require.NoError(t, err, c.console)
		assert.Equal(t, c.answer, got, c.console)
	}
}

// TestGuestsThatSayNothing: the error has what was waited for, how long, and the end of the console.
func TestGuestsThatSayNothing(t *testing.T) {
	t.Parallel()
	for _, console := range []string{"GRUB\nloading", "CEPHSTACK write s2 sum", "CEPHSTACK write s1 \n",
		"CEPHSTACK ready"} {
		t.Run(console, func(t *testing.T) {
			t.Parallel()
			j := newTravel(t, nil)
			j.Options.GuestWait = time.Second
			j.addGuests(openstacktest.Config{}, console)
			id := j.guests[0].server.ID
			_, err := j.answer(t.Context(), id, "write s1")
			require.EqualError(t, err, "guest "+id+` did not say "write s1" within 1s; its console ends: `+
				strings.Join(strings.Fields(console), " "))
		})
	}
	j := newTravel(t, nil)
	j.Options.GuestWait = time.Second
	j.addGuests(openstacktest.Config{})
	_, err := j.answer(t.Context(), "nobody", "ready")
	require.ErrorIs(t, err, api.ErrNotFound)
	require.ErrorContains(t, err, `its console ends:  (last error: `)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	j.Options.GuestWait = time.Hour
	_, err = j.answer(ctx, "nobody", "ready")
	require.Error(t, err, "an interrupted journey does not wait")
}

// TestALookThatTheTimeCutsShort tells nothing: the error has what the guest said before.
func TestALookThatTheTimeCutsShort(t *testing.T) {
	t.Parallel()
	j := newTravel(t, nil)
	j.Options.GuestWait = time.Second
	looks := 0
	j.addGuests(openstacktest.Config{Fail: func(r *http.Request) (status int, body string, ok bool) {
		if strings.HasSuffix(r.URL.Path, "/action") {
			if looks++; looks > 1 {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
				return 0, "", true
			}
		}
		return 0, "", false
	}}, "Kernel panic")
	_, err := j.answer(t.Context(), j.guests[0].server.ID, "ready")
	require.EqualError(t, err, "guest "+j.guests[0].server.ID+
		` did not say "ready" within 1s; its console ends: Kernel panic`)
	_, err = j.answer(t.Context(), j.guests[0].server.ID, "ready")
	require.ErrorContains(t, err, "its console ends:  (last error: ", "no look came to its end")
}

// TestTicksOfTheSecondGuest: the highest line, of its own volume, that is a number.
func TestTicksOfTheSecondGuest(t *testing.T) {
	t.Parallel()
	const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	j := newTravel(t, nil)
	j.data.ID, j.Options.GuestWait = "v", time.Second
	j.addGuests(openstacktest.Config{}, "CEPHSTACK tick v 99", "CEPHSTACK tick v "+digest+" ticks=0\nCEPHSTACK tick v 3\n"+
		"CEPHSTACK tick v 7\r\nCEPHSTACK tick v 6\nCEPHSTACK tick w 50\n")
	for _, n := range []int{1, 7} {
		have, err := j.ticks(t.Context(), n)
		require.NoError(t, err)
		assert.Equal(t, 7, have)
	}
	_, err := j.ticks(t.Context(), 8)
	require.ErrorContains(t, err, `did not say "tick 8" within 1s`)
}

// TestGuestsThatAreUp: on their compute, with a word on the console, and with their disk where the Spec wants it.
func TestGuestsThatAreUp(t *testing.T) {
	const ready = "CEPHSTACK ready\n"
	nova := "/etc/nova/nova.conf"
	for _, c := range []struct {
		name, want string
		edit       func(*spec.Spec)
		prepare    func(*travel)
		unable     bool
	}{
		{"in Ceph", "guest is up; vms/ID_disk is a child of images/i@snap", nil, func(j *travel) {
			j.put(ceph.Image{Pool: "images", Name: "i"}, "snap")
			require.NoError(j.t, j.ceph.Clone(*j.diskParent(), "vms", j.guests[0].server.ID+"_disk"))
		}, false},
		{"elsewhere", "landed on compute2", nil, func(j *travel) { j.guests[0].server.Host = "compute2" }, false},
		{"without nova", "guest is up; its disk is local, as the Spec has no nova",
			func(s *spec.Spec) { s.Nova = nil }, func(*travel) {}, false},
		{"of Havana", "cannot be checked: guest is up; Havana names VM disks by their instance, and that name is " +
			"not looked up", func(s *spec.Spec) { s.Release = "havana" }, func(*travel) {}, true},
		{"local on purpose", "cannot be checked: guest is up, but this compute keeps VM disks local: " +
			"VMs made before are on it, or nova.conf is not applied yet; the plan says which", nil, func(j *travel) {
			j.Hosts["compute1"].Files[nova] = step.File{Data: []byte("[libvirt]\nimages_type = default\n")}
			j.Hosts["compute1"].Files["/etc/nova/nova-compute.conf"] = step.File{Missing: true}
		}, true},
	} {
		j := newTravel(t, c.edit)
		j.image.ID = "i"
		j.addGuests(openstacktest.Config{}, ready)
		c.prepare(j)
		text, err := j.guestUp(t.Context(), j.guests[0])
		if err != nil {
			text = err.Error()
		}
		assert.Equal(t, strings.Replace(c.want, "ID", j.guests[0].server.ID, 1), text, c.name)
		assert.Equal(t, c.unable, strings.HasPrefix(text, errUnable.Error()), c.name)
	}
	j := newTravel(t, nil)
	j.addGuests(openstacktest.Config{}, ready)
	_, err := j.guestUp(t.Context(), j.guests[0])
	require.ErrorIs(t, err, ceph.ErrNotFound, "the disk is missing, and the compute was not read")
}

// TestComputesThatKeepTheirDisks: those whose nova.conf does not say rbd; one that was not read is not of them.
func TestComputesThatKeepTheirDisks(t *testing.T) {
	for _, c := range []struct {
		conf string
		want bool
	}{
		{"[libvirt]\nimages_type = rbd\n", false}, {"[libvirt]\nimages_type = qcow2\n", true}, {"[libvirt]\n", true},
		{"[DEFAULT]\nlibvirt_images_type = rbd\n", true},
	} {
		j := newTravel(t, nil)
		for _, at := range j.Site.Service(j.Site.Host("compute1"), "nova-compute").Config {
			j.Hosts["compute1"].Files[at] = step.File{Data: []byte("[DEFAULT]\n")}
		}
		j.Hosts["compute1"].Files["/etc/nova/nova.conf"] = step.File{Data: []byte(c.conf)}
		assert.Equal(t, c.want, j.keepsDisks("compute1"), c.conf)
		assert.False(t, j.keepsDisks("compute2"), "its files were not read")
	}
}
