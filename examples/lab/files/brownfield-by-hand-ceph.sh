#!/bin/bash
# Pools and users of a cloud that somebody integrated by a guide of 2014. cephstack's words
# for what is odd are in labtest/oddities.go.
# Settings: STEP
set -euo pipefail
# shellcheck source=/dev/null
. ./settings

# Bare pools, without an application and without rbd init; rbd is Cinder's default.
pools() {
  local pool
  ceph health mute POOL_APP_NOT_ENABLED --sticky
  for pool in images volumes rbd backups vms operator-data; do ceph osd pool create "$pool" 16; done
}

# The rights of the time, which are no profiles. Each service has a user, and Nova another one
# than Cinder. client.glance also reads a pool that is nobody's here. Nova may write images.
users() {
  local old='allow class-read object_prefix rbd_children'
  ceph auth get-or-create client.glance mon 'allow r' osd "$old, allow rwx pool=images, allow r pool=operator-data"
  ceph auth get-or-create client.cinder mon 'allow r' osd "$old, allow rwx pool=volumes, allow rwx pool=rbd, allow rx pool=images"
  ceph auth get-or-create client.cinder-backup mon 'allow r' osd "$old, allow rwx pool=backups"
  ceph auth get-or-create client.nova-compute mon 'allow r' osd "$old, allow rwx pool=vms, allow rwx pool=images"
}

# A right that no daemon can parse: an import brings it in, which checks nothing. It is
# one on managers, which services of 2014 do not ask for anything.
unreadable_right() {
  local file=/run/lab/import.keyring
  (umask 077; ceph auth get client.cinder 2>/dev/null >$file; printf '\tcaps mgr = "allow the whole rbd"\n' >>$file)
  ceph auth import -i $file
  rm $file
}

main() {
  case $STEP in
    first) pools; users >/dev/null ;;
    last) unreadable_right ;;
  esac
}
main
