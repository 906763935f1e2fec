package place_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestFilesBesideTheFirst may be missing, and may not be unknown: an option that nobody has read could win.
func TestFilesBesideTheFirst(t *testing.T) {
	l := place.Layouts("2023.1")[spec.LayoutDebian]["nova-compute"]
	const second, dropIn = "/etc/nova/nova-compute.conf", "/etc/nova/nova.conf.d/1.conf"
	for _, c := range []struct {
		name           string
		second, dropIn step.File
		files          int
		want           error
		text           string
	}{
		{"all are there", step.File{Data: []byte("[a]\n")}, step.File{Data: []byte("[a]\n")}, 3, nil, ""},
		{"the second is missing", step.File{Missing: true}, step.File{Data: []byte("[a]\n")}, 2, nil, ""},
		{"a drop-in went away", step.File{}, step.File{Missing: true}, 2, nil, ""},
		{"the second is denied", step.File{Err: fs.ErrPermission}, step.File{}, 0, fs.ErrPermission, "permission denied"},
		{"a drop-in is denied", step.File{}, step.File{Err: remote.ErrTooLarge}, 0, remote.ErrTooLarge, ""},
		{"a drop-in is broken", step.File{}, step.File{Data: []byte("[x\n")}, 0, nil, "parse " + dropIn + ": "},
	} {
		h := hostWith(map[string]string{l.Config[0]: "[DEFAULT]\nfirst = yes\n"})
		h.Files[second], h.Files[dropIn] = c.second, c.dropIn
		first, all, err := l.Parsed(h, place.Containers{})
		if c.files == 0 {
			require.ErrorContains(t, err, c.text, c.name)
			assert.True(t, c.want == nil || errors.Is(err, c.want), c.name)
			assert.Nil(t, first, c.name)
			assert.Nil(t, all.Files, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		assert.Len(t, all.Files, c.files, c.name)
		assert.Equal(t, "[DEFAULT]\nfirst = yes\n", string(first.Bytes()), c.name)
	}
}

// TestWhatKeptAFileFromBeingParsed stands at the beginning of the error, before the file.
func TestWhatKeptAFileFromBeingParsed(t *testing.T) {
	l := place.Layouts("2023.1")[spec.LayoutDebian]["glance-api"]
	for want, file := range map[string]step.File{"read": {Missing: true}, "parse": {Data: []byte("[x\n")}} {
		h := step.NewHost("h")
		h.Files[l.Config[0]] = file
		_, _, err := l.Parsed(h, place.Containers{})
		var at *fs.PathError
		require.ErrorAs(t, err, &at)
		assert.Equal(t, want, at.Op)
		assert.Equal(t, l.Config[0], at.Path)
	}
	assert.Zero(t, place.ContainersOn(step.NewHost("h"), nil), "no names, no answer")
}

// TestTheParsedFileIsTheCallers: it is edited, and another resource of the host starts with what was read.
func TestTheParsedFileIsTheCallers(t *testing.T) {
	l := place.Layouts("2023.1")[spec.LayoutDebian]["glance-api"]
	h := hostWith(map[string]string{l.Config[0]: "[DEFAULT]\na = 1\n"})
	first, all, err := l.Parsed(h, place.Containers{})
	require.NoError(t, err)
	assert.Same(t, first, all.Files[0], "what is edited is what is looked into")
	require.NoError(t, first.Set("DEFAULT", "a", "2"))
	again, _, err := l.Parsed(h, place.Containers{})
	require.NoError(t, err)
	assert.Equal(t, "[DEFAULT]\na = 1\n", string(again.Bytes()))
}

// TestACopyThatWasNotRead makes the configuration unknown: it could win over all that was read.
func TestACopyThatWasNotRead(t *testing.T) {
	l := place.Layouts("2023.1")[spec.LayoutKolla]["glance-api"]
	h, boxes := kollaHost(t, `{"source":"/var/lib/kolla/config_files/sub/9.conf","dest":"/etc/glance/glance.conf.d/"}`)
	h.Files[l.Config[0]] = step.File{Data: []byte("[DEFAULT]\n")}
	_, _, err := l.Parsed(h, boxes)
	require.EqualError(t, err, "look into /etc/kolla/glance-api/sub/9.conf: it is copied into the container's "+
		"configuration from a place that is not known; put it beside the service's other files")
	h.Files["/etc/kolla/glance-api/sub/9.conf"] = step.File{Data: []byte("[DEFAULT]\n")}
	_, all, err := l.Parsed(h, boxes)
	require.NoError(t, err)
	assert.Len(t, all.Files, 2)
	h, boxes = kollaHost(t, `{"source":"/opt/9.conf","dest":"/etc/glance/glance.conf.d/9.conf"}`)
	h.Files[l.Config[0]], h.Files["/opt/9.conf"] = step.File{Data: []byte("[DEFAULT]\n")}, step.File{Data: []byte("x")}
	_, _, err = l.Parsed(h, boxes)
	require.ErrorContains(t, err, "from a place that is not known", "the file is in the image, and not on the host")
}

// kollaHost is a host with a container of Glance, whose config.json has these copies.
func kollaHost(t *testing.T, copies string) (*step.Host, place.Containers) {
	t.Helper()
	h := hostWith(map[string]string{"/etc/kolla/glance-api/config.json": `{"config_files":[` + copies + `]}`})
	names := []string{"glance_api"}
	said := `{"name":"/glance_api","mounts":[{"Source":"/etc/kolla/glance-api",` +
		`"Destination":"/var/lib/kolla/config_files"}]}`
	require.NoError(t, h.Take(place.Inspect(names), []remote.Result{{Data: []byte(said)}, {Exit: 127}}))
	return h, place.ContainersOn(h, names)
}

// TestStatesOfUnitsAndTheirContainers: a unit that is active without its container is not, and any other state of a
// unit stays.
func TestStatesOfUnitsAndTheirContainers(t *testing.T) {
	l := place.Layouts("2023.1")[spec.LayoutKolla]["glance-api"]
	started, unit := time.Unix(1000, 0), time.Unix(1, 0)
	for _, c := range []struct {
		name, active string
		running      bool
		want         string
		since        time.Time
	}{
		{"both run", "active", true, "active", started},
		{"the container stopped", "active", false, "inactive", time.Time{}},
		{"the unit failed", "failed", false, "failed", started},
		{"the container runs without its unit", "inactive", true, "inactive", started},
	} {
		h := step.NewHost("h")
		h.Units[l.Unit] = remote.Unit{Name: l.Unit, Active: c.active, Since: unit}
		u := l.State(h, place.Containers{ByName: map[string]place.Container{
			"glance_api": {Running: c.running, Started: started}}})
		assert.Equal(t, remote.Unit{Name: l.Unit, Active: c.want, Since: c.since}, u, c.name)
	}
	read := map[string]string{"/etc/kolla/glance-api/config.json": remote.Absent}
	for after, want := range map[time.Duration]map[string]string{
		0: read, 5 * time.Second: read, -time.Millisecond: nil, time.Hour: nil,
	} {
		h := step.NewHost("h")
		h.Units[l.Unit] = remote.Unit{Name: l.Unit, Active: "active", Since: unit, Read: read}
		u := l.State(h, place.Containers{ByName: map[string]place.Container{
			"glance_api": {Running: true, Started: unit.Add(after)}}})
		assert.Equal(t, want, u.Read, "%s after its unit", after)
	}
	deb := place.Layouts("2023.1")[spec.LayoutDebian]["glance-api"]
	assert.Zero(t, deb.State(step.NewHost("h"), place.Containers{}), "a unit that was not asked for")
	assert.Empty(t, deb.Version(step.NewHost("h"), place.Containers{}), "a package that is not there")
}
