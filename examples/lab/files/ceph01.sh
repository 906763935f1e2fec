#!/bin/bash
# Makes a one-host Ceph: a monitor, a manager and OSDs on sparse files. Several
# are there side by side: their names, the ids of their daemons and the
# monitors' ports differ.
# Settings: SUITE FSID MON_ADDR NETWORK CLUSTER ID MON_PORT MON_PORT_V1 OSDS OSD_SIZE
set -euo pipefail
set -a
# shellcheck source=/dev/null
. ./settings
set +a
export CEPH_ARGS="--cluster $CLUSTER"
MONS="[v2:$MON_ADDR:$MON_PORT,v1:$MON_ADDR:$MON_PORT_V1]"

# unit NAME starts a daemon of this cluster.
unit() {
  install -d "/etc/systemd/system/$1.service.d"
  printf '[Service]\nEnvironment=CLUSTER=%s\n' "$CLUSTER" >"/etc/systemd/system/$1.service.d/cluster.conf"
  systemctl daemon-reload
  systemctl enable --now "$1"
}

write_conf() {
  install -d -m 0755 /etc/ceph
  # One host: replicas must be allowed to sit on OSDs of the same host, and the
  # monitor reads that when it makes its first CRUSH map.
  cat >"/etc/ceph/$CLUSTER.conf" <<CONF
[global]
fsid = $FSID
mon_initial_members = $ID
mon_host = $MONS
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
bluestore_block_size = $OSD_SIZE
bluestore_block_create = true
bluestore_cache_autotune = false
bluestore_cache_size = 67108864
osd_memory_target = 939524096
CONF
}

make_mon() {
  local keyring=/etc/ceph/$CLUSTER.mon.keyring admin=/etc/ceph/$CLUSTER.client.admin.keyring dir=/var/lib/ceph/mon/$CLUSTER-$ID
  ceph-authtool --create-keyring "$keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool --create-keyring "$admin" --gen-key -n client.admin \
    --cap mon 'allow *' --cap osd 'allow *' --cap mds 'allow *' --cap mgr 'allow *'
  ceph-authtool "$keyring" --import-keyring "$admin"
  monmaptool --create --clobber --addv "$ID" "$MONS" --fsid "$FSID" /etc/ceph/monmap
  chown ceph:ceph "$keyring"
  install -d -o ceph -g ceph "$dir"
  ceph-mon --mkfs -i "$ID" --monmap /etc/ceph/monmap --keyring "$keyring" --setuser ceph --setgroup ceph
  rm -f "$keyring" /etc/ceph/monmap
  systemctl enable --now ceph.target ceph-mon.target ceph-mgr.target ceph-osd.target
  unit "ceph-mon@$ID"
  timeout 60 ceph mon stat
  ceph config set mon auth_allow_insecure_global_id_reclaim false
}

make_mgr() {
  local dir=/var/lib/ceph/mgr/$CLUSTER-$ID
  install -d -o ceph -g ceph "$dir"
  ceph auth get-or-create "mgr.$ID" mon 'allow profile mgr' osd 'allow *' mds 'allow *' -o "$dir/keyring"
  chown ceph:ceph "$dir/keyring"
  chmod 0600 "$dir/keyring"
  unit "ceph-mgr@$ID"
}

make_osd() {
  local id=$1 dir=/var/lib/ceph/osd/$CLUSTER-$1 uuid key
  uuid=$(cat /proc/sys/kernel/random/uuid)
  key=$(ceph-authtool --gen-print-key)
  install -d -o ceph -g ceph "$dir"
  printf '{"cephx_secret": "%s"}' "$key" | ceph osd new "$uuid" "$id" -i -
  (umask 077; printf '[osd.%s]\n\tkey = %s\n' "$id" "$key" >"$dir/keyring")
  chown ceph:ceph "$dir/keyring"
  ceph-osd -i "$id" --mkfs --osd-uuid "$uuid" --setuser ceph --setgroup ceph
  unit "ceph-osd@$id"
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
  for id in $OSDS; do make_osd "$id"; done
  expected_warnings
}
main
