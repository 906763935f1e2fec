//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cephConf is of a cluster with one monitor and one OSD, on loopback.
const cephConf = `[global]
fsid = %[1]s
mon_host = %[2]s
keyring = %[3]s/keyring
run_dir = %[3]s
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
admin_socket =
log_file = %[3]s/$name.log
public_addr = 127.0.0.1
osd_crush_chooseleaf_type = 0
osd_pool_default_pg_num = 1
osd_pool_default_size = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_data_avail_warn = 2
mon_data_avail_crit = 1
mon_max_pg_per_osd = 5000
auth_allow_insecure_global_id_reclaim = false
[mon]
mon_data = %[3]s/$name
[osd]
osd_data = %[3]s/$name
keyring = %[3]s/$name/keyring
bluestore_block_size = 4294967296
bluestore_block_create = true
bluestore_cache_autotune = false
bluestore_cache_size = 33554432
`

// A realCeph is a cluster of real programs, in a folder of its own.
type realCeph struct {
	dir, conf, fsid string
	mon, osd        process
}

func startCeph() (c *realCeph, err error) {
	c = &realCeph{}
	if c.dir, err = os.MkdirTemp("", "cephstack-faults-"); err != nil {
		return nil, err
	}
	c.conf = filepath.Join(c.dir, "ceph.conf")
	if err := errors.Join(c.makeMon(), c.makeOSD()); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *realCeph) close() error {
	for _, p := range []*process{&c.osd, &c.mon} {
		if p.cmd != nil && p.cmd.Process != nil {
			_ = p.kill()
		}
	}
	return os.RemoveAll(c.dir)
}

// sayAll runs programs one after the other, until one fails.
func sayAll(all ...[]string) error {
	for _, argv := range all {
		if _, err := said("", argv...); err != nil {
			return err
		}
	}
	return nil
}

func (c *realCeph) makeMon() error {
	id, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		return err
	}
	var ports [2]int
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	c.fsid = strings.TrimSpace(string(id))
	address := fmt.Sprintf("[v2:127.0.0.1:%d/0,v1:127.0.0.1:%d/0]", ports[0], ports[1])
	keyring, monmap := filepath.Join(c.dir, "keyring"), filepath.Join(c.dir, "monmap")
	err = errors.Join(os.WriteFile(c.conf, fmt.Appendf(nil, cephConf, c.fsid, address, c.dir), 0o600),
		os.Mkdir(filepath.Join(c.dir, "mon.a"), 0o700),
		sayAll([]string{"ceph-authtool", "-C", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"},
			[]string{"ceph-authtool", keyring, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *",
				"--cap", "osd", "allow *", "--cap", "mgr", "allow *"},
			[]string{"monmaptool", "--create", "--fsid", c.fsid, "--addv", "a", address, monmap},
			[]string{"ceph-mon", "--mkfs", "-i", "a", "-c", c.conf, "--monmap", monmap, "--keyring", keyring}))
	if err != nil {
		return err
	}
	c.mon = process{make: func() *exec.Cmd { return exec.Command("ceph-mon", "-i", "a", "-c", c.conf, "-f") },
		ready: func() bool { _, err := c.ceph("status"); return err == nil }}
	return c.mon.start()
}

func (c *realCeph) makeOSD() error {
	if c.mon.cmd == nil {
		return errors.New("no monitor")
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		return err
	}
	uuid := strings.TrimSpace(string(id))
	key, err := said("", "ceph-authtool", "--gen-print-key")
	if err != nil {
		return err
	}
	if _, err := said(`{"cephx_secret":"`+key+`"}`, "ceph", "-c", c.conf, "osd", "new", uuid, "0", "-i", "-"); err != nil {
		return err
	}
	err = errors.Join(os.Mkdir(filepath.Join(c.dir, "osd.0"), 0o700),
		os.WriteFile(filepath.Join(c.dir, "osd.0", "keyring"), []byte("[osd.0]\n\tkey = "+key+"\n"), 0o600),
		sayAll([]string{"ceph-osd", "-i", "0", "-c", c.conf, "--mkfs", "--osd-uuid", uuid}))
	if err != nil {
		return err
	}
	c.osd = process{make: func() *exec.Cmd { return exec.Command("ceph-osd", "-i", "0", "-c", c.conf, "-f") },
		ready: func() bool { text, _ := c.ceph("osd", "stat"); return strings.Contains(text, " 1 up") }}
	return c.osd.start()
}

// ceph runs the ceph program.
func (c *realCeph) ceph(args ...string) (string, error) {
	return said("", append([]string{"ceph", "-c", c.conf, "--connect-timeout", "20"}, args...)...)
}

// cephTrials is how often a cluster has trouble while a plan is made and applied, in clusters that work at the same
// time.
const (
	cephTrials   = 12
	cephClusters = 3
)

// mon makes and applies plans while a real monitor, or its OSD, is stopped, killed or restarted.
func (s *suite) mon(ctx context.Context) (tally, error) {
	lines := make(chan tally, cephClusters)
	errs := make(chan error, cephClusters)
	for n := range cephClusters {
		go func() {
			t, err := cephLine(ctx, rand.New(rand.NewPCG(s.seed, uint64(n))), max(1, min(cephTrials, s.most)/cephClusters))
			lines <- t
			errs <- err
		}()
	}
	var t tally
	var all error
	for range cephClusters {
		line := <-lines
		t.join(line)
		all = errors.Join(all, <-errs)
	}
	return t, all
}

func cephLine(ctx context.Context, r *rand.Rand, count int) (tally, error) {
	var t tally
	c, err := startCeph()
	if err != nil {
		return t, err
	}
	defer c.close()
	var within time.Duration
	for n := range 2 { // the first one is slower
		clean := &cephTrial{realCeph: c, number: count + n + 1}
		if err := clean.run(ctx, nil); err != nil || len(clean.words) > 0 {
			return t, fmt.Errorf("without trouble: %w %q", err, clean.words)
		}
		within = clean.took
	}
	for n := range count {
		b := randomBlow(r, within, time.Second, 4*time.Second, 0)
		trial := &cephTrial{realCeph: c, number: n + 1, osd: r.IntN(4) == 0}
		err := trial.run(ctx, &b)
		t.add(err == nil && len(trial.words) == 0, "osd %t, %v: %v %q", trial.osd, b, err, trial.words)
	}
	return t, ctx.Err()
}
