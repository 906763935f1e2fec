package place

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
)

// said is what an engine prints of a container with this environment: it executes the format as the engines do.
func said(t *testing.T, image string, env ...string) string {
	t.Helper()
	format, err := template.New("").Funcs(template.FuncMap{"json": func(v any) (string, error) {
		b, err := json.Marshal(v)
		return string(b), err
	}}).Parse(inspectFormat)
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, format.Execute(&out, map[string]any{"Name": "/glance_api",
		"State": map[string]any{"Running": true, "StartedAt": "2026-01-02T03:04:05Z", "Pid": 1},
		"Config": map[string]any{"Image": image, "Env": env,
			"Labels": map[string]string{"kolla_version": "16.1.0", "name": "glance-api"}},
		"Mounts": []map[string]any{{"Source": "/etc/kolla/glance-api/", "Destination": kollaInside + "/", "RW": false}}}))
	return out.String()
}

// TestWhatEnginesAreAskedFor: of the environment nothing but the strategy of copies, so that no password travels.
func TestWhatEnginesAreAskedFor(t *testing.T) {
	for _, c := range []struct {
		name   string
		env    []string
		always bool
	}{
		{"no environment", nil, false},
		{"always", []string{"OS_PASSWORD=hunter2", "KOLLA_CONFIG_STRATEGY=COPY_ALWAYS", "PATH=/bin"}, true},
		{"once", []string{"KOLLA_CONFIG_STRATEGY=COPY_ONCE", "KOLLA_SERVICE_NAME=hunter2"}, false},
		{"a name that only looks like it", []string{"MY_KOLLA_CONFIG_STRATEGY=COPY_ALWAYS"}, false},
	} {
		text := said(t, "quay.io/kolla/glance-api:2023.1", c.env...)
		assert.NotContains(t, text, "hunter2", c.name)
		found, err := parseContainers("docker", remote.Result{Data: []byte(text)})
		require.NoError(t, err, c.name)
		box := found["glance_api"]
		assert.Equal(t, c.always, box.Always, c.name)
		assert.True(t, box.Running, c.name)
		assert.Equal(t, "16.1.0", box.Version, c.name)
		assert.Equal(t, "/etc/kolla/glance-api", box.Folder, c.name)
		assert.Equal(t, 2026, box.Started.Year(), c.name)
	}
	ops := Inspect([]string{"a", "b"})
	require.Len(t, ops, 2)
	for i, engine := range []string{"docker", "podman"} {
		assert.Equal(t, []string{engine, "inspect", "--type", "container", "--format", inspectFormat, "a", "b"},
			ops[i].(remote.Run).Argv)
	}
}

// TestVersionsOfImages: an image without a label has a version in its tag, which comes behind the port of a registry.
func TestVersionsOfImages(t *testing.T) {
	for image, want := range map[string]string{
		"quay.io/openstack.kolla/nova-compute:2025.1-ubuntu-noble": "2025.1-ubuntu-noble",
		"registry:5000/kolla/nova-compute:20.1.0":                  "20.1.0",
		"registry:5000/kolla/nova-compute":                         "",
		"nova-compute":                                             "",
	} {
		data, err := json.Marshal(map[string]any{"name": "x", "image": image, "version": nil})
		require.NoError(t, err)
		found, err := parseContainers("podman", remote.Result{Data: data})
		require.NoError(t, err)
		assert.Equal(t, want, found["x"].Version, image)
	}
}

// TestAnswersThatAreNotWhole keep the containers before the fault, and say what is wrong.
func TestAnswersThatAreNotWhole(t *testing.T) {
	const one = `{"name":"/a","running":true}` + "\n"
	for _, c := range []struct {
		name, text string
		result     remote.Result
	}{
		{"cut short", "docker: not what it says of containers: unexpected EOF",
			remote.Result{Data: []byte(one + `{"name":`)}},
		{"no answer", "docker: no answer", remote.Result{Data: []byte(one), Err: errors.New("no answer")}},
		{"a failure", "docker: last", remote.Result{Data: []byte(one), Exit: 1, Stderr: []byte("first\nlast\n")}},
		{"an error counts before a failure", "docker: no answer", remote.Result{Data: []byte(one),
			Err: errors.New("no answer"), Exit: 1, Stderr: []byte("last")}},
	} {
		h := step.NewHost("h")
		require.NoError(t, h.Take(Inspect([]string{"a"}), []remote.Result{c.result, {}}))
		boxes := ContainersOn(h, []string{"a"})
		assert.Equal(t, []string{c.text}, boxes.Engines, c.name)
		assert.True(t, boxes.ByName["a"].Running, c.name)
		assert.Equal(t, "docker", boxes.ByName["a"].Engine, c.name)
	}
}

// TestTheFirstEngineThatHasAContainer tells of it, and each list of names is worked out for itself.
func TestTheFirstEngineThatHasAContainer(t *testing.T) {
	h := step.NewHost("h")
	names, more := []string{"a"}, []string{"a", "b"}
	answer := func(name string) remote.Result { return remote.Result{Data: []byte(`{"name":"` + name + `"}`)} }
	require.NoError(t, h.Take(Inspect(names), []remote.Result{answer("/a"), answer("a")}))
	require.NoError(t, h.Take(Inspect(more), []remote.Result{answer("/a"), answer("b")}))
	boxes := ContainersOn(h, names)
	assert.Equal(t, "docker", boxes.ByName["a"].Engine)
	assert.Len(t, boxes.ByName, 1)
	assert.Empty(t, boxes.Engines)
	assert.Equal(t, "podman", ContainersOn(h, more).ByName["b"].Engine)
	assert.Zero(t, ContainersOn(h, more).ByName["c"], "no engine has the container")
}

// TestWhatConfigJSONTells: what is not known is an error, and not an empty list of copies.
func TestWhatConfigJSONTells(t *testing.T) {
	copies, err := parseCopies(step.File{Data: []byte(`{"command":"x","config_files":[{"source":"s","dest":"d",` +
		`"owner":"glance","perm":"0600"}]}`)})
	require.NoError(t, err)
	assert.Equal(t, []fileCopy{{Source: "s", Dest: "d"}}, copies)
	copies, err = parseCopies(step.File{Data: []byte(`{}`)})
	require.NoError(t, err)
	assert.Empty(t, copies, "nothing is copied")
	_, err = parseCopies(step.File{Missing: true})
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = parseCopies(step.File{Err: fs.ErrPermission, Data: []byte(`{}`)})
	require.ErrorIs(t, err, fs.ErrPermission)
	_, err = parseCopies(step.File{Data: []byte(`{"config_files":1}`)})
	require.Regexp(t, "^cannot be parsed: json: ", err.Error())
	h := step.NewHost("h")
	h.Files["/etc/kolla/a/config.json"] = step.File{Err: fs.ErrPermission}
	require.NoError(t, h.Take(Inspect([]string{"a"}), []remote.Result{{Data: []byte(`{"name":"a","mounts":[` +
		`{"source":"/else","destination":"/var/lib/kolla"},{"source":"/etc/kolla/a","destination":"` + kollaInside + `"}]}`)},
		{}}))
	box := ContainersOn(h, []string{"a"}).ByName["a"]
	require.ErrorIs(t, box.Err, fs.ErrPermission)
	assert.Equal(t, "/etc/kolla/a", box.Folder, "another mount is another folder")
}

// TestDropInsOfContainers: the folders in their order, in each folder by name in the container, and only what the
// service reads there.
func TestDropInsOfContainers(t *testing.T) {
	in := func(source string) string { return kollaInside + "/" + source }
	c := Container{Folder: "/etc/kolla/s", copies: []fileCopy{{in("z"), "/etc/x/1.conf"}, {in("a"), "/etc/x/2.conf"},
		{in("b.conf"), "/etc/y/./0.conf"}, {in("deep.conf"), "/etc/x/sub/3.conf"}, {in("note.txt"), "/etc/x/"},
		{in("c.confx"), "/etc/x/"}, {in("own/"), "/etc/y"}}}
	assert.Equal(t, []string{"/etc/kolla/s/own", "/etc/kolla/s/b.conf", "/etc/kolla/s/z", "/etc/kolla/s/a"},
		c.into([]string{"/etc/y", "/etc/x"}))
	assert.Len(t, c.copies, 7, "the container keeps its list")
	assert.Equal(t, in("z"), c.copies[0].Source)
	assert.Empty(t, c.into(nil))
	from, ok := c.From("/etc/y/own.conf")
	assert.True(t, ok)
	assert.Equal(t, "/etc/kolla/s/own/own.conf", from, "the last copy counts")
	from, ok = c.From("/etc/y/0.conf")
	assert.True(t, ok)
	assert.Equal(t, "/etc/kolla/s/own/0.conf", from)
	from, ok = Container{Folder: "/f", copies: []fileCopy{{in("u.conf"), "/etc//u/./u.conf"}}}.From("/etc/u/u.conf")
	assert.True(t, ok)
	assert.Equal(t, "/f/u.conf", from, "however the path is written")
	_, ok = Container{}.From("/etc/y")
	assert.False(t, ok)
}

// TestPackagesOfAnyRelease: exactly one way to the Python bindings of librbd, and none in Kolla's images.
func TestPackagesOfAnyRelease(t *testing.T) {
	for _, r := range strings.Fields("icehouse juno kilo liberty mitaka newton ocata pike queens rocky stein train " +
		"ussuri victoria wallaby xena yoga zed 2023.1 2023.2 2024.1 2024.2 2025.1 2025.2 2026.1 2026.2") {
		for layout, services := range Layouts(openstack.Release(r)) {
			for name, l := range services {
				bindings, where := 0, r+" "+layout+" "+name
				for _, p := range l.Packages {
					if strings.HasPrefix(p, "python") && strings.HasSuffix(p, "-rbd") {
						bindings++
					}
				}
				if layout == "kolla" {
					assert.Empty(t, l.Packages, where)
					continue
				}
				assert.Equal(t, 1, bindings, "%s: %v", where, l.Packages)
				assert.Equal(t, "ceph-common", l.Packages[0], where)
				assert.False(t, name != "nova-compute" && strings.Contains(strings.Join(l.Packages, " "), "qemu"), where)
			}
		}
	}
	assert.Equal(t, []string{"python3-rbd"}, Alternatives("python3-rbd"))
	assert.Equal(t, []string{"ceph-common", "python-ceph|python-rbd"}, Layouts("kilo")["upstart"]["nova-compute"].Packages)
}
