#!/bin/bash
# Makes a compute of what its packages installed.
# Settings: SUITE MY_ADDR CONTROLLER_ADDR SERVICE_PASSWORD RABBIT_PASSWORD SHARE_MOUNT NOVA_KEY NOVA_PUBLIC_KEY HOST_KEYS
set -euo pipefail
set -a
# shellcheck source=/dev/null
. ./settings
set +a
# shellcheck source=/dev/null
. ./common.sh

# The source's libvirtd, as root, reaches the other compute as user nova.
migration_access() {
  local ssh=/var/lib/nova/.ssh
  usermod -s /bin/bash -p '*' -aG libvirt nova
  install -d -m 0700 -o nova -g nova $ssh
  install -m 0600 -o nova -g nova /dev/null $ssh/id_ed25519
  printf '%s\n' "$NOVA_KEY" >$ssh/id_ed25519
  printf '%s\n' "$NOVA_PUBLIC_KEY" >$ssh/authorized_keys
  printf '%s\n' "$HOST_KEYS" | tee $ssh/known_hosts >/etc/ssh/ssh_known_hosts
  chown nova:nova $ssh/*
}

# The computes share the machine's firmware tables; libvirt refuses to migrate
# between two hosts with one UUID.
libvirt_identity() {
  grep -q '^host_uuid_source' /etc/libvirt/libvirtd.conf ||
    echo 'host_uuid_source = "machine-id"' >>/etc/libvirt/libvirtd.conf
  systemctl restart libvirtd
}

# Nova unmounts a share with its last volume, but here the mount belongs to the
# host's start: a process that stands in it keeps it.
hold_share() {
  cat >/etc/systemd/system/lab-share.service <<UNIT
[Unit]
Description=Keeps the volume share mounted

[Service]
WorkingDirectory=$SHARE_MOUNT
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --now lab-share
}

# Nova says that it is ready once it has reached the conductor, and all hosts
# start at the same time: systemd's 90 seconds are too few on busy cores.
slow_start() {
  mkdir -p /etc/systemd/system/nova-compute.service.d
  printf '[Service]\nTimeoutStartSec=600\n' >/etc/systemd/system/nova-compute.service.d/lab.conf
}

main() {
  slow_start
  suite_unit nova-compute
  set_ini nova /etc/nova/nova.conf
  migration_access
  libvirt_identity
  hold_share
  systemctl enable --now nova-compute
}
main
