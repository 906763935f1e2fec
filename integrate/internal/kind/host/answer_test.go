package host

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// answered runs the script about a unit whose processes are these, and gives its exit status and what it says.
func answered(t *testing.T, state, processes string) (exit int, said string) {
	t.Helper()
	groups, bin := t.TempDir(), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(groups, "system.slice/x/inner"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(groups, "system.slice/x/cgroup.procs"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(groups, "system.slice/x/inner/cgroup.procs"), []byte(processes), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "systemctl"), []byte("#!/bin/sh\n[ \"$*\" = "+
		"\"show --property=ActiveState --property=ControlGroup glance-api.service\" ] && "+
		"printf '%s\\n' ActiveState="+state+" ControlGroup=/system.slice/x\n"), 0o700))
	cmd := exec.CommandContext(t.Context(), "python3", "-c",
		strings.ReplaceAll(answerScript, `"/sys/fs/cgroup"`, strconv.Quote(groups)), "glance-api.service")
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the exit status tells
	return cmd.ProcessState.ExitCode(), out.String()
}

// TestTheScriptThatAsksAService runs it against a server of this process.
func TestTheScriptThatAsksAService(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil && os.Getenv("CEPHSTACK_LIVE") != "1" {
		t.Skip("there is no python3")
	}
	me := strconv.Itoa(os.Getpid()) + "\n"
	exit, said := answered(t, "active", me)
	assert.Equal(t, 1, exit)
	assert.Equal(t, "no process of glance-api.service listens on a port\n", said)

	status := http.StatusMultipleChoices
	versions := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	server := httptest.NewServer(versions)
	exit, said = answered(t, "active", "999999999\n")
	assert.Equal(t, 127, exit, "the server is not of the unit: %s", said)
	exit, said = answered(t, "failed", me)
	assert.Equal(t, 1, exit)
	assert.Equal(t, "glance-api.service is failed\n", said)
	exit, said = answered(t, "active", "999999999\n"+me)
	assert.Equal(t, 0, exit, said)
	assert.Regexp(t, `^127\.0\.0\.1 port \d+: 300\n$`, said)
	status = http.StatusInternalServerError
	exit, said = answered(t, "active", me)
	assert.Equal(t, 1, exit, "its own error")
	assert.Contains(t, said, "HTTP/1.0 500")
	server.Close()

	server = httptest.NewTLSServer(versions)
	status = http.StatusUnauthorized
	exit, said = answered(t, "active", me)
	assert.Equal(t, 0, exit, said)
	server.Close()

	every, err := net.Listen("tcp", ":0") // on all addresses, and in both families where there are two
	require.NoError(t, err)
	open := &http.Server{Handler: versions} //nolint:gosec // it is of this test alone
	go func() { _ = open.Serve(every) }()
	exit, said = answered(t, "active", me)
	assert.Equal(t, 0, exit, said)
	require.NoError(t, open.Close())

	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	require.NoError(t, err)
	defer silent.Close()
	exit, said = answered(t, "active", me)
	assert.Equal(t, 1, exit)
	assert.Contains(t, said, "timed out")
}

// severalControllers gives the Spec two more controllers, of which the last stands by.
func severalControllers(s *spec.Spec) {
	s.Hosts = append(s.Hosts, spec.Host{Name: "c2", Services: s.Hosts[0].Services}, spec.Host{Name: "c3",
		Services: s.Hosts[0].Services, Standby: []string{"cinder-volume"}, Layout: spec.LayoutRDO})
}

// TestThePeersOfAUnit are the other hosts that serve. glance-api is asked on the hosts.
func TestThePeersOfAUnit(t *testing.T) {
	s := newScene(t, "controller", severalControllers)
	for _, name := range []string{"cinder-volume", "glance-api"} {
		u := s.v.Host.Units[name+".service"]
		u.Active = "inactive"
		s.v.Host.Units[name+".service"] = u
	}
	volumes := s.compare("unit/controller/cinder-volume.service").Do.(step.HostStep).Serves
	assert.Equal(t, []serving.Peer{{Host: "c2"}}, volumes.Peers, "c3 stands by")
	assert.Nil(t, volumes.Answers)
	assert.True(t, volumes.Stopped)
	assert.Equal(t, "cinder-volume", volumes.Service)
	images := s.compare("unit/controller/glance-api.service").Do.(step.HostStep).Serves
	require.Len(t, images.Peers, 2)
	ask := func(unit string) remote.Op {
		return remote.Run{Argv: []string{"python3", "-c", strings.TrimSpace(answerScript), unit}, Timeout: answerWithin}
	}
	assert.Equal(t, ask("glance-api.service"), images.Answers)
	assert.Equal(t, []serving.Peer{{Host: "c2", Answers: ask("glance-api.service")},
		{Host: "c3", Answers: ask("openstack-glance-api.service")}}, images.Peers)
	require.NoError(t, remote.Check(images.Answers))
	allowed := unit{s.n, "glance-api", s.n.Service("glance-api")}.allows(s.v)
	assert.Contains(t, allowed, images.Answers, "the helper lets it through")
	alone := newScene(t, "controller")
	assert.Len(t, unit{alone.n, "glance-api", alone.n.Service("glance-api")}.allows(alone.v), 1)
	assert.Nil(t, newScene(t, "controller", inKollaSpec, severalControllers).n.answers("glance-api"))
}

// TestAServiceThatStandsBy is neither started nor restarted, may be masked, and says where it runs.
func TestAServiceThatStandsBy(t *testing.T) {
	const id = "unit/c3/openstack-cinder-volume.service"
	for _, c := range []struct{ load, active, says string }{
		{"loaded", "inactive", ""},
		{"loaded", "failed", ""},
		{"masked", "inactive", ""},
		{"loaded", "active", "standby-runs openstack-cinder-volume.service"},
		{"not-found", "inactive", "unit-missing openstack-cinder-volume.service"},
	} {
		s := newScene(t, "c3", severalControllers)
		s.v.Host.Units["openstack-cinder-volume.service"] = remote.Unit{Load: c.load, Active: c.active}
		s.v.Ledger.Put(s.n.SettingsID(cinderConf), &step.Delta{Do: step.HostStep{}}) // its configuration changes
		d := s.compare(id)
		assert.Nil(t, d.Do, "%+v", c)
		if c.says == "" {
			assert.Empty(t, d.Findings, "%+v", c)
			assert.Equal(t, "openstack-cinder-volume.service stands by ("+c.active+")", d.Have)
			continue
		}
		assert.Equal(t, []string{c.says}, codes(d.Findings))
		assert.Equal(t, strings.HasPrefix(c.says, "unit"), d.Refused)
	}
}

// TestAServiceThatRunsElsewhere under the same name is not started here.
func TestAServiceThatRunsElsewhere(t *testing.T) {
	own := func(s *spec.Spec) { s.Cinder.Backends[0].Options = map[string]string{"backend_host": "all"} }
	for name, c := range map[string]struct {
		active  string
		up      bool
		edit    []func(*spec.Spec)
		refused bool
	}{
		"somebody serves":             {"inactive", true, []func(*spec.Spec){severalControllers, own}, true},
		"nobody serves":               {"inactive", false, []func(*spec.Spec){severalControllers, own}, false},
		"it runs here":                {"active", true, []func(*spec.Spec){severalControllers, own}, false},
		"it is the only host":         {"inactive", true, []func(*spec.Spec){own}, false},
		"under the name of this host": {"inactive", true, []func(*spec.Spec){severalControllers}, false},
	} {
		s := newScene(t, "controller", c.edit...)
		u := s.v.Host.Units["cinder-volume.service"]
		u.Active = c.active
		s.v.Host.Units["cinder-volume.service"] = u
		backend := s.n.Site.Cinder[0].Name
		s.v.Cloud = &step.Cloud{}
		for _, host := range []string{"all@", "controller@"} {
			r := api.ServiceRecord{Binary: "cinder-volume", Host: host + backend, Up: c.up}
			s.v.Cloud.Records = append(s.v.Cloud.Records, r)
		}
		d := s.compare("unit/controller/cinder-volume.service")
		assert.Equal(t, c.refused, d.Refused, name)
		if c.refused {
			assert.Equal(t, []string{"service-runs-elsewhere cinder-volume.service"}, codes(d.Findings))
			assert.Nil(t, d.Do)
		}
	}
}
