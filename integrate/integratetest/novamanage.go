package integratetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// addNovaManage gives a host nova-manage, unless it has that in containers.
func (w *World) addNovaManage(m *remotetest.Host, h spec.Host) {
	if w.layout(h) == "kolla" {
		return
	}
	can := manages{host: h.Name, compute: slices.Contains(h.Services, "nova-compute"), database: h.Name == w.controller(),
		path: func(path string) string { return path }}
	if can.database {
		m.AddFile("/etc/nova/nova-manage.conf", []byte(cinderLogin), 0o640)
	}
	m.Handle("nova-manage", func(run remote.Run) (stdout, stderr []byte, exit int) { return w.novaManage(m, can, run) })
	m.Handle("grep", func(run remote.Run) (stdout, stderr []byte, exit int) { return loginOptions(m, can.path, run) })
}

// hasLogin reports whether a file of options has the login for Cinder.
func hasLogin(m *remotetest.Host, path func(string) string, files ...string) bool {
	return slices.ContainsFunc(files, func(file string) bool {
		text, _ := m.Contents(path(file))
		return strings.Contains(string(text), cinderLogin)
	})
}

// computeLogin reports whether nova-compute of a host has the login for Cinder, with which it deletes an attachment
// from 2024.1 on.
func (w *World) computeLogin(host string) bool {
	release, _ := openstack.ParseRelease(w.spec.Release)
	m := w.Machines[host]
	return m == nil || release.Before("2024.1") || hasLogin(m, func(path string) string { return path },
		"/etc/nova/nova.conf", "/etc/nova/nova-compute.conf", "/etc/kolla/nova-compute/nova.conf")
}

// cinderLogin is what Nova logs in to Cinder with, in short.
const cinderLogin = "[cinder]\nauth_type = password\n"

// novaFiles are the files of options that nova-manage reads where none are named, and that there may be.
func novaFiles() []string { return []string{"/etc/nova/nova.conf", "/etc/nova/nova-manage.conf"} }

// loginOptions stands for grep that finds, in files of options, how Nova logs in to Cinder. Their paths are those that
// nova-manage knows.
func loginOptions(m *remotetest.Host, path func(string) string, run remote.Run) (stdout, stderr []byte, exit int) {
	at, flags := slices.Index(run.Argv, "--"), 0
	if at < 2 || !slices.Contains(run.Argv[:at], "-hsE") {
		return nil, []byte("grep: this is not known\n"), 127
	}
	pattern, err := regexp.CompilePOSIX(run.Argv[at-1])
	if err != nil {
		return nil, []byte("grep: Invalid regular expression\n"), 127
	}
	for _, file := range run.Argv[at+1:] {
		text, ok := m.Contents(path(file))
		if !ok {
			flags = 2
		}
		for line := range strings.Lines(string(text)) {
			if pattern.MatchString(line) {
				stdout = append(stdout, line...)
			}
		}
	}
	if len(stdout) == 0 {
		flags = max(flags, 1)
	}
	return stdout, nil, flags
}

// manages is what nova-manage can do where it runs.
type manages struct {
	host              string
	compute, database bool
	path              func(string) string // of the file of the host that is a file there
}

// novaManage stands for nova-manage. "volume_attachment get_connector" works on a compute. "volume_attachment show"
// needs the database, and "refresh" the database and the credentials for Cinder, which only the controller has.
func (w *World) novaManage(m *remotetest.Host, can manages, run remote.Run) (stdout, stderr []byte, exit int) {
	args, files := run.Argv[1:], []string{}
	for len(args) > 1 && args[0] == "--config-file" {
		args, files = args[2:], append(files, args[1])
	}
	if len(files) == 0 {
		files = novaFiles()
	}
	login := hasLogin(m, can.path, files...)
	switch {
	case slices.Equal(args, []string{"volume_attachment", "get_connector", "--json"}) && can.compute:
		return fmt.Appendf(nil, "{\"platform\": \"x86_64\", \"host\": %q, \"multipath\": false}\n", can.host), nil, 0
	case len(args) == 6 && args[0] == "volume_attachment" && args[1] == "show" &&
		slices.Equal(args[4:], []string{"--connection_info", "--json"}):
		if !can.database {
			return []byte("An error has occurred: no sql_connection parameter is established\n"), nil, 255
		}
		if !slices.ContainsFunc(w.API.Stored(args[2]), func(d openstacktest.Disk) bool { return d.Volume == args[3] }) {
			return fmt.Appendf(nil, "No volume Block Device Mapping with id %s.\n", args[3]), nil, 3
		}
		return []byte("{\"driver_volume_type\": \"rbd\"}\n"), nil, 0
	case len(args) == 5 && args[0] == "volume_attachment" && args[1] == "refresh":
		if !can.database {
			return []byte("An error has occurred: no sql_connection parameter is established\n"), nil, 255
		}
		text := []byte(run.Stdin.Reveal())
		if args[4] != "/dev/stdin" {
			text, _ = m.Contents(args[4])
		}
		var connector struct{ Host string }
		if json.Unmarshal(text, &connector) != nil || connector.Host == "" {
			return []byte("Failed to open the connector\n"), nil, 6
		}
		if !login || !w.computeLogin(connector.Host) {
			return []byte("cinderclient.exceptions.Unauthorized: Unknown auth type: None (HTTP 401)\n"), nil, 1
		}
		if err := w.API.RefreshAttachment(args[2], args[3], connector.Host); err != nil {
			return []byte(err.Error() + "\n"), nil, 1
		}
		return nil, nil, 0
	}
	return nil, []byte("nova-manage: error: invalid choice\n"), 2
}
