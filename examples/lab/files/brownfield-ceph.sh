#!/bin/bash
# A Ceph that somebody has half integrated by a guide of 2014: bare pools, no
# application, no rbd init, users with the rights of the time.
set -euo pipefail

main() {
  ceph osd pool create volumes 16
  ceph osd pool create operator-data 16
  ceph auth get-or-create client.cinder mon 'allow r' \
    osd 'allow class-read object_prefix rbd_children, allow rwx pool=volumes, allow rx pool=images, allow r pool=operator-data' >/dev/null
  ceph auth get-or-create client.glance mon 'allow r' \
    osd 'allow class-read object_prefix rbd_children, allow rwx pool=images' >/dev/null
}
main
