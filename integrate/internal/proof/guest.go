package proof

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A guestTask is something that a guest does with a disk once it appears.
type guestTask struct {
	// verb is write: make a file system and data; read: checksum it; tick: read, then append for ever; sparse: write
	// some blocks of the disk, leave holes, and checksum all; dirty: write blocks where a sparse disk has holes; whole:
	// checksum all of the disk, once it begins as other, a sparse disk, does.
	verb   string
	serial string // first 20 characters of the volume's ID, as virtio shows them
	other  string // serial of the sparse disk; of whole alone
}

func (t guestTask) String() string {
	if t.other == "" {
		return t.verb + ":" + t.serial
	}
	return t.verb + ":" + t.serial + ":" + t.other
}

func serialOf(volumeID string) string { return volumeID[:min(20, len(volumeID))] }

// guestScript is a guest's user data: a POSIX shell script that needs no
// network. It answers on the console, in lines that begin with CEPHSTACK.
func guestScript(tasks ...guestTask) []byte {
	var list []string
	for _, t := range tasks {
		list = append(list, t.String())
	}
	return []byte("#!/bin/sh\n# cephstack-guest " + strings.Join(list, " ") + "\n" + "TASKS='" + strings.Join(list, " ") +
		"'\n" + guestBody)
}

// The body finds disks by serial number, since their names depend on order.
// tick unmounts between its writes, so that the disk is consistent on its own
// whenever it is backed up or pulled. What sparse and dirty write overlaps in places, and begins and ends within an
// object of RBD (4 MiB) as well as on its border; numbers are in KiB.
const guestBody = `PATH=/sbin:/usr/sbin:/bin:/usr/bin
say() { echo "CEPHSTACK $*" >/dev/console 2>/dev/null || echo "CEPHSTACK $*"; }
disk() {
  for s in /sys/block/*/serial; do
    [ -r "$s" ] && [ "$(cat "$s")" = "$1" ] && { b=${s%/serial}; echo "/dev/${b##*/}"; return; }
  done
  for l in /dev/disk/by-id/*"$1"*; do [ -e "$l" ] && { readlink -f "$l"; return; }; done
}
sum() { set -- $(sha256sum "$M/data"); echo "$1"; }
write() {
  mkfs=mke2fs; command -v mkfs.ext4 >/dev/null 2>&1 && mkfs="mkfs.ext4 -q"
  $mkfs -F "$1" >/dev/null 2>&1 || { echo mkfs-failed; return; }
  mount "$1" "$M" || { echo mount-failed; return; }
  dd if=/dev/urandom of="$M/data" bs=1048576 count=8 2>/dev/null; sync
  echo 3 >/proc/sys/vm/drop_caches 2>/dev/null
  r=$(sum); umount "$M" || r=umount-failed; sync; echo "$r"
}
read_sum() {
  mount "$1" "$M" || { echo mount-failed; return; }
  r=$(sum); n=0; [ -f "$M/ticks" ] && n=$(wc -l <"$M/ticks"); umount "$M" || r=umount-failed; echo "$r ticks=$n"
}
append() {
  mount "$1" "$M" || return
  echo tick >>"$M/ticks"; n=$(wc -l <"$M/ticks"); sync; umount "$M"; say "tick $2 $n"
}
blocks() {
  d=$1; shift
  for b in "$@"; do
    dd if=/dev/urandom of="$d" bs=1024 seek="${b%+*}" count="${b#*+}" conv=notrunc 2>/dev/null ||
      { echo write-failed; return; }
  done
  sync; echo written
}
sparse() {
  dd if=/dev/zero of="$1" bs=1024 seek=16384 count=1024 conv=notrunc 2>/dev/null || { echo write-failed; return; }
  r=$(blocks "$1" 0+512 5123+67 32768+4096 307200+1024 1047552+1024); [ "$r" = written ] || { echo "$r"; return; }
  echo "cephstack $2" | dd of="$1" bs=1024 conv=notrunc 2>/dev/null || { echo write-failed; return; }
  sync; echo 3 >/proc/sys/vm/drop_caches 2>/dev/null; whole "$1"
}
dirty() {
  blocks "$1" 256+8192 16000+2048 34816+4096 131072+1024 262144+64 307201+9 524288+4096 786433+777 1040384+8192
}
whole() { set -- $(sha256sum "$1"); echo "$1"; }
begins() { [ "$(head -c 64 "$1" | head -n 1)" = "cephstack $2" ]; }
M=/mnt/cephstack; mkdir -p "$M" 2>/dev/null || { M=/run/cephstack; mkdir -p "$M"; }
DONE=" "
work() {
  for t in $TASKS; do
    v=${t%%:*}; s=${t#*:}; o=${s#*:}; s=${s%%:*}; d=$(disk "$s"); [ -n "$d" ] || continue
    case "$DONE" in
    *" $t "*) [ "$v" = tick ] && append "$d" "$s" ;;
    *)
      if [ "$v" = whole ]; then begins "$d" "$o" || continue; fi
      case $v in read | tick) r=$(read_sum "$d") ;; *) r=$($v "$d" "$o") ;; esac; say "$v $s $r"; DONE="$DONE$t " ;;
    esac
  done
}
say ready
( while :; do work; read -r up _ </proc/uptime; say "beat $up"; sleep 3; done ) </dev/null 2>/dev/null &
wait
`

var beatForm = regexp.MustCompile(`CEPHSTACK beat (\d+(?:\.\d+)?)`)

// lastBeat is the newest uptime that a guest wrote, in seconds; 0 when it wrote none.
func lastBeat(console string) float64 {
	all := beatForm.FindAllStringSubmatch(console, -1)
	if len(all) == 0 {
		return 0
	}
	up, _ := strconv.ParseFloat(all[len(all)-1][1], 64) // the form guarantees it
	return up
}

// answer waits until a guest's console has a line that begins with want, and returns the
// rest of the newest such line.
func (j *journey) answer(ctx context.Context, server, want string) (string, error) {
	var answer string
	err := j.await(ctx, server, want, func(console string) bool {
		for _, line := range strings.Split(console, "\n") {
			if _, rest, ok := strings.Cut(line, "CEPHSTACK "+want); ok {
				answer = strings.TrimSpace(rest)
			}
		}
		return answer != "" || (want == "ready" && strings.Contains(console, "CEPHSTACK ready"))
	})
	return answer, err
}

// await polls a guest's console until ok accepts it.
func (j *journey) await(ctx context.Context, server, what string, ok func(console string) bool) error {
	wait := j.Options.GuestWait
	if wait == 0 {
		wait = 5 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	said, failed := "", error(nil)
	for {
		console, err := j.cloud.Console(ctx, server, 0)
		switch {
		case err == nil && ok(console):
			return nil
		case err == nil:
			said, failed = console, nil
		case ctx.Err() == nil || said == "" && failed == nil: // else the time cut it short, which says nothing of the guest
			failed = err
		}
		select {
		case <-ctx.Done():
			silent := fmt.Errorf("guest %s did not say %q within %s; its console ends: %s", server, what, wait,
				tail(said, 300))
			if failed != nil {
				return fmt.Errorf("%w (last error: %w)", silent, failed)
			}
			return silent
		case <-time.After(j.poll):
		}
	}
}

func tail(s string, n int) string {
	if len(s) > n {
		s = s[len(s)-n:]
	}
	return strings.Join(strings.Fields(s), " ")
}
