//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A machine is a compute in memory: what a host of the farm is on disk.
type machine struct {
	host *remotetest.Host

	mu      sync.Mutex
	secrets map[string][2]string // XML and value by UUID
}

// newCompute makes a compute as it is before Ceph comes.
func newCompute(name, address string) *machine {
	m := &machine{host: remotetest.NewHost(name), secrets: map[string][2]string{}}
	m.host.AddFile(novaConf, makeNovaConf(address), 0o640)
	m.host.AddFile(computeConf, []byte(computeOptions), 0o640)
	for _, p := range []string{"ceph-common", "python3-rados", "python3-rbd", "qemu-block-extra"} {
		m.host.AddPackage(p, "16.2.15+ds-0+deb12u1", true)
	}
	m.host.AddUnit("nova-compute.service")
	m.host.Handle("sh", m.define)
	m.host.Handle("virsh", m.list)
	return m
}

// newController makes the host of cinder-volume, which is not measured.
func newController(name string) *remotetest.Host {
	h := remotetest.NewHost(name)
	h.AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nenabled_backends = nfs\n[nfs]\nvolume_backend_name = nfs\n"),
		0o640)
	for _, p := range []string{"ceph-common", "python3-rados", "python3-rbd"} {
		h.AddPackage(p, "16.2.15+ds-0+deb12u1", true)
	}
	h.AddUnit("cinder-volume.service")
	return h
}

// define and list stand for what package virsh runs to define and to read
// secrets; their output is what virsh's would be.
func (m *machine) define(run remote.Run) (stdout, stderr []byte, exit int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	script, args, values := run.Argv[2], run.Argv[5:], strings.Split(run.Stdin.Reveal(), "\n") // sh -c script virsh …
	if !strings.Contains(script, "secret-define") || len(args)%4 != 0 {
		return nil, []byte("an unknown script"), 64
	}
	var b bytes.Buffer
	for ; len(args) > 0 && len(values) > 1; args = args[4:] {
		uuid := args[0]
		have, there := m.secrets[uuid]
		value, was := values[0], ""
		if values = values[1:]; args[3] == "there" { // the value that the plan saw comes after the value
			was, values = values[0], values[1:]
		}
		if there != (args[3] == "there") || have[1] != was {
			fmt.Fprintf(&b, "<#defined %s 79\nnot as it was seen\n", uuid)
			exit = 77
			continue
		}
		m.secrets[uuid] = [2]string{args[1], value}
		fmt.Fprintf(&b, "<#defined %s 0\n%s\n", uuid, value)
	}
	return b.Bytes(), nil, exit
}

func (m *machine) list(run remote.Run) (stdout, stderr []byte, exit int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(run.Argv) != 5 || !strings.HasSuffix(run.Argv[4], "; secret-list") {
		return nil, []byte("an unknown command"), 64
	}
	var b bytes.Buffer
	for word := range strings.SplitSeq(run.Argv[4], ";") {
		if uuid, ok := strings.CutPrefix(word, " secret-dumpxml "); ok { // one that is not there has neither
			fmt.Fprintf(&b, "<#secret %s\n%s\n<#value\n%s\n", uuid, m.secrets[uuid][0], m.secrets[uuid][1])
		}
	}
	b.WriteString("<#end\n")
	for uuid := range m.secrets {
		fmt.Fprintf(&b, " %s   ceph   x\n", uuid)
	}
	return b.Bytes(), nil, 0
}

// file, folder, secret and restarts implement view.
func (m *machine) file(path string) (wantFile, error) {
	results, err := m.host.Do(context.Background(), remote.ReadFile{Path: path})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return wantFile{}, err
	}
	f := results[0].File
	return wantFile{Path: path, Owner: f.Owner, Group: f.Group, Mode: octal(f.Mode), Data: results[0].Data}, nil
}

func (m *machine) folder(path string) (wantFile, error) {
	results, err := m.host.Do(context.Background(), remote.Stat{Path: path})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return wantFile{}, err
	}
	f := results[0].File
	return wantFile{Path: path, Owner: f.Owner, Group: f.Group, Mode: octal(f.Mode)}, nil
}

func (m *machine) secret(uuid string) (xml, value string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.secrets[uuid]
	if !ok {
		err = fs.ErrNotExist
	}
	return s[0], s[1], err
}

func (m *machine) restarts() int { return m.host.Changes("restart") }

func octal(mode fs.FileMode) string { return fmt.Sprintf("%04o", uint32(mode.Perm())) }

// reset makes a machine as it was before Ceph came.
func (m *machine) reset(address string, d desired) error {
	m.mu.Lock()
	clear(m.secrets)
	m.mu.Unlock()
	var ops []remote.Op
	for _, f := range d.Files {
		ops = append(ops, remote.Remove{Path: f.Path})
	}
	_, err := m.host.Do(context.Background(), ops...)
	m.host.AddFile(novaConf, makeNovaConf(address), 0o640)
	m.host.AddUnit("nova-compute.service")
	m.host.Forget()
	return err
}
