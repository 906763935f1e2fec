#!/bin/bash
# Makes the one-host Ceph: a monitor, a manager and three OSDs on sparse files.
# Settings: SUITE FSID MON_ADDR NETWORK
set -euo pipefail
set -a
# shellcheck source=/dev/null
. ./settings
set +a

write_conf() {
  install -d -m 0755 /etc/ceph
  # One host: replicas must be allowed to sit on OSDs of the same host, and the
  # monitor reads that when it makes its first CRUSH map.
  cat >/etc/ceph/ceph.conf <<CONF
[global]
fsid = $FSID
mon_initial_members = ceph01
mon_host = [v2:$MON_ADDR:3300,v1:$MON_ADDR:6789]
public_network = $NETWORK
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
osd_pool_default_size = 2
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 16
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0

[mon]
mon_allow_pool_delete = true
mon_max_pg_per_osd = 800
# The disk below is the whole machine's.
mon_data_avail_warn = 3

[osd]
bluestore_block_size = 4294967296
bluestore_block_create = true
bluestore_cache_autotune = false
bluestore_cache_size = 67108864
osd_memory_target = 939524096
CONF
}

make_mon() {
  local keyring=/etc/ceph/ceph.mon.keyring
  ceph-authtool --create-keyring $keyring --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool --create-keyring /etc/ceph/ceph.client.admin.keyring --gen-key -n client.admin \
    --cap mon 'allow *' --cap osd 'allow *' --cap mds 'allow *' --cap mgr 'allow *'
  ceph-authtool $keyring --import-keyring /etc/ceph/ceph.client.admin.keyring
  monmaptool --create --clobber --addv ceph01 "[v2:$MON_ADDR:3300,v1:$MON_ADDR:6789]" --fsid "$FSID" /etc/ceph/monmap
  chown ceph:ceph $keyring
  install -d -o ceph -g ceph /var/lib/ceph/mon/ceph-ceph01
  ceph-mon --mkfs -i ceph01 --monmap /etc/ceph/monmap --keyring $keyring --setuser ceph --setgroup ceph
  rm -f $keyring /etc/ceph/monmap
  systemctl enable --now ceph.target ceph-mon.target ceph-mgr.target ceph-osd.target ceph-mon@ceph01
  timeout 60 ceph mon stat
  ceph config set mon auth_allow_insecure_global_id_reclaim false
}

make_mgr() {
  local dir=/var/lib/ceph/mgr/ceph-ceph01
  install -d -o ceph -g ceph $dir
  ceph auth get-or-create mgr.ceph01 mon 'allow profile mgr' osd 'allow *' mds 'allow *' -o $dir/keyring
  chown ceph:ceph $dir/keyring
  chmod 0600 $dir/keyring
  systemctl enable --now ceph-mgr@ceph01
}

make_osd() {
  local id=$1 dir=/var/lib/ceph/osd/ceph-$1 uuid key
  uuid=$(cat /proc/sys/kernel/random/uuid)
  key=$(ceph-authtool --gen-print-key)
  install -d -o ceph -g ceph "$dir"
  printf '{"cephx_secret": "%s"}' "$key" | ceph osd new "$uuid" "$id" -i -
  (umask 077; printf '[osd.%s]\n\tkey = %s\n' "$id" "$key" >"$dir/keyring")
  chown ceph:ceph "$dir/keyring"
  ceph-osd -i "$id" --mkfs --osd-uuid "$uuid" --setuser ceph --setgroup ceph
  systemctl enable --now "ceph-osd@$id"
}

# expected_warnings silences what this suite's Ceph always warns of.
expected_warnings() {
  local code
  [[ -e suites/$SUITE/ceph-warnings ]] || return 0
  while read -r code; do ceph health mute "$code" --sticky; done < <(grep -v '^#' "suites/$SUITE/ceph-warnings")
}

main() {
  write_conf
  make_mon
  make_mgr
  for id in 0 1 2; do make_osd $id; done
  expected_warnings
}
main
