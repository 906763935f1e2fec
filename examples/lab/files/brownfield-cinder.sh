#!/bin/bash
# A cinder.conf with a section [ceph] that somebody typed, gave up and forgot.
# The enabled backend is untouched.
set -euo pipefail

junk() {
  printf '\n# --- ceph: tried by hand, do not enable yet (ask storage team) ---\n'
  printf '[ceph]\n'
  printf 'volume_driver=cinder.volume.drivers.rbd.RBDDriver\r\n'
  printf '# the pool, see the wiki\n'
  printf 'rbd_pool   =    volumes\r\n'
  printf 'rbd_user=olduser\n'
  printf ';rbd_secret_uuid = 00000000-0000-0000-0000-000000000000\n'
  printf 'rbd_ceph_conf\t=\t/etc/ceph/ceph.conf\n'
  printf 'rbd_max_clone_depth = 5\n'
  printf 'rbd_max_clone_depth = 3\r\n'
  printf 'rbd_keyring_conf=/etc/ceph/ceph.client.olduser.keyring\n'
  printf 'rbd_turbo_mode = yes   \n'
  printf '\n# end of the ceph part -- jh'
}

main() {
  junk >>/etc/cinder/cinder.conf
}
main
