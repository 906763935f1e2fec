//go:build linux && amd64

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/remote"
)

// defines is how many secrets are defined while libvirtd has trouble, libvirtds how many daemons there are, and
// longestDefine how long a define may take.
const (
	libvirtds     = 6
	defines       = 120
	longestDefine = 90 * time.Second
)

// nobody runs libvirtd: as root it would be the system's daemon, with the system's folders.
const nobody = 65534

// A libvirtd is a real daemon with folders of its own.
type libvirtd struct {
	process
	dir, uri string
}

func startLibvirtd() (*libvirtd, error) {
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "libvirt", "libvirt-sock")
	l := &libvirtd{dir: dir, uri: "qemu:///session?socket=" + socket}
	l.make = func() *exec.Cmd {
		_ = os.Remove(socket)
		cmd := exec.Command("/usr/sbin/libvirtd")
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
			"XDG_CONFIG_HOME=" + dir + "/config", "XDG_CACHE_HOME=" + dir + "/cache", "XDG_DATA_HOME=" + dir + "/data"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		return cmd
	}
	l.ready = func() bool {
		c, err := net.Dial("unix", socket)
		return err == nil && c.Close() == nil
	}
	if err := errors.Join(os.Chown(dir, nobody, nobody), l.start()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return l, nil
}

func (l *libvirtd) close() error { return errors.Join(l.kill(), os.RemoveAll(l.dir)) }

// holds is the value that the daemon gives out: a text of its own where there is no secret, or no value.
func (l *libvirtd) holds(uuid string) string {
	list, err := said("", "virsh", "-q", "-c", l.uri, "secret-list")
	switch {
	case err != nil:
		return err.Error()
	case !strings.Contains(list, uuid):
		return "none"
	}
	value, err := said("", "virsh", "-q", "-c", l.uri, "secret-get-value", uuid)
	if err != nil && strings.Contains(err.Error(), "does not have a value") {
		return "no value"
	}
	if err != nil {
		return err.Error()
	}
	return value
}

// libvirtd defines secrets while the daemon is stopped, killed or restarted.
func (s *suite) libvirtd(ctx context.Context) (tally, error) {
	var t tally
	var mu sync.Mutex
	var wg sync.WaitGroup
	var all error
	var todo atomic.Int64
	todo.Store(int64(min(defines, s.most)))
	for n := range libvirtds {
		wg.Go(func() {
			line, err := defineLine(ctx, mrand.New(mrand.NewPCG(s.seed, uint64(n))), &todo)
			mu.Lock()
			defer mu.Unlock()
			t.join(line)
			all = errors.Join(all, err)
		})
	}
	wg.Wait()
	return t, all
}

// defineLine defines secrets with a daemon of its own.
func defineLine(ctx context.Context, r *mrand.Rand, todo *atomic.Int64) (tally, error) {
	var t tally
	l, err := startLibvirtd()
	if err != nil {
		return t, err
	}
	defer l.close()
	d := &defining{libvirtd: l, store: virsh.New(remote.Local{}, virsh.Options{URI: l.uri}), r: r}
	if err := d.prepare(ctx); err != nil {
		return t, err
	}
	begin := time.Now()
	if err := d.store.Define(ctx, libvirtsecret.Change{Secret: d.new}); err != nil {
		return t, err
	}
	within := time.Since(begin)
	for todo.Add(-1) >= 0 && ctx.Err() == nil {
		what, why := d.try(ctx, within)
		t.add(why == "", "%s: %s", what, why)
	}
	return t, ctx.Err()
}

// A defining is a secret that gets another value.
type defining struct {
	*libvirtd
	store *virsh.Store
	r     *mrand.Rand
	old   *libvirtsecret.Secret // nil: there is none
	new   libvirtsecret.Secret
}

func randomValue() libvirtsecret.Value {
	var raw [30]byte
	_, _ = rand.Read(raw[:])
	v, _ := libvirtsecret.ParseValue(base64.StdEncoding.EncodeToString(raw[:]))
	return v
}

// prepare makes what is there before a trial.
func (d *defining) prepare(ctx context.Context) error {
	name := rand.Text()
	d.new = libvirtsecret.Secret{UUID: libvirtsecret.DeriveUUID(name, "client.faults"), UsageID: name,
		Value: randomValue()}
	d.old = nil
	if d.r.IntN(2) == 0 {
		return nil
	}
	old := d.new
	old.Value = randomValue()
	d.old = &old
	return d.store.Define(ctx, libvirtsecret.Change{Secret: old})
}

func (d *defining) try(ctx context.Context, within time.Duration) (what, why string) {
	if err := d.prepare(ctx); err != nil {
		return "before", err.Error()
	}
	was, before := libvirtsecret.Secret{}, "none"
	if d.old != nil {
		was, before = *d.old, d.old.Value.Reveal()
	}
	b := randomBlow(d.r, within, 100*time.Millisecond, time.Second, 0)
	limit := longestDefine
	if b.lasts == 0 && b.name == "stopped" {
		limit = 2 * time.Second // the caller gives up: nobody else would
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	begin := time.Now()
	broken := b.during(&d.process, func() {
		err = d.store.Define(limited, libvirtsecret.Change{Secret: d.new, Was: &was})
	})
	took := time.Since(begin) - b.lasts
	for range 400 { // what was given up goes on for a while
		if !working(d.uri, d.cmd.Process.Pid) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	what = fmt.Sprintf("secret %.8s was there, libvirtd %v, the define ended with %v", before, b, err)
	now, wanted := d.holds(d.new.UUID), d.new.Value.Reveal()
	unknown := errors.Is(err, libvirtsecret.ErrUnknown) || limited.Err() != nil
	switch {
	case broken != nil:
		return what, broken.Error()
	case took > longestDefine:
		return what, fmt.Sprintf("it took %v", took)
	case err == nil && now != wanted, !unknown && err != nil && now != before,
		unknown && now != wanted && now != before && (now != "no value" || d.old != nil):
		return what, fmt.Sprintf("there is %.8s, wanted %.8s", now, wanted)
	case err != nil && strings.Contains(err.Error(), wanted):
		return what, "the error has the value"
	}
	if err := d.store.Define(ctx, libvirtsecret.Change{Secret: d.new}); err != nil || d.holds(d.new.UUID) != wanted {
		return what, fmt.Sprintf("the next define does not finish: %v", err)
	}
	return what, ""
}
