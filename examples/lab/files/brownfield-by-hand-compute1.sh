#!/bin/bash
# A compute whose VMs are on Ceph, as a guide of 2014 has it.
# Settings: CONF NOVA_RING CINDER_KEY NOVA_KEY CINDER_UUID NOVA_UUID SERVER
set -euo pipefail
set -a
# shellcheck source=/dev/null
. ./settings
set +a

packages() {
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install ceph-common python3-rbd
}

# Nova's key is in a file of its own, which ceph.conf names: it takes the place of any keyring.
files() {
  local file
  install -d /etc/ceph
  printf '%s\n[client]\nkeyfile = /etc/ceph/nova-compute.key\n' "$CONF" >/etc/ceph/ceph.conf
  for file in nova-compute.key ceph.client.nova-compute.keyring; do
    install -m 0600 -o nova -g nova /dev/null "/etc/ceph/$file"
  done
  printf '%s\n' "$NOVA_KEY" >/etc/ceph/nova-compute.key
  printf '%s\n' "$NOVA_RING" >/etc/ceph/ceph.client.nova-compute.keyring
}

# secret UUID NAME KEY defines a secret with a random UUID and the guide's usage.
secret() {
  local xml=/run/lab/secret.xml value=/run/lab/secret.value
  printf "<secret ephemeral='no' private='no'><uuid>%s</uuid><usage type='ceph'><name>client.%s secret</name></usage></secret>\n" \
    "$1" "$2" >$xml
  printf '%s' "$3" >$value
  virsh -q secret-define --file $xml
  virsh -q secret-set-value --secret "$1" --file $value
  rm $xml $value
}

# The VM that was here before keeps its bytes.
move_disk() {
  local disk file
  for disk in disk disk.config; do
    file=/var/lib/nova/instances/$SERVER/$disk
    [[ ! -e $file ]] || runuser -u nova -- qemu-img convert -U -O raw "$file" \
      "rbd:vms/${SERVER}_$disk:id=nova-compute:conf=/etc/ceph/ceph.conf"
  done
}

main() {
  packages
  files
  secret "$CINDER_UUID" cinder "$CINDER_KEY"
  secret "$NOVA_UUID" nova-compute "$NOVA_KEY"
  move_disk
  python3 set-ini.py brownfield-by-hand-nova.ini /etc/nova/nova.conf
  # A wish that somebody put into the file that Nova reads last.
  python3 set-ini.py brownfield-by-hand-later.ini /etc/nova/nova-compute.conf
  systemctl restart nova-compute
}
main
