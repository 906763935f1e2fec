#!/bin/bash
# A compute that somebody began with and never finished: its VMs have local disks, and nothing
# there has read Ceph's files.
# Settings: CONF
set -euo pipefail
# shellcheck source=/dev/null
. ./settings

# Ceph cannot read the ceph.conf, as a section is indented and the last line does not end. The monitor
# in [client], which is before that in [global], went away long ago. The keyring holds what a command
# printed that failed. The files are of tomorrow.
files() {
  install -d /etc/ceph
  printf '%s\n  [client]\n  mon_host = 10.221.0.99\n[client.nova-compute]\nlog_file = /var/log/nova/ceph.log' "$CONF" \
    >/etc/ceph/ceph.conf
  install -m 0600 -o nova -g nova /dev/null /etc/ceph/ceph.client.nova-compute.keyring
  echo 'Error connecting to cluster: ObjectNotFound' >/etc/ceph/ceph.client.nova-compute.keyring
  touch -d '+1 day' /etc/ceph/ceph.conf /etc/ceph/ceph.client.nova-compute.keyring /etc/nova/nova.conf
}

# sudo logs what the operator's commands start, and ends what has a long text in its environment.
sudo_logs() {
  local file=/etc/sudoers.d/zz-by-hand
  install -m 0440 /dev/null $file
  echo 'Defaults:stack log_subcmds' >$file
  visudo -cq
}

main() {
  files
  sudo_logs
}
main
