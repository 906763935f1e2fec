package remotetest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// packageKinds are the operations on packages.
func (h *Host) packageKinds() []kind {
	versions := func(a answer, r remote.Result) {
		var text strings.Builder
		for name, version := range r.Versions {
			fmt.Fprintf(&text, "ii  %s %s\n", name, version)
		}
		a.lines("pkgs", text.String())
	}
	look := kind{name: "packages", looks: true, tell: versions, decode: func(w wire.Op) (remote.Op, error) {
		return remote.Packages{Names: w.List}, nil
	}}
	install := kind{name: "install", tell: versions, decode: func(w wire.Op) (remote.Op, error) {
		return remote.InstallPackages{Names: w.List}, nil
	}}
	return []kind{doing(look, h.packages), doing(install, h.install)}
}

// AddPackage makes a version of a package installable, or installed.
func (h *Host) AddPackage(name, version string, installed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.available[name] = version
	if installed {
		h.installed[name] = version
	}
}

// Upgrade gives packages the installable version, if they are installed.
func (h *Host) Upgrade(names ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range names {
		if _, ok := h.installed[n]; ok && h.available[n] != "" {
			h.installed[n] = h.available[n]
		}
	}
	h.tick()
}

// RemovePackage makes a package neither installed nor installable.
func (h *Host) RemovePackage(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.available, name)
	delete(h.installed, name)
}

func (h *Host) versions(names []string) map[string]string {
	found := map[string]string{}
	for _, n := range names {
		if v, ok := h.installed[n]; ok {
			found[n] = v
		}
	}
	return found
}

func (h *Host) packages(o remote.Packages) remote.Result {
	return remote.Result{Versions: h.versions(o.Names)}
}

func (h *Host) install(o remote.InstallPackages) remote.Result {
	want := map[string]string{}
	for _, n := range o.Names {
		if _, ok := h.installed[n]; ok {
			continue
		}
		v, ok := h.available[n]
		if !ok {
			return remote.Result{Versions: h.versions(o.Names), Err: detail{text: "E: Unable to locate package " + n}}
		}
		want[n] = v
	}
	maps.Copy(h.installed, want)
	if len(want) > 0 {
		h.tick()
	}
	return remote.Result{Changed: len(want) > 0, Versions: h.versions(o.Names)}
}
