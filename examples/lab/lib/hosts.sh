# shellcheck shell=bash
# The hosts: systemd-nspawn containers, each with its own network namespace,
# mount namespace and branch of the cgroup2 hierarchy.

netns_of() { echo "cslab-$1"; }
cgroup_of() { echo "cslab-$1"; }

# is_more HOST: it is one of brownfield ha alone.
is_more() { [[ " ${MORE_HOSTS[*]} " == *" $1 "* ]]; }

# hosts_now prints the hosts that there are: further ones exist while their folder does.
hosts_now() {
  local host
  for host in "${ALL_HOSTS[@]}" "${MORE_HOSTS[@]}"; do
    if ! is_more "$host" || [[ -d $HOSTS/$host ]]; then echo "$host"; fi
  done
}

# Cinder and Nova mount a share below a folder named after its md5.
share_hash() { printf '%s' "$SHARE_NAME" | md5sum | cut -d' ' -f1; }
share_mount() {
  case ${ROLE[$1]} in
    controller) echo "/var/lib/cinder/mnt/$(share_hash)" ;;
    compute) echo "/var/lib/nova/mnt/$(share_hash)" ;;
  esac
}

role_layers() {
  case ${ROLE[$1]} in
    ceph) layer_path ceph:base ;;
    *) layer_path "${ROLE[$1]}:stack:base" ;;
  esac
}

host_layers() {
  if [[ -d $SNAP/$1 ]]; then echo "$SNAP/$1:$(role_layers "$1")"; else role_layers "$1"; fi
}

mount_host() {
  mount -t overlay overlay -o "lowerdir=$(host_layers "$1"),upperdir=$HOSTS/$1/upper,workdir=$HOSTS/$1/work" "$HOSTS/$1/root"
}

# host_pid prints the pid of a running host; the start time next to it in the
# file keeps a recycled pid from being taken for it.
host_pid() {
  local pid began
  read -r pid began 2>/dev/null <"$HOSTS/$1/pid" || return 1
  [[ $(start_of "$pid") == "$began" ]] && echo "$pid"
}

start_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

host_running() { host_pid "$1" >/dev/null; }

network_up() {
  ip link show "$BRIDGE" >/dev/null 2>&1 || ip link add "$BRIDGE" type bridge
  ip addr replace "$BRIDGE_ADDR/$NETMASK" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  # The kernel's defaults are too small for four systemds, three OSDs and a MariaDB.
  raise_sysctl fs.inotify.max_user_instances 1024
  raise_sysctl fs.aio-max-nr 1048576
}

raise_sysctl() { (($(sysctl -n "$1") >= $2)) || sysctl -qw "$1=$2"; }

network_of_host() {
  local host=$1 ns
  ns=$(netns_of "$host")
  ip netns add "$ns"
  ip link add "csl-$host" type veth peer name eth0 netns "$ns"
  ip link set "csl-$host" master "$BRIDGE" up
  ip -n "$ns" addr add "${ADDR[$host]}/$NETMASK" dev eth0
  ip -n "$ns" link set eth0 up
  ip -n "$ns" link set lo up
}

network_down() { ip link del "$BRIDGE" 2>/dev/null || true; }

# other_lab prints the suite and the state of another lab whose hosts run. All
# labs have the same bridge, addresses, namespaces and cgroups.
other_lab() {
  local suite state
  read -r suite state 2>/dev/null <"$RUN/owner" || return 1
  [[ $state != "$STATE" ]] && (HOSTS=$state/hosts; ! no_host_running) && echo "$suite $state"
}

# alone_or_die COMMAND refuses what would end or disturb another lab's hosts.
alone_or_die() {
  local suite state
  read -r suite state < <(other_lab) || return 0
  die "$1: the lab of $suite runs ($state): stop it first with SUITE=$suite lab down"
}

# start_host boots one host on a fresh or existing upper layer.
start_host() {
  local host=$1
  kill_host "$host"
  network_of_host "$host"
  mkdir -p "$HOSTS/$host"/{upper,work,root}
  setsid unshare -m --propagation private "$LAB" _boot "$host" </dev/null >>"$LOGS/console-$host.log" 2>&1 &
  echo "$! $(start_of $!)" >"$HOSTS/$host/pid"
}

# boot_host becomes the host: runs in the mount namespace of the host, which
# goes away with its last process, and the overlay with it.
boot_host() {
  close_inherited
  local host=$1 binds=(--bind-ro="$CACHE/packages:/srv/packages") at
  own_cgroup "$(cgroup_of "$host")"
  mount_host "$host"
  at=$(share_mount "$host")
  [[ -z $at ]] || binds+=(--bind="$SHARE:$at")
  [[ ${ROLE[$host]} != controller ]] || binds+=(--bind="$IMAGES:/srv/images")
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin systemd-nspawn --quiet --register=no --keep-unit \
    --network-namespace-path="/run/netns/$(netns_of "$host")" --capability=all \
    --resolv-conf=off --timezone=off --link-journal=no --console=read-only --kill-signal=SIGRTMIN+4 \
    "${binds[@]}" --machine="$host" --hostname="$host" -b -D "$HOSTS/$host/root"
}

# close_inherited closes what the caller of the program had open, such as a lock: a host
# would hold it for its whole life. Bash itself has 255.
close_inherited() {
  local fd
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    if ((fd > 2 && fd != 255)); then eval "exec $fd>&-"; fi
  done
}

own_cgroup() {
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p "/sys/fs/cgroup/$1"
  echo $$ >"/sys/fs/cgroup/$1/cgroup.procs"
}

# kill_host ends every process of a host at once, whatever state it is in: all
# of them, and nothing else, are in its cgroup. Its network goes away, too.
kill_host() {
  unshare -m --propagation private "$LAB" _kill "$1"
  rm -f "$HOSTS/$1/pid"
  ip netns del "$(netns_of "$1")" 2>/dev/null || true
  ip link del "csl-$1" 2>/dev/null || true
}

kill_cgroup() {
  local branch
  branch=/sys/fs/cgroup/$(cgroup_of "$1")
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  [[ -d $branch ]] || return 0
  echo 1 >"$branch/cgroup.kill"
  wait_for 20 "the end of $1" grep -q 'populated 0' "$branch/cgroup.events"
  find "$branch" -depth -type d -exec rmdir {} +
}

# stop_hosts powers the hosts off in an orderly way; what is still there after
# that is killed.
stop_hosts() {
  local host pid
  for host in "${ALL_HOSTS[@]}" "${MORE_HOSTS[@]}"; do
    if pid=$(host_pid "$host"); then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  wait_for 60 "power-off" no_host_running || true
  for host in "${ALL_HOSTS[@]}" "${MORE_HOSTS[@]}"; do kill_host "$host"; done
}

no_host_running() {
  local host
  for host in "${ALL_HOSTS[@]}" "${MORE_HOSTS[@]}"; do ! host_running "$host" || return 1; done
}

all_hosts_running() {
  local host
  for host in $(hosts_now); do host_running "$host" || return 1; done
}

start_hosts() {
  local host
  echo "$SUITE $STATE" >"$RUN/owner"
  network_up
  for host in $(hosts_now); do start_host "$host"; done
  for host in $(hosts_now); do wait_for 120 "ssh to $host" on "$host" true; done
}
