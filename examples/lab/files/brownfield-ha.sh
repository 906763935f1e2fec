#!/bin/bash
# One of three controllers with Glance and Cinder. The first one also has a balancer
# before the three of Glance, and a coordinator, which nobody uses yet.
# Settings: those of controller.sh, and SERVERS with NAME=ADDRESS of each controller
set -euo pipefail
set -a
# shellcheck source=/dev/null
. ./settings
set +a
# shellcheck source=/dev/null
. ./common.sh

first() { [[ $MY_ADDR == "$CONTROLLER_ADDR" ]]; }

# The images are in a folder that all have, as one of NFS would be.
shared_images() {
  ! first || cp -a /var/lib/glance/images/. /srv/images/
  echo '/srv/images /var/lib/glance/images none bind 0 0' >>/etc/fstab
  install -d -o glance -g glance /var/lib/glance/images
  mount /var/lib/glance/images
}

# The balancer has Glance's own port.
glance() {
  printf '[DEFAULT]\nbind_host = %s\nbind_port = 9293\nworker_self_reference_url = http://%s:9293\n' "$MY_ADDR" "$MY_ADDR" |
    python3 set-ini.py /dev/stdin /etc/glance/glance-api.conf
}

# What controller.sh sets on the first one.
further_files() {
  set_ini glance /etc/glance/glance-api.conf
  set_ini cinder /etc/cinder/cinder.conf
  install -m 0640 -g cinder /dev/null /etc/cinder/nfs_shares
  echo "$SHARE_NAME" >/etc/cinder/nfs_shares
  install -d -o cinder -g cinder /var/lib/cinder/backups
}

balancer() {
  local server
  cat <<'CONF'
global
  user haproxy
  group haproxy

defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout check 10s
  retries 3
  option redispatch 1
  retry-on all-retryable-errors

listen glance
  bind :9292
  http-request disable-l7-retry unless METH_GET
  option httpchk GET /healthcheck
  http-check expect status 200
  default-server check inter 2s fall 3 rise 1
CONF
  for server in $SERVERS; do echo "  server ${server%=*} ${server#*=}:9293"; done
}

coordinator() { printf '%s\n' "bind $MY_ADDR" 'protected-mode no' 'dir /var/lib/redis' 'save ""'; }

# Below systemd-nspawn a unit gets no namespace of users and no /proc of its own.
coordinator_unit() { printf '[Service]\nPrivateUsers=false\nProtectProc=default\n'; }

first_only() {
  balancer | install -D -m 0644 /dev/stdin /etc/haproxy/haproxy.cfg
  coordinator | install -D -m 0644 /dev/stdin /etc/redis/redis.conf
  coordinator_unit | install -D -m 0644 /dev/stdin /etc/systemd/system/redis-server.service.d/lab.conf
  # These files are there before the packages, so that each program starts once.
  DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /run/ha/*.deb
  rm -r /run/ha
}

main() {
  shared_images
  if first; then
    glance
    systemctl restart glance-api
    first_only
  else
    further_files
    glance
    systemctl enable --now glance-api cinder-volume cinder-backup
  fi
}
main
