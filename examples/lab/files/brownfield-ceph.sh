#!/bin/bash
# A Ceph that somebody has half integrated by a guide of 2014: bare pools, no
# application, no rbd init, users with the rights of the time.
set -euo pipefail

# Ceph 18 warns of pools without an application even while they are empty; these are
# meant to be here.
main() {
  ceph health mute POOL_APP_NOT_ENABLED --sticky
  ceph osd pool create volumes 16
  ceph osd pool create operator-data 16
  ceph auth get-or-create client.cinder mon 'allow r' \
    osd 'allow class-read object_prefix rbd_children, allow rwx pool=volumes, allow rx pool=images, allow r pool=operator-data' >/dev/null
  ceph auth get-or-create client.glance mon 'allow r' \
    osd 'allow class-read object_prefix rbd_children, allow rwx pool=images' >/dev/null
}
main
