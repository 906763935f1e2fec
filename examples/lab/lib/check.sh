# shellcheck shell=bash
# Can this machine host the lab? One line for each reason why not.

needed_disk_mib=20480
needed_memory_mib=12288

reasons() {
  [[ $EUID == 0 ]] || { echo 'not root: the lab mounts file systems and makes network namespaces'; return; }
  reason_system
  reason_mounts
  reason_network
  reason_disk
  reason_memory
}

reason_system() {
  # shellcheck source=/dev/null
  (. /etc/os-release && [[ ${ID:-} == debian && ${VERSION_ID:-} == 12 ]]) ||
    echo "not Debian 12: the hosts' packages come from this machine's own archives"
}

# reason_mounts tries for real: overlay and cgroup2 in a private mount namespace.
reason_mounts() {
  local dir
  dir=$(mktemp -d) || { echo 'no folder for temporary files'; return; }
  # shellcheck disable=SC2016  # expands in the namespace
  unshare -m --propagation private sh -euc '
    cd "$1"; mount -t tmpfs tmpfs . ; cd "$1"; mkdir lower upper work root
    mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root
    umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir /sys/fs/cgroup/cslab-check && rmdir /sys/fs/cgroup/cslab-check' sh "$dir" >/dev/null 2>&1 ||
    echo 'no right to mount tmpfs, overlay and cgroup2 in a mount namespace of its own'
  rmdir "$dir"
}

reason_network() {
  command -v ip >/dev/null || return 0 # comes with `up`
  if ip netns add cslab-check 2>/dev/null; then
    ip netns del cslab-check
  else
    echo 'no right to make network namespaces (ip netns add)'
  fi
}

reason_disk() {
  local at=$STATE free used
  until [[ -d $at ]]; do at=$(dirname "$at"); done
  free=$(df -Pm "$at" | awk 'NR == 2 {print $4}')
  # What an earlier `up` has built need not be built again.
  used=$(du -sm "$STATE" 2>/dev/null | cut -f1 || true)
  ((free + ${used:-0} >= needed_disk_mib)) ||
    echo "too little disk: $free MiB free at $at, $needed_disk_mib MiB needed"
}

reason_memory() {
  local total
  total=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
  # A machine sold with 12 GiB shows a little less.
  ((total >= needed_memory_mib * 95 / 100)) || echo "too little memory: $total MiB in all, $needed_memory_mib MiB needed"
}

lab_check() {
  local found
  found=$(reasons)
  [[ -n $found ]] || { say 'this machine can host the lab'; return 0; }
  printf '%s\n' "$found" >&2
  exit 3
}

machine_or_die() {
  local found
  found=$(reasons)
  [[ -z $found ]] || { printf '%s\n' "$found" >&2; exit 3; }
}
