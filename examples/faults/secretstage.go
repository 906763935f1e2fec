//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// A secretStage is an operator with files of its own, a host and APIs, and what is looked for in all of them.
type secretStage struct {
	searcher
	dir     string // all is in here
	program string
	host    *secretHost
	fakes   *hostFakes
	cut     *cutter // between the operator and the host
	api     *openstacktest.Server
	front   *echoFront
	entry   string           // deploy or keeper: the account of the first entry
	read    map[string]int64 // how much of a log was searched
}

func (s *secretStage) operator(name string) string { return filepath.Join(s.dir, "operator", name) }

// oddly is a secret with characters that texts escape. Each of them is between random ones, so that two secrets do not
// share a piece that is looked for.
func oddly(name string) string {
	random := rand.Text()
	text := name + random[:16]
	for i, odd := range []rune(`&'"<% /\é+`) {
		text += string(odd) + random[16+i:17+i]
	}
	return text + rand.Text()[:16]
}

// newSecretStage makes everything. The host is not prepared: only its first entry is let in.
func newSecretStage(ctx context.Context, program, entry string) (s *secretStage, err error) {
	s = &secretStage{program: program, entry: entry, read: map[string]int64{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "cephstack-secrets-"); err != nil {
		return s, err
	}
	if err = errors.Join(os.Mkdir(s.operator(""), 0o700), os.Mkdir(filepath.Join(s.dir, "host"), 0o700),
		os.Mkdir(s.operator("tmp"), 0o700)); err != nil {
		return s, err
	}
	if s.fakes, err = newHostFakes(); err != nil {
		return s, err
	}
	cloud := oddly("cloud")
	s.add("cloud password", "clouds.yaml", cloud)
	s.api = openstacktest.New(openstacktest.Config{Controller: "all", Computes: []string{"all"},
		Backends: []string{"nfs", "ceph"}, Password: cloud})
	s.front = newEchoFront(s.api.URL)
	passwords := map[string]string{"deploy": oddly("deploy"), "keeper": oddly("keeper")}
	s.add("entry password", "deploy", passwords["deploy"])
	s.add("sudo password", "keeper", passwords["keeper"])
	if err = s.writeOperator(ctx, passwords); err != nil {
		return s, err
	}
	if s.host, err = startSecretHost(filepath.Join(s.dir, "host"), s.hostSetup(passwords)); err != nil {
		return s, err
	}
	if s.cut, err = newCutter("127.0.0.1:" + s.host.port); err != nil {
		return s, err
	}
	s.cut.set(-1, -1)
	return s, s.writeSpec()
}

func (s *secretStage) close() error {
	var errs []error
	if s.cut != nil {
		errs = append(errs, s.cut.listen.Close())
	}
	if s.host != nil {
		errs = append(errs, s.host.stop())
	}
	if s.front != nil {
		s.front.Close()
	}
	if s.api != nil {
		s.api.Close()
	}
	if s.fakes != nil {
		errs = append(errs, s.fakes.listen.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// writeOperator writes the keys and logins of the operator.
func (s *secretStage) writeOperator(_ context.Context, passwords map[string]string) error {
	for _, name := range []string{"ops_key", "keeper_key", "host_key"} {
		if _, err := said("", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "faults", "-f",
			s.operator(name)); err != nil {
			return err
		}
		if name == "host_key" {
			continue
		}
		seed, err := seedOf(s.operator(name))
		if err != nil {
			return err
		}
		s.add("private key", name, seed)
	}
	for name, password := range passwords {
		if err := os.WriteFile(s.operator(name+".password"), []byte(password+"\n"), 0o600); err != nil {
			return err
		}
	}
	clouds := bytes.ReplaceAll(s.api.CloudsYAML(), []byte(s.front.cloud), []byte(s.front.URL))
	return os.WriteFile(s.operator("clouds.yaml"), clouds, 0o600)
}

// seedOf is the secret part of a private key of type ed25519. The public part follows it in the file.
func seedOf(file string) (string, error) {
	private, err1 := os.ReadFile(file)
	public, err2 := os.ReadFile(file + ".pub")
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(string(private)), "\n")
	body, err1 := base64.StdEncoding.DecodeString(strings.Join(lines[1:len(lines)-1], ""))
	blob, err2 := base64.StdEncoding.DecodeString(strings.Fields(string(public))[1])
	at := bytes.LastIndex(body, blob[max(0, len(blob)-32):])
	if err := errors.Join(err1, err2); err != nil || at < 32 {
		return "", errors.Join(err, errors.New(file+" is not a key of type ed25519"))
	}
	return string(body[at-32 : at]), nil
}

const secretSpec = `release: zed
packages: check
clusters: [{name: ceph, host: all}]
cloud: {name: fake, clouds_file: clouds.yaml}
ssh:
  user: ops
  key_files: [ops_key]
  known_hosts: [known_hosts]
  sudo: true
  timeouts: {retry: 1s, start: 10s, idle: 10s, total: 1m}
  entry: ENTRY
prepare:
  authorize: {keys: ["PUBLIC"]}
  sudo: {}
hosts:
  - {name: all, address: "127.0.0.1:PORT", services: [glance-api, cinder-volume, nova-compute]}
glance: {}
cinder: {backends: [{name: ceph, volume_type: ceph}]}
nova: {}
`

// writeSpec writes the Spec and known_hosts, which lead to the host through the cutter.
func (s *secretStage) writeSpec() error {
	public, err1 := os.ReadFile(s.operator("ops_key.pub"))
	hostKey, err2 := os.ReadFile(s.operator("host_key.pub"))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	port := strings.TrimPrefix(s.cut.listen.Addr().String(), "127.0.0.1:")
	entry := "{user: deploy, password_file: deploy.password}"
	if s.entry == "keeper" {
		entry = "{user: keeper, key_files: [keeper_key], password_file: keeper.password}"
	}
	text := strings.NewReplacer("ENTRY", entry, "PUBLIC", strings.TrimSpace(string(public)), "PORT", port).
		Replace(secretSpec)
	return errors.Join(os.WriteFile(s.operator("cloud.yaml"), []byte(text), 0o600),
		os.WriteFile(s.operator("known_hosts"), fmt.Appendf(nil, "[127.0.0.1]:%s %s", port, hostKey), 0o600))
}

// hostSetup is the host before anything of cephstack.
func (s *secretStage) hostSetup(passwords map[string]string) hostSetup {
	hostKey, _ := os.ReadFile(s.operator("host_key")) // sshd says if it is not there
	keeper, _ := os.ReadFile(s.operator("keeper_key.pub"))
	var packages strings.Builder
	for name, version := range map[string]string{"ceph-common": "16.2.15+ds-0+deb12u1",
		"python3-rados": "16.2.15+ds-0+deb12u1",
		"python3-rbd":   "16.2.15+ds-0+deb12u1", "qemu-block-extra": "1:7.2", "nova-compute": "2:26.2.2-1",
		"glance-api": "2:25.1.0-2", "cinder-volume": "2:21.3.1-1"} {
		fmt.Fprintf(&packages, "Package: %s\nStatus: install ok installed\nMaintainer: none <none@example.org>\n"+
			"Architecture: amd64\nVersion: %s\nDescription: a package\n\n", name, version)
	}
	files := map[string]string{
		"/etc/passwd": secretUsers, "/etc/group": secretGroups, "/etc/sudoers": secretSudoers,
		"/etc/ssh/faults": string(hostKey), "/home/keeper/.ssh/authorized_keys": string(keeper),
		"/usr/bin/ceph": "#!/usr/bin/python-of-ceph\n# CEPH_GIT_VER\n", "/var/lib/dpkg/status": packages.String(),
		"/etc/glance/glance-api.conf": "[DEFAULT]\n[glance_store]\nfilesystem_store_datadir = /var/lib/glance/images/\n",
		"/etc/cinder/cinder.conf":     "[DEFAULT]\nenabled_backends = nfs\n[nfs]\nvolume_backend_name = nfs\n",
		"/etc/nova/nova.conf":         "[DEFAULT]\ncompute_driver = libvirt.LibvirtDriver\n",
		"/etc/nova/nova-compute.conf": "[libvirt]\nvirt_type = qemu\n",
		unitFile("sysinit.target"):    "Id=sysinit.target\nActiveState=active\nInvocationID=b1\n",
	}
	for n, service := range []string{"glance-api", "cinder-volume", "nova-compute"} {
		unit := service + ".service"
		files[unitFile(unit)] = shownUnit(unit, int64(n+1))
	}
	modes := map[string]uint32{"/etc/sudoers": 0o440, "/etc/ssh/faults": 0o600, "/etc/shadow": 0o600,
		"/usr/bin/ceph":  0o755,
		"/usr/bin/virsh": 0o755, "/etc/glance/glance-api.conf": 0o640, "/etc/cinder/cinder.conf": 0o640,
		"/etc/nova/nova.conf": 0o640, "/etc/nova/nova-compute.conf": 0o640}
	return hostSetup{Fakes: s.fakes.listen.Addr().String(), Files: files, Modes: modes, Passwords: passwords}
}

// A child is a process of the operator that is under way.
type child struct {
	cmd      *exec.Cmd
	out, err bytes.Buffer
	done     chan error
}

// start starts a process as an operator has it, without a limit for core files.
func (s *secretStage) start(argv ...string) (*child, error) {
	c := &child{done: make(chan error, 1)}
	c.cmd = exec.Command("/bin/sh", append([]string{"-c", "ulimit -c unlimited; exec \"$@\"", "sh"}, argv...)...)
	c.cmd.Dir = s.operator("")
	c.cmd.Env = []string{"HOME=" + s.operator(""), "TMPDIR=" + s.operator("tmp"), "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"GOTRACEBACK=crash"}
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.err
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.done <- c.cmd.Wait() }()
	return c, nil
}

// longestChild is how long a process of the operator may take.
const longestChild = 3 * time.Minute

// wait waits for the end, and gives the exit status; negative for a signal.
func (c *child) wait() (int, error) {
	select {
	case <-c.done:
		return c.cmd.ProcessState.ExitCode(), nil
	case <-time.After(longestChild):
		return 0, errors.Join(errors.New("the program does not end: "+c.err.String()), c.cmd.Process.Kill())
	}
}

// An echoFront stands before the APIs. It may answer with all that it was sent.
type echoFront struct {
	*httptest.Server
	front
	echoes atomic.Bool
	later  atomic.Bool               // only logins are answered well
	held   atomic.Pointer[chan bool] // a request says here that it has come, and is then not answered

	lock   sync.Mutex
	tokens []string
}

func newEchoFront(identity string) *echoFront {
	f := &echoFront{front: front{cloud: strings.TrimSuffix(identity, "/identity"), made: map[string]int{}}}
	f.Server = httptest.NewServer(f)
	f.front.Server = f.Server
	return f
}

func (f *echoFront) tokensSoFar() []string {
	f.lock.Lock()
	defer f.lock.Unlock()
	return slices.Clone(f.tokens)
}

// ServeHTTP implements http.Handler.
func (f *echoFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if held := f.held.Load(); held != nil {
		_, _ = io.Copy(io.Discard, r.Body) // before that, a server does not see that the client is gone
		*held <- true
		<-r.Context().Done()
		return
	}
	if f.echoes.Load() || f.later.Load() && r.Header.Get("X-Auth-Token") != "" {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "cannot serve %s %s\n%v\n%s\n", r.Method, r.URL, r.Header, body)
		return
	}
	a := f.pass(r)
	if token := a.header.Get("X-Subject-Token"); token != "" {
		f.lock.Lock()
		f.tokens = append(f.tokens, token)
		f.lock.Unlock()
	}
	f.answer(w, a)
}
