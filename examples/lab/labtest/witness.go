package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

//go:embed witness.sh
var witnessScript string

// A witness is a guest with a root disk and a volume in Ceph, which writes to both all the time.
type witness struct {
	name, id, volume string
	disks            []string // pool/image
	known            int      // boots that were judged already

	mu     sync.Mutex
	counts map[string]int       // of records, by disk
	last   map[string]time.Time // of the last record, by disk
	gap    time.Duration        // the longest time without a record on one of the disks
	faults string               // how many the guest saw; empty if it saw none
}

// witnesses are guests that are watched while something happens to the cloud.
type witnesses struct {
	*lab
	cloud *api.Cloud
	all   []*witness
	stop  context.CancelFunc
	wait  sync.WaitGroup
}

// startWitnesses boots a witness on each of the computes, and waits until each writes to both disks.
func (l *lab) startWitnesses(ctx context.Context, cloud *api.Cloud, computes ...string) (*witnesses, error) {
	ws := &witnesses{lab: l, cloud: cloud}
	image, err := l.witnessImage(ctx, cloud)
	if err != nil {
		return nil, err
	}
	for i, compute := range computes {
		w := &witness{name: fmt.Sprintf("witness-%d", i+1), counts: map[string]int{}, last: map[string]time.Time{}}
		if err := ws.boot(ctx, w, image, compute); err != nil {
			return nil, fmt.Errorf("%s on %s: %w", w.name, compute, err)
		}
		ws.all = append(ws.all, w)
	}
	watch, stop := context.WithCancel(ctx)
	ws.stop = stop
	ws.wait.Go(func() { ws.follow(watch) })
	return ws, ws.writing(ctx, 3, 4*time.Minute)
}

func (l *lab) witnessImage(ctx context.Context, cloud *api.Cloud) (string, error) {
	f, err := os.Open(l.out("guest.img"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	image, err := cloud.UploadImage(ctx, api.ImageRequest{Name: "witness", DiskFormat: "raw"}, f)
	return image.ID, err
}

func (ws *witnesses) boot(ctx context.Context, w *witness, image, compute string) error {
	v, err := ws.cloud.CreateVolume(ctx, api.VolumeRequest{Name: w.name, SizeGiB: 1, Type: "ceph"})
	if err != nil {
		return err
	}
	s, err := ws.cloud.CreateServer(ctx, api.ServerRequest{Name: w.name, ImageID: image, Flavor: ws.before.Flavor.Name,
		Host: compute, UserData: []byte(witnessScript)})
	if err != nil {
		return err
	}
	w.id, w.volume = s.ID, v.ID
	w.disks = []string{"vms/" + s.ID + "_disk", "volumes/volume-" + v.ID}
	return ws.cloud.Attach(ctx, s.ID, v.ID)
}

// follow reads from Ceph, until ctx ends, how far each chain is.
func (ws *witnesses) follow(ctx context.Context) {
	const program = `import rados, rbd, sys, time
with rados.Rados(conffile="/etc/ceph/ceph.conf", rados_id="admin", conf={"rbd_cache": "false"}) as cluster:
    disks, said = {}, {}
    for name in sys.argv[1:]:
        pool, image = name.split("/")
        disks[name] = rbd.Image(cluster.open_ioctx(pool), image, read_only=True)
    while True:
        for name, disk in disks.items():
            head = disk.read(524287 * 512, 512).decode(errors="replace").split()
            if len(head) == 5 and head[0] == "HEAD" and said.get(name) != head:
                said[name] = head
                print(name, head[1], head[4], flush=True)
        time.sleep(0.2)`
	script := "exec python3 -c " + quote(program)
	for _, w := range ws.all {
		script += " " + strings.Join(w.disks, " ")
	}
	for ctx.Err() == nil {
		cmd := exec.CommandContext(ctx, "ssh", "-F", ws.out("ssh_config"), "-o", "BatchMode=yes", "ceph01",
			"sudo sh -c "+quote(script))
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			ws.say("watching the chains: %v", err)
			return
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			ws.heard(lines.Text())
		}
		_ = cmd.Wait()
	}
}

// heard takes how far a chain is now: its disk, the number of records, and how many faults the guest saw.
func (ws *witnesses) heard(line string) {
	f := strings.Fields(line)
	if len(f) != 3 {
		return
	}
	count, err := strconv.Atoi(f[1])
	if err != nil {
		return
	}
	for _, w := range ws.all {
		if slices.Contains(w.disks, f[0]) {
			w.wrote(f[0], count, f[2])
		}
	}
}

// wrote takes that a disk has so many records now.
func (w *witness) wrote(disk string, count int, faults string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if faults != "0" {
		w.faults = faults
	}
	if count <= w.counts[disk] {
		return
	}
	now := time.Now()
	if last, ok := w.last[disk]; ok {
		w.gap = max(w.gap, now.Sub(last))
	}
	w.counts[disk], w.last[disk] = count, now
}

// writing waits until each witness has written so many more records to each disk.
func (ws *witnesses) writing(ctx context.Context, more int, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("a witness is silent for %s", patience))
	defer cancel()
	for _, w := range ws.all {
		from := w.count()
		for w.count() < from+more {
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s (%s), at record %d: %w", w.name, w.id, w.count(), context.Cause(ctx))
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

// count is how many records each of the disks has at least.
func (w *witness) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	least := w.counts[w.disks[0]]
	for _, disk := range w.disks {
		least = min(least, w.counts[disk])
	}
	return least
}

// forgetGap forgets the longest gap, and gives it.
func (w *witness) forgetGap() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	gap := w.gap
	w.gap = 0
	return gap
}

// A chain is what a witness wrote to a disk, as it is in Ceph.
type chain struct {
	Records int
	Boots   []string
	Fault   string
}

// chains reads what the witnesses wrote, from Ceph.
func (ws *witnesses) chains(ctx context.Context) (map[string]chain, error) {
	const script = `python3 - %s <<'PY'
import hashlib, json, rados, rbd, sys
base = 524288
found = {}
with rados.Rados(conffile="/etc/ceph/ceph.conf", rados_id="admin") as cluster:
    for name in sys.argv[1:]:
        pool, image = name.split("/")
        with cluster.open_ioctx(pool) as io, rbd.Image(io, image, read_only=True) as disk:
            head = disk.read((base - 1) * 512, 512).decode(errors="replace").split()
            if len(head) < 3 or head[0] != "HEAD":
                found[name] = {"Records": 0, "Fault": "has no head"}
                continue
            n, before, boots, fault = int(head[1]), "none", [], ""
            data = disk.read((base + 1) * 512, n * 512)
            for k in range(1, n + 1):
                record = data[(k - 1) * 512:k * 512]
                word = record.decode(errors="replace").split()
                if len(word) != 5 or word[0] != "REC" or word[2] != str(k) or word[4] != before:
                    fault = "record %%d is lost or changed: %%r" %% (k, record[:120])
                    break
                if word[1] not in boots:
                    boots.append(word[1])
                before = hashlib.sha256(record).hexdigest()
            if not fault and before != head[2]:
                fault = "the last record is not that of the head"
            found[name] = {"Records": n, "Boots": boots, "Fault": fault}
print(json.dumps(found))
PY`
	var disks []string
	for _, w := range ws.all {
		disks = append(disks, w.disks...)
	}
	out, err := ws.sh(ctx, "ceph01", fmt.Sprintf(script, strings.Join(disks, " ")))
	if err != nil {
		return nil, err
	}
	all := map[string]chain{}
	return all, json.Unmarshal([]byte(out), &all)
}

// judge wants each witness to write still, to have lost nothing, and to have no longer gap than that. rebooted
// says which witnesses may have booted anew.
func (ws *witnesses) judge(ctx context.Context, longest time.Duration, rebooted func(*witness) bool) (string, error) {
	if err := ws.writing(ctx, 3, 2*time.Minute); err != nil {
		return "", fmt.Errorf("%w%s", err, ws.panics(ctx))
	}
	chains, err := ws.chains(ctx)
	if err != nil {
		return "", err
	}
	var said []string
	var errs []error
	for _, w := range ws.all {
		gap := w.forgetGap()
		records, boots := 0, 0
		for _, disk := range w.disks {
			c := chains[disk]
			records, boots = records+c.Records, max(boots, len(c.Boots))
			if c.Fault != "" || c.Records == 0 {
				errs = append(errs, fmt.Errorf("%s: %s: %d records: %s", w.name, disk, c.Records, c.Fault))
			}
		}
		if boots > max(w.known, 1) && !rebooted(w) {
			errs = append(errs, fmt.Errorf("%s has booted %d times, not %d", w.name, boots, max(w.known, 1)))
		}
		w.known = boots
		if gap > longest && !rebooted(w) {
			errs = append(errs, fmt.Errorf("%s was silent for %s, longer than %s", w.name, gap, longest))
		}
		w.mu.Lock()
		if w.faults != "" {
			errs = append(errs, fmt.Errorf("%s saw %s faults of its disks", w.name, w.faults))
		}
		w.mu.Unlock()
		said = append(said, fmt.Sprintf("%s %d records, %d boots, longest gap %.1fs", w.name, records, boots, gap.Seconds()))
	}
	if err := errors.Join(errs...); err != nil {
		return "", fmt.Errorf("%w%s", err, ws.panics(ctx))
	}
	return strings.Join(said, "; "), nil
}

// panics tells of witnesses whose kernel gave up by itself, and of what QEMU can do with the disks of each: QEMU
// without hardware help may damage the memory of a guest that it migrates.
func (ws *witnesses) panics(ctx context.Context) string {
	const script = `for D in $(virsh list --uuid); do
  grep -aqs 'Kernel panic' /var/lib/nova/instances/$D/console.log && echo "$D has a panic of its own kernel"
  for disk in virtio-disk0 virtio-disk1; do
    for order in 'read 268435456 512' 'write -P 7 262144000 512'; do
      echo "$D $disk: $(timeout 30 virsh qemu-monitor-command --hmp $D "qemu-io -d $disk \"$order\"" 2>&1 | head -n 1)"
    done
  done
done`
	said := ""
	for _, host := range []string{"compute1", "compute2"} {
		out, err := ws.sh(ctx, host, script)
		said += fmt.Sprintf("\n%s: what QEMU says of its guests: %s%v", host, out, err)
	}
	return said
}

// end stops watching. The guests go on.
func (ws *witnesses) end() {
	ws.stop()
	ws.wait.Wait()
}
