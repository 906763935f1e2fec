package integratetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// libraryPath is where the fake hosts have the library of Ceph that tells which keys it reads.
const libraryPath = "/usr/lib/x86_64-linux-gnu/ceph/libceph-common.so.2"

// defaultLibrados is the version of Ceph that containers have.
const defaultLibrados = "16.2.15"

// KeepLibrados makes a process of a host keep a version of librados in memory, as if the file was replaced since the
// process started. The process is a service, such as glance-api, or the ID of a VM that runs there. An empty version
// takes that back, as a restart or a migration does.
func (w *World) KeepLibrados(host, process, version string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.librados[[2]string{host, process}] = version
}

// addRunning makes a host tell what runs on it, on top of what its shell knows already.
func (w *World) addRunning(m *remotetest.Host, h spec.Host, other program) {
	m.Handle("sh", func(run remote.Run) (stdout, stderr []byte, exit int) {
		for _, o := range []running.Options{{}, {Domains: true}, {Domains: true, Container: "nova_libvirt"}} {
			if slices.Equal(run.Argv, running.Ask(o).Argv) {
				return running.Render(o, w.runs(h, o)), nil, 0
			}
		}
		if out, ok := running.AnswerAges(run, func(secret string, pids []int) running.Ages {
			return w.ages(h, secret, pids)
		}); ok {
			return out, nil, 0
		}
		if stdout, stderr, exit, ok := w.inBox(m, h, run); ok {
			return stdout, stderr, exit
		}
		return other(run)
	})
}

// runs is what runs on a host: the services whose units run, and the QEMU of each VM.
func (w *World) runs(h spec.Host, o running.Options) running.Answer {
	m := w.Machines[h.Name]
	a := running.Answer{Packages: map[string]string{}}
	kolla := w.layout(h) == "kolla"
	version := defaultLibrados
	for _, p := range clientPackages {
		if v := m.Look(remote.Packages{Names: []string{p}}).Versions[p]; v != "" && !kolla {
			a.Packages["librados2"], version = v, host.Upstream(v)
			break
		}
	}
	library := func(box, version string) running.Library {
		l := running.Library{Path: libraryPath, In: box, Version: version, AES256k: running.No}
		if host.ReadsAES256k(version) {
			l.AES256k = running.Yes
		}
		return l
	}
	if len(a.Packages) > 0 {
		a.Installed = append(a.Installed, library("", version))
	}
	add := func(p running.Process, name string) {
		w.mu.Lock()
		kept := w.librados[[2]string{h.Name, name}]
		w.mu.Unlock()
		p.Replaced = kept != "" && kept != version
		if p.PID == 0 {
			p.PID = 1000 + len(a.Processes)
		}
		p.Library = library(p.Container, cmp.Or(kept, version))
		a.Processes = append(a.Processes, p)
	}
	for _, service := range h.Services {
		if m.Unit(w.unit(h, service)).Active != "active" || len(a.Packages) == 0 && !kolla {
			continue
		}
		p := running.Process{Name: service[:min(15, len(service))], Unit: w.unit(h, service)}
		if kolla {
			p.Container, p.Unit = containerOf(service), ""
			a.Installed = append(a.Installed, library(p.Container, version))
		}
		add(p, service)
	}
	w.addDomains(h, o, &a, add)
	return a
}

// addDomains adds the VMs of a compute, each with its QEMU.
func (w *World) addDomains(h spec.Host, o running.Options, a *running.Answer, add func(running.Process, string)) {
	kolla := w.layout(h) == "kolla"
	if w.Libvirt[h.Name] == nil {
		a.NoLibvirt = "virsh is not installed"
		return
	}
	if (o.Container != "") != kolla {
		a.NoLibvirt = "no container " + cmp.Or(o.Container, "of libvirt") + " runs"
		return
	}
	for _, d := range w.API.Domains(h.Name) {
		state := "shut off"
		if d.Running {
			state = "running"
			p := running.Process{PID: w.pid(d), Name: "qemu-system-x86", Domain: d.UUID}
			if kolla {
				p.Container = "nova_libvirt"
			}
			add(p, d.UUID)
		}
		a.Domains = append(a.Domains, running.RawDomain{UUID: d.UUID, State: state, Live: d.XML, Stored: d.Inactive,
			Active: d.Running, Persistent: true})
	}
}

// pid is that of the QEMU of a VM: another one after each start.
func (w *World) pid(d openstacktest.Domain) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	start := fmt.Sprint(d.UUID, " ", d.Started.UnixNano())
	if w.pids[start] == 0 {
		w.pids[start] = 10000 + len(w.pids)
	}
	return w.pids[start]
}

// ages are when a compute got a secret, and when VMs were started there. A World does in a microsecond what takes real
// hosts a second, so that a nanosecond counts as a second here.
func (w *World) ages(h spec.Host, secret string, pids []int) running.Ages {
	a := running.Ages{Started: map[int]int64{}}
	store := w.Libvirt[h.Name]
	if store == nil {
		return a
	}
	if at := store.Written(secret); !at.IsZero() {
		a.Written = at.UnixNano()
	}
	for _, d := range w.API.Domains(h.Name) {
		if pid := w.pid(d); d.Running && slices.Contains(pids, pid) {
			a.Started[pid] = d.Started.UnixNano()
		}
	}
	return a
}
