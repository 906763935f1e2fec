#!/bin/bash
# Glance and Cinder on Ceph, as a guide of 2014 has them.
# Settings: STEP CONF GLANCE_RING CINDER_RING BACKUP_RING CINDER_UUID
set -euo pipefail
set -a
# shellcheck source=/dev/null
. ./settings
set +a

packages() {
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install ceph-common python3-rbd
}

# ring NAME TEXT writes a keyring as the guide does, owned by the account of the service.
ring() {
  local file=/etc/ceph/ceph.client.$1.keyring
  install -m 0600 /dev/null "$file"
  printf '%s\n' "$2" >"$file"
  chown "$3:$3" "$file"
}

# Somebody keeps ceph.conf elsewhere, and a symlink in its place. The section is the guide's: a
# client heeds a section of its own name, and the usual place of keyrings is right anyway.
files() {
  install -d /etc/ceph /srv/storage
  printf '%s\n[client.keyring]\nkeyring = /etc/ceph/ceph.client.cinder.keyring\n' "$CONF" >/srv/storage/ceph.conf
  ln -sfn /srv/storage/ceph.conf /etc/ceph/ceph.conf
  ring glance "$GLANCE_RING" glance
  ring cinder "$CINDER_RING" cinder
}

# Glance's one store in Ceph stands beside the old one, by the options of before multiple stores.
# Cinder has two backends: one by another name than its section, one in the default pool.
options() {
  python3 set-ini.py brownfield-by-hand-glance.ini /etc/glance/glance-api.conf
  python3 set-ini.py brownfield-by-hand-cinder.ini /etc/cinder/cinder.conf
  systemctl restart glance-api cinder-volume
}

# A keyring of a service that does not use it yet, put there by something that writes no end of
# the last line: Ceph cannot read it. Another one is of tomorrow, as the clock was wrong.
odd_files() {
  local file=/etc/ceph/ceph.client.cinder-backup.keyring
  install -m 0600 -o cinder -g cinder /dev/null $file
  printf '%s' "$BACKUP_RING" >$file
  touch -d '+1 day' /etc/ceph/ceph.client.glance.keyring /etc/glance/glance-api.conf
}

# cinder-backup failed until systemd gave up, and then the cause went away.
gave_up() {
  local tries=0
  install -d /etc/systemd/system/cinder-backup.service.d
  cat >/etc/systemd/system/cinder-backup.service.d/by-hand.conf <<'UNIT'
[Unit]
StartLimitIntervalSec=3600
StartLimitBurst=2
[Service]
ExecStartPre=/usr/bin/test -e /etc/cinder/backups-may-run
Restart=on-failure
RestartSec=1
UNIT
  systemctl daemon-reload
  systemctl restart cinder-backup || true
  until systemctl show -p Result,ActiveState cinder-backup | grep -q '^ActiveState=failed'; do
    ((++tries < 60)) || { systemctl status cinder-backup; return 1; }
    sleep 1
  done
  touch /etc/cinder/backups-may-run
}

main() {
  case $STEP in
    first) packages; files; options ;;
    last) odd_files; gave_up ;;
  esac
}
main
