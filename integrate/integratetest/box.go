package integratetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/box"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// novaContainers are those of Nova on a controller of Kolla that has Nova's databases.
func novaContainers() []string { return []string{"nova_conductor", "nova_api"} }

// inBox stands for what enters a container of Kolla and runs a program there. It is not ok for other programs.
func (w *World) inBox(m *remotetest.Host, h spec.Host, run remote.Run) (stdout, stderr []byte, exit int, ok bool) {
	inner, names, ok := box.Answer(run)
	if !ok {
		return nil, nil, 0, false
	}
	i := slices.IndexFunc(names, func(name string) bool {
		return w.Containers[h.Name][name] != nil && m.Unit(kollaUnit(name)).Active == "active"
	})
	if i < 0 {
		return nil, fmt.Appendf(nil, "none of these containers runs here: %s (Error: No such container: %s)\n",
			strings.Join(names, " "), names[len(names)-1]), 125, true
	}
	in := names[i]
	files := func(path string) string { return w.Containers[h.Name][in].Folder + "/" + base(path) }
	switch {
	case inner.Argv[0] == "grep":
		stdout, stderr, exit = loginOptions(m, files, inner)
	case inner.Argv[0] == "python3":
		stdout, stderr, exit = w.python(h, inner)
	case inner.Argv[0] == "nova-manage" && strings.HasPrefix(in, "nova_"):
		stdout, stderr, exit = w.novaManage(m, manages{host: h.Name, compute: in == "nova_compute",
			database: slices.Contains(novaContainers(), in), path: files}, inner)
	default:
		stderr, exit = []byte("exec: "+inner.Argv[0]+": not found in "+in+"\n"), 127
	}
	return stdout, stderr, exit, true
}
