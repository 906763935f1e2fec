package integratetest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// A process is that of a service on a host.
type process struct{ host, service string }

// An alive has what processes said of themselves. The mutex of the World guards it.
type alive struct {
	muted map[process]bool
	hangs map[process]bool                // those that were muted when they were looked at last
	known map[process][]api.ServiceRecord // the records that each has written
}

func newAlive() alive {
	return alive{map[process]bool{}, map[process]bool{}, map[process][]api.ServiceRecord{}}
}

// Mute makes the process of a service hang, or ends that: its unit stays active, also when it is restarted, and the
// process answers on no port and gives no sign of life. What it wrote when it started stays. In the real APIs a record
// without a sign of life counts as up for a minute: API.SetUp takes it down.
func (w *World) Mute(host, service string, muted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alive.muted[process{host, service}] = muted
}

func (w *World) muted(p process) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alive.muted[p]
}

// sync brings the service records of the APIs up to what the hosts run. It runs before each request.
func (w *World) sync(*http.Request) (status int, body string, ok bool) {
	shared := map[string]bool{} // the records of processes that are alive
	for _, alive := range []bool{true, false} {
		for _, h := range w.spec.Hosts {
			for _, service := range []string{"cinder-volume", "cinder-backup"} {
				if p := (process{h.Name, service}); slices.Contains(h.Services, service) && w.active(h, service) == alive {
					w.report(p, alive, shared)
				}
			}
		}
	}
	return 0, "", false
}

// active reports whether the unit of a service is active.
func (w *World) active(h spec.Host, service string) bool {
	return w.Machines[h.Name].Unit(w.unit(h, service)).Active == "active"
}

// report writes the records of a process. The records of a process that has ended are down, unless another process
// writes them.
func (w *World) report(p process, alive bool, shared map[string]bool) {
	w.mu.Lock()
	known, muted, hung := w.alive.known[p], w.alive.muted[p], w.alive.hangs[p]
	w.mu.Unlock()
	var now []api.ServiceRecord
	if alive {
		now = w.records(p)
	} else {
		for _, r := range known {
			if !shared[r.Binary+" "+r.Host] {
				w.API.SetUp(r.Binary, r.Host, false)
			}
		}
	}
	for _, r := range now {
		had := slices.ContainsFunc(known, func(o api.ServiceRecord) bool { return o.Host == r.Host })
		if !muted && hung {
			w.API.SetUp(r.Binary, r.Host, true)
		}
		if !muted || !had {
			w.API.AddService(r)
		}
		if muted {
			w.API.Hang(r.Binary, r.Host)
		}
		shared[r.Binary+" "+r.Host] = true
	}
	w.mu.Lock()
	w.alive.known[p], w.alive.hangs[p] = now, muted
	w.mu.Unlock()
}

// records are those that a process writes: a cinder-volume has a record for each backend.
func (w *World) records(p process) (all []api.ServiceRecord) {
	runs := w.options(p.host, p.service)
	value := func(option string) string { v, _ := runs.Lookup("DEFAULT", option); return v }
	add := func(backend string) {
		name := cinderHost(runs, p.host, backend)
		if backend != "" {
			name += "@" + backend
		}
		all = append(all, api.ServiceRecord{Binary: p.service, Host: name, Zone: w.zone(runs, backend),
			Enabled: true, Up: true, Updated: time.Now().UTC()})
	}
	if p.service == "cinder-backup" {
		add("")
		return all
	}
	enabled := value("enabled_backends")
	if enabled == "" && value("volume_driver") != "" { // a backend without a name
		add("")
	}
	for b := range strings.SplitSeq(enabled, ",") {
		if b = strings.TrimSpace(b); b != "" {
			add(b)
		}
	}
	return all
}

// python stands for the script that asks whether the processes of a unit answer on a port, and for that of package
// login.
func (w *World) python(h spec.Host, run remote.Run) (stdout, stderr []byte, exit int) {
	if out, ok := w.tryLogin(h, run); ok {
		return out, nil, 0
	}
	a := run.Argv
	if len(a) != 4 || a[1] != "-c" || !strings.Contains(a[2], "GET / HTTP/1.0") {
		return nil, []byte("python3: the arguments are not known here\n"), 2
	}
	i := slices.IndexFunc(h.Services, func(service string) bool { return w.unit(h, service) == a[3] })
	if i < 0 || !w.active(h, h.Services[i]) || h.Services[i] != "glance-api" {
		return nil, []byte("no process of " + a[3] + " listens on a port\n"), 1
	}
	if w.muted(process{h.Name, "glance-api"}) {
		return nil, []byte("127.0.0.1 port 9292: timed out\n"), 1
	}
	return []byte("127.0.0.1 port 9292: 300\n"), nil, 0
}
