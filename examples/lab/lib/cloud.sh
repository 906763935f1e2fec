# shellcheck shell=bash
# Ceph and OpenStack on the running hosts, and the files that tell an operator
# how to reach them.

quoted() { printf '%s=%q\n' "$1" "$2"; }

secrets_now() {
  [[ -s $SECRETS/fsid ]] || cat /proc/sys/kernel/random/uuid >"$SECRETS/fsid"
  secret admin >/dev/null; secret service >/dev/null; secret database >/dev/null; secret rabbit >/dev/null
}

settings_of() {
  quoted SUITE "$SUITE"
  quoted MY_ADDR "${ADDR[$1]}"
  quoted CONTROLLER_ADDR "${ADDR[controller]}"
  quoted SERVICE_PASSWORD "$(secret service)"
  quoted RABBIT_PASSWORD "$(secret rabbit)"
  case ${ROLE[$1]} in
    controller)
      quoted NEUTRON "$suite_neutron"
      quoted ADMIN_PASSWORD "$(secret admin)"
      quoted DB_PASSWORD "$(secret database)"
      quoted SHARE_NAME "$SHARE_NAME"
      ;;
    compute)
      quoted SHARE_MOUNT "$(share_mount "$1")"
      quoted NOVA_KEY "$(cat "$SECRETS/nova")"
      quoted NOVA_PUBLIC_KEY "$(cat "$SECRETS/nova.pub")"
      quoted HOST_KEYS "$(grep ^compute "$OUT/known_hosts")"
      ;;
  esac
}

make_ceph() {
  settings_of_ceph ceph | run_on ceph01 ceph01.sh
  write_ceph_access
}

# settings_of_ceph CLUSTER: ceph is the main one, west a second small one beside it.
settings_of_ceph() {
  quoted SUITE "$SUITE"
  quoted MON_ADDR "${ADDR[ceph01]}"
  quoted NETWORK 10.221.0.0/24
  quoted CLUSTER "$1"
  case $1 in
    ceph) quoted FSID "$(cat "$SECRETS/fsid")"; quoted ID ceph01; quoted MON_PORT 3300; quoted MON_PORT_V1 6789
      quoted OSDS '0 1 2'; quoted OSD_SIZE 4294967296 ;;
    west) quoted FSID "$(cat /proc/sys/kernel/random/uuid)"; quoted ID west; quoted MON_PORT 3310; quoted MON_PORT_V1 6790
      quoted OSDS '10 11 12'; quoted OSD_SIZE 3221225472 ;;
  esac
}

make_controller() { settings_of controller | run_on controller controller.sh; }

make_computes() {
  local host pids=()
  for host in compute1 compute2; do
    settings_of "$host" | run_on "$host" compute.sh &
    pids+=($!)
  done
  wait_all "${pids[@]}"
}

write_ceph_access() {
  (umask 077; on ceph01 'sudo cat /etc/ceph/ceph.client.admin.keyring' >"$OUT/ceph.client.admin.keyring")
  cat >"$OUT/ceph.conf" <<CONF
[global]
fsid = $(cat "$SECRETS/fsid")
mon_host = [v2:${ADDR[ceph01]}:3300,v1:${ADDR[ceph01]}:6789]

[client.admin]
keyring = $OUT/ceph.client.admin.keyring
CONF
}

write_clouds_yaml() {
  (umask 077; cat >"$OUT/clouds.yaml" <<YAML
clouds:
  lab:
    auth:
      auth_url: http://${ADDR[controller]}:5000/v3
      username: admin
      password: $(secret admin)
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
    region_name: regionOne
    identity_api_version: 3
    interface: public
YAML
  )
}

# cloud_py SCRIPT [ARG…] runs one of files/*.py here, as an operator would.
cloud_py() {
  CONTROLLER_ADDR=${ADDR[controller]} ADMIN_PASSWORD=$(secret admin) OUT=$OUT \
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$HERE/files/$1" "${@:2}"
}
