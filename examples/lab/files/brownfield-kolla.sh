#!/bin/bash
# Puts the services that an integration touches into containers, as kolla-ansible
# deploys them with podman, without Ceph. What config.json becomes once kolla-ansible
# is told of Ceph is in /srv/kolla/told.
# Settings: PACKAGES
set -euo pipefail

# The engine, and what of Ceph is in Kolla's images.
packages() {
  apt-get -q update
  # shellcheck disable=SC2086  # a list of packages
  DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install $PACKAGES
  rm -r /etc/ceph
}

# An engine below systemd-nspawn: overlays do not go on overlays, keyrings are
# refused, and the cgroups have no controllers.
engine() {
  printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' >/etc/containers/storage.conf
  printf '[containers]\nkeyring = false\npids_limit = 0\n' >/etc/containers/containers.conf
  install -m 0755 brownfield-kolla-start.py /usr/local/bin/kolla_start
  printf '#!/bin/sh\n/usr/sbin/virtlogd &\nexec /usr/sbin/libvirtd\n' | install -m 0755 /dev/stdin /usr/local/bin/kolla_nova_libvirt_start
  install -m 0755 brownfield-kolla-container /usr/local/sbin/kolla-container
  mkdir -p /srv/kolla/{root,told}
  echo '/ /srv/kolla/root none bind,private 0 0' >>/etc/fstab
  mount /srv/kolla/root
}

# entry SOURCE DEST OWNER [FURTHER] is one of what a container takes in.
entry() { printf '{"source": "/var/lib/kolla/config_files/%s", "dest": "%s", "owner": "%s", "perm": "0600"%s}\n' "$1" "$2" "$3" "${4:-}"; }

# config COMMAND ENTRY… is a config.json.
config() {
  local command=$1 entries
  shift
  entries=$(printf ',\n    %s' "$@")
  printf '{\n  "command": "%s",\n  "config_files": [\n    %s\n  ]\n}\n' "$command" "${entries#*$'\n    '}"
}

# folder SERVICE FILE… makes a service's folder with copies of files of the host. A
# service's locks are below its own folder, as the units' folders are gone.
folder() {
  local conf
  install -d -m 0770 "/etc/kolla/$1"
  install -m 0660 "${@:2}" "/etc/kolla/$1/"
  for conf in /etc/kolla/"$1"/{glance-api,cinder,nova}.conf; do
    [[ ! -e $conf ]] || printf '[oslo_concurrency]\nlock_path=/var/lib/%s/tmp\n' "${1%%-*}" | python3 set-ini.py /dev/stdin "$conf"
  done
}

# login_for_cinder FILE gives Nova the login for Cinder that kolla-ansible gives it.
login_for_cinder() {
  { echo '[cinder]' && sed -n '/^\[keystone_authtoken\]/,/^\[/p' "$1" | grep -E '^(auth_|password|username|user_domain|project_)'; } |
    python3 set-ini.py /dev/stdin "$1"
}

# deploy SERVICE COMMAND ENTRIES MORE makes and starts the service's container in
# place of the packaged unit; MORE are the entries that there are with Ceph.
deploy() {
  local service=$1 command=$2 name=${1//-/_}
  local -n entries=$3 more=$4
  config "$command" "${entries[@]}" >"/etc/kolla/$service/config.json"
  config "$command" "${entries[@]}" "${more[@]}" >"/srv/kolla/told/$service.json"
  chmod 0660 "/etc/kolla/$service/config.json"
  kolla-container "$name"
  unit "$name" >"/etc/systemd/system/kolla-$name-container.service"
  systemctl daemon-reload
  systemctl enable --now "kolla-$name-container"
}

# The unit that kolla-ansible writes for a container.
unit() {
  cat <<UNIT
[Unit]
Description=podman kolla-$1-container.service
After=network-online.target
Wants=network-online.target
PartOf=kolla.target
StartLimitInterval=120
StartLimitBurst=10

[Service]
ExecStart=/usr/bin/podman start -a $1
ExecStop=/usr/bin/podman stop $1 -t 60
Restart=always
RestartSec=11
SuccessExitStatus=143

[Install]
WantedBy=multi-user.target
UNIT
}

# retire UNIT… ends packaged units for good.
retire() {
  systemctl disable --now "$@"
  systemctl mask "$@"
}

# shellcheck disable=SC2034 # deploy reads them by name
controller() {
  local own ceph
  retire glance-api cinder-volume cinder-backup nova-conductor
  folder glance-api /etc/glance/glance-api.conf
  own=("$(entry glance-api.conf /etc/glance/glance-api.conf glance)")
  ceph=("$(entry ceph /etc/ceph glance)")
  deploy glance-api glance-api own ceph
  folder cinder-volume /etc/cinder/cinder.conf /etc/cinder/nfs_shares
  own=("$(entry cinder.conf /etc/cinder/cinder.conf cinder)" "$(entry nfs_shares /etc/cinder/nfs_shares cinder ', "optional": false')")
  ceph=("$(entry ceph /etc/ceph cinder)")
  deploy cinder-volume 'cinder-volume --config-file /etc/cinder/cinder.conf' own ceph
  folder cinder-backup /etc/cinder/cinder.conf
  own=("$(entry cinder.conf /etc/cinder/cinder.conf cinder)")
  deploy cinder-backup 'cinder-backup --config-file /etc/cinder/cinder.conf' own ceph
  folder nova-conductor /etc/nova/nova.conf
  login_for_cinder /etc/kolla/nova-conductor/nova.conf
  own=("$(entry nova.conf /etc/nova/nova.conf nova)")
  ceph=()
  deploy nova-conductor nova-conductor own ceph
}

# shellcheck disable=SC2034 # deploy reads them by name
compute() {
  local own ceph keyring=ceph.client.cinder.keyring
  retire nova-compute libvirtd.service libvirtd{,-ro,-admin}.socket virtlogd.service virtlogd{,-admin}.socket
  mv /etc/libvirt/qemu /srv/kolla/nova_libvirt_qemu
  folder nova-libvirt /etc/libvirt/libvirtd.conf
  printf '%s\n' 'unix_sock_group = "libvirt"' 'unix_sock_rw_perms = "0770"' 'auth_unix_rw = "none"' >>/etc/kolla/nova-libvirt/libvirtd.conf
  printf '%s\n' 'stdio_handler = "logd"' 'user = "nova"' 'group = "nova"' | install -m 0660 /dev/stdin /etc/kolla/nova-libvirt/qemu.conf
  own=("$(entry libvirtd.conf /etc/libvirt/libvirtd.conf root)" "$(entry qemu.conf /etc/libvirt/qemu.conf root)")
  ceph=("$(entry secrets /etc/libvirt/secrets root ', "merge": true')" "$(entry ceph.conf /etc/ceph/ceph.conf nova)")
  deploy nova-libvirt kolla_nova_libvirt_start own ceph
  folder nova-compute /etc/nova/nova.conf /var/lib/nova/compute_id
  python3 set-ini.py /etc/nova/nova-compute.conf /etc/kolla/nova-compute/nova.conf
  login_for_cinder /etc/kolla/nova-compute/nova.conf
  own=("$(entry nova.conf /etc/nova/nova.conf nova)" "$(entry compute_id /var/lib/nova/compute_id nova)")
  ceph=("$(entry $keyring /etc/ceph/$keyring nova)" "$(entry ceph.conf /etc/ceph/ceph.conf nova)")
  deploy nova-compute nova-compute own ceph
}

main() {
  # shellcheck source=/dev/null
  . ./settings
  packages
  engine
  if systemctl -q is-enabled nova-compute; then compute; else controller; fi
}
main
