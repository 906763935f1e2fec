# shellcheck shell=bash
# The root file systems: one base from debootstrap and, over it, one overlay
# layer per role. All mounts happen in a private mount namespace, so nothing is
# left mounted whatever happens to the build.

# Everything a layer is made of; a change here rebuilds that layer and those above it.
base_packages=systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,iputils-ping,procps,python3,kmod,netbase
declare -A LAYER_BELOW=([ceph]=base [stack]=base [compute]=stack:base [controller]=stack:base)
declare -A LAYER_PACKAGES=(
  [ceph]='ceph-mon ceph-mgr ceph-osd ceph-common'
  # What controller and computes share, so that python is byte-compiled once.
  [stack]='nova-common python3-nova python3-pymysql python3-memcache qemu-utils dmidecode'
  [compute]='nova-compute-qemu nova-compute libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients
    python3-libvirt qemu-block-extra genisoimage openssh-client netcat-openbsd'
  [controller]='mariadb-server rabbitmq-server memcached keystone glance-api cinder-api cinder-scheduler
    cinder-volume cinder-backup placement-api nova-api nova-conductor nova-scheduler neutron-common
    python3-neutron python3-openstackclient'
)
for layer in "${!SUITE_PACKAGES[@]}"; do LAYER_PACKAGES[$layer]+=" ${SUITE_PACKAGES[$layer]}"; done
# Units that must not start before they are configured, or make no sense in a container.
units_later='keystone glance-api cinder-api cinder-scheduler cinder-volume cinder-backup placement-api
  nova-api nova-api-metadata nova-conductor nova-scheduler nova-compute neutron-api neutron-rpc-server'
units_never='tgt.service iscsid.service iscsid.socket open-iscsi.service multipathd.service multipathd.socket
  lvm2-monitor.service lvm2-lvmpolld.socket epmd.service epmd.socket nvmf-autoconnect.service
  getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
  e2scrub_all.timer fstrim.timer logrotate.timer systemd-timesyncd.service libvirt-guests.service
  ceph-crash.service virtlockd-admin.socket systemd-udevd.service systemd-udev-trigger.service
  systemd-networkd-wait-online.service'

# What a controller has once: the further ones of brownfield ha do without it.
units_of_one='mariadb.service rabbitmq-server.service memcached.service'

# layer_key NAME names the inputs of a layer: same key, nothing to build.
layer_key() {
  case $1 in
    base) sha256sum <<<"base 2 $SUITE $base_packages $units_never" ;;
    *) sha256sum <<<"$1 1 $(layer_key base) ${LAYER_PACKAGES[$1]} ${LAYER_BELOW[$1]} ${LAYER_PACKAGES[stack]} $units_later \
      $([[ $1 != compute ]] || echo "$suite_qemu")" ;;
  esac | cut -c1-16
}

layer_ready() { [[ $(cat "$ROOTS/$1.key" 2>/dev/null) == "$(layer_key "$1")" ]]; }

layer_path() {
  local part paths=()
  for part in ${1//:/ }; do paths+=("$ROOTS/$part"); done
  (IFS=:; echo "${paths[*]}")
}

# apt_uris prints "URI SUITE" for each Debian archive this machine uses itself,
# for the suite of the hosts.
apt_uris() {
  # shellcheck disable=SC2016  # apt's own placeholders
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite="$SUITE" -v archives="$suite_archives" '$2 ~ /^bookworm/ && $3 == "main" && !seen[$0]++ &&
      (archives == "all" || $2 == "bookworm") {sub(/^bookworm/, suite, $2); print $1, $2}'
}

base_mirror() { apt_uris | awk -v suite="$SUITE" '$2 == suite {print $1; exit}'; }

# apt_conf_into ROOT gives a root this machine's archives and transport settings
# for the time of a build; apt_conf_out takes them away again.
apt_conf_into() {
  rm -f "$1/etc/apt/sources.list.d/lab.list"
  apt_uris | awk '{print "deb", $0, "main"}' >"$1/etc/apt/sources.list"
  (umask 077; apt-config dump | grep -E '^Acquire::(http|https|Check|Retries|ForceIPv4)' >"$1/etc/apt/apt.conf.d/90lab-build" || true)
  printf '%s\n' 'Acquire::Languages "none";' "$suite_apt" >>"$1/etc/apt/apt.conf.d/90lab-build"
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 0755 "$1/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$1/etc/resolv.conf"
}

apt_conf_out() {
  rm -f "$1"/etc/apt/apt.conf.d/90lab-build "$1"/usr/sbin/policy-rc.d "$1"/etc/resolv.conf
  rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/archives/*.deb "$1"/var/cache/apt/*.bin
  echo 'deb [trusted=yes] file:/srv/packages ./' >"$1/etc/apt/sources.list.d/lab.list"
  : >"$1/etc/apt/sources.list"
}

in_root() {
  local root=$1
  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive \
    chroot "$root" "$@" </dev/null
}

build_base() {
  local root=$ROOTS/base mirror
  layer_ready base && return
  mirror=$(base_mirror)
  [[ $mirror ]] || { echo "no archive of bookworm main in this machine's apt sources"; return 1; }
  rm -rf "$root" "$root.key"
  debootstrap --variant=minbase --include="$base_packages" "$SUITE" "$root" "$mirror"
  printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
    'path-exclude=/usr/share/locale/*' >"$root/etc/dpkg/dpkg.cfg.d/lab"
  unshare -m --propagation private "$LAB" _base
  layer_key base >"$root.key"
}

# finish_base runs in a mount namespace of its own.
finish_base() {
  local root=$ROOTS/base
  mount -t proc proc "$root/proc"
  apt_conf_into "$root"
  in_root "$root" apt-get -q update
  in_root "$root" apt-get -qy dist-upgrade
  base_settings "$root"
  apt_conf_out "$root"
}

base_settings() {
  local root=$1
  in_root "$root" useradd -m -s /bin/bash -p '*' stack
  echo 'stack ALL=(ALL) NOPASSWD:ALL' >"$root/etc/sudoers.d/stack"
  chmod 0440 "$root/etc/sudoers.d/stack"
  cat >"$root/etc/ssh/sshd_config.d/lab.conf" <<'CONF'
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
MaxSessions 64
MaxStartups 64:30:128
CONF
  rm -f "$root"/etc/ssh/ssh_host_*
  : >"$root/etc/machine-id"
  mkdir -p "$root/etc/systemd/journald.conf.d" "$root/srv/packages"
  printf '[Journal]\nStorage=persistent\nSystemMaxUse=64M\nRateLimitIntervalSec=0\n' \
    >"$root/etc/systemd/journald.conf.d/lab.conf"
  mask_units "$root" "$units_never"
}

# mask_units ROOT UNITS
mask_units() {
  local unit
  for unit in $2; do ln -sfn /dev/null "$1/etc/systemd/system/$unit"; done
}

build_layer() {
  local name=$1
  layer_ready "$name" && return
  rm -rf "${ROOTS:?}/$name" "$ROOTS/$name.work" "$ROOTS/$name.key"
  mkdir -p "$ROOTS/$name" "$ROOTS/$name.work" "$ROOTS/$name.root"
  unshare -m --propagation private "$LAB" _layer "$name"
  rm -rf "$ROOTS/$name.work" "$ROOTS/$name.root"
  layer_key "$name" >"$ROOTS/$name.key"
}

# fill_layer runs in a mount namespace of its own.
fill_layer() {
  local name=$1 root=$ROOTS/$1.root unit
  mount -t overlay overlay -o "lowerdir=$(layer_path "${LAYER_BELOW[$name]}"),upperdir=$ROOTS/$name,workdir=$ROOTS/$name.work" "$root"
  mount -t proc proc "$root/proc"
  mount -t devpts devpts "$root/dev/pts"
  apt_conf_into "$root"
  in_root "$root" apt-get -q update
  # shellcheck disable=SC2086  # a list of packages
  in_root "$root" apt-get -qy --no-install-recommends install ${LAYER_PACKAGES[$name]}
  [[ $name != compute || ! $suite_qemu ]] || newer_qemu "$root"
  for unit in $units_later; do
    in_root "$root" systemctl disable "$unit" || true
  done
  apt_conf_out "$root"
}

# newer_qemu ROOT installs QEMU from another archive of the mirror than that of the suite.
newer_qemu() {
  echo "deb $(base_mirror) $suite_qemu main" >>"$1/etc/apt/sources.list"
  in_root "$1" apt-get -q update
  in_root "$1" apt-get -qy --no-install-recommends -t "$suite_qemu" install qemu-system-x86 qemu-block-extra qemu-utils
}

packages_key() { echo "$(layer_key base)${suite_engine:+ $suite_engine}"; }

packages_ready() { [[ $(cat "$CACHE/packages.key" 2>/dev/null) == "$(packages_key)" ]]; }

# build_packages makes the archive from which the hosts, which have no internet,
# install what an integration needs, and an engine: the closure against the bare base.
build_packages() {
  local dir=$CACHE/packages
  packages_ready && return
  rm -rf "$dir" "$CACHE/packages.key"
  # shellcheck disable=SC2086  # a list of packages
  download "$dir" base ceph-common python3-rbd python3-rados $suite_engine
  (cd "$dir" && apt-ftparchive packages . >Packages && gzip -9kf Packages && apt-ftparchive release . >Release)
  packages_key >"$CACHE/packages.key"
}

# download DIR LAYERS PACKAGE… fetches packages, and what they need that is not in these
# layers.
download() {
  mkdir -p "$1" "$1".{upper,work,root}
  unshare -m --propagation private "$LAB" _packages "$@"
  rm -rf "$1".{upper,work,root}
}

# fetch_packages runs in a mount namespace of its own.
fetch_packages() {
  local dir=$1 root=$1.root
  mount -t overlay overlay -o "lowerdir=$(layer_path "$2"),upperdir=$dir.upper,workdir=$dir.work" "$root"
  mount -t proc proc "$root/proc"
  apt_conf_into "$root"
  in_root "$root" apt-get -q update
  in_root "$root" apt-get -qy --no-install-recommends --download-only install "${@:3}"
  cp "$root"/var/cache/apt/archives/*.deb "$dir/"
}

# build_roots makes what is missing; two builds at a time, as the machine has two cores at least.
build_roots() {
  build_layers_first &
  local first=$!
  wait_all $first
  build_layer compute >"$LOGS/layer-compute.log" 2>&1 &
  local compute=$!
  build_layer controller >"$LOGS/layer-controller.log" 2>&1 &
  wait_all $compute $! || { tail -n 5 "$LOGS"/layer-*.log; return 1; }
}

build_layers_first() {
  build_layer stack >"$LOGS/layer-stack.log" 2>&1 &
  local stack=$!
  { build_layer ceph; build_packages; } >"$LOGS/layer-ceph.log" 2>&1 &
  wait_all $stack $! || { tail -n 5 "$LOGS"/layer-*.log; return 1; }
}
