#!/bin/bash
# Makes the OpenStack controller of what its packages installed.
# Settings: SUITE MY_ADDR CONTROLLER_ADDR NEUTRON ADMIN_PASSWORD SERVICE_PASSWORD DB_PASSWORD RABBIT_PASSWORD SHARE_NAME
set -euo pipefail
set -a
# shellcheck source=/dev/null
. ./settings
set +a
# shellcheck source=/dev/null
. ./common.sh

as() { runuser -u "$1" -- "${@:2}"; }

write_files() {
  local unit
  set_ini keystone /etc/keystone/keystone.conf
  set_ini glance /etc/glance/glance-api.conf
  set_ini cinder /etc/cinder/cinder.conf
  set_ini placement /etc/placement/placement.conf
  set_ini neutron /etc/neutron/neutron.conf
  set_ini nova /etc/nova/nova.conf
  set_ini nova-db /etc/nova/nova.conf
  install -m 0640 -g cinder /dev/null /etc/cinder/nfs_shares
  echo "$SHARE_NAME" >/etc/cinder/nfs_shares
  install -d -o cinder -g cinder /var/lib/cinder/backups
  install -d /etc/neutron/plugins/ml2
  cp /usr/share/neutron-common/plugins/ml2/ml2_conf.ini /etc/neutron/plugins/ml2/
  uwsgi_files
  slow_starts
  for unit in nova-conductor nova-scheduler; do suite_unit $unit; done
  [[ $NEUTRON != neutron-server ]] || neutron_unit
  systemctl daemon-reload
}

# Debian sizes its servers for many cores.
uwsgi_files() {
  local ini processes threads
  for ini in /etc/*/*-uwsgi.ini; do
    # Nova and Cinder get one thread: eventlet has a hub per thread, and an RPC
    # reply that arrives at the hub of an idle thread is never seen.
    processes=1 threads=4
    if [[ $ini =~ nova|cinder ]]; then processes=2 threads=1; fi
    sed -i -E "s/^processes = .*/processes = $processes/; s/^threads = .*/threads = $threads/" "$ini"
    # Debian's servers close each connection without saying so.
    grep -q '^add-header = Connection: close' "$ini" ||
      sed -i '0,/^\[uwsgi\]/s//[uwsgi]\nadd-header = Connection: close/' "$ini"
  done
}

# On busy cores a service may need more than systemd's 90 seconds until it says
# that it is ready, and would be killed just before.
slow_starts() {
  local unit
  for unit in nova-conductor nova-scheduler rabbitmq-server mariadb; do
    mkdir -p /etc/systemd/system/$unit.service.d
    printf '[Service]\nTimeoutStartSec=600\n' >/etc/systemd/system/$unit.service.d/lab.conf
  done
}

# The neutron-api of older suites wants more than the lab needs; Nova only wants
# an answer.
neutron_unit() {
  cat >/etc/systemd/system/neutron-server.service <<'UNIT'
[Unit]
Description=OpenStack Neutron server
After=mariadb.service rabbitmq-server.service keystone.service

[Service]
User=neutron
Group=neutron
RuntimeDirectory=neutron lock/neutron
ExecStart=/usr/bin/neutron-server --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/plugins/ml2/ml2_conf.ini --log-file /var/log/neutron/neutron-server.log
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
UNIT
}

databases() {
  cat >/etc/mysql/mariadb.conf.d/90-lab.cnf <<'CONF'
[mysqld]
bind-address = 0.0.0.0
skip-name-resolve
max_connections = 500
innodb_flush_log_at_trx_commit = 2
innodb_buffer_pool_size = 128M
innodb_stats_persistent = 0
CONF
  [[ ! -e suites/$SUITE/mariadb.cnf ]] || cp "suites/$SUITE/mariadb.cnf" /etc/mysql/mariadb.conf.d/91-suite.cnf
  systemctl restart mariadb
  local name user
  for name in keystone glance cinder placement neutron nova nova_api nova_cell0; do
    user=${name%%_*}
    echo "CREATE DATABASE IF NOT EXISTS $name CHARACTER SET utf8; GRANT ALL ON $name.* TO '$user'@'%' IDENTIFIED BY '$DB_PASSWORD';"
  done | mariadb
}

message_queue() {
  systemctl start rabbitmq-server
  rabbitmqctl -q await_startup
  # A file, because newer ones of rabbitmqctl do not read a password from a pipe.
  install -m 0400 -o rabbitmq /dev/null /run/lab-rabbit.json
  printf '{"users": [{"name": "openstack", "password": "%s", "tags": []}]}' "$RABBIT_PASSWORD" >/run/lab-rabbit.json
  rabbitmqctl -q import_definitions /run/lab-rabbit.json
  rm /run/lab-rabbit.json
  rabbitmqctl -q set_permissions openstack '.*' '.*' '.*'
}

caches() {
  sed -i -E 's/^-l .*/-l 0.0.0.0/' /etc/memcached.conf
  systemctl restart memcached
}

keystone_up() {
  as keystone keystone-manage db_sync
  keystone-manage fernet_setup --keystone-user keystone --keystone-group keystone
  keystone-manage credential_setup --keystone-user keystone --keystone-group keystone
  OS_BOOTSTRAP_PASSWORD=$ADMIN_PASSWORD runuser -u keystone -w OS_BOOTSTRAP_PASSWORD -- keystone-manage bootstrap \
    --bootstrap-admin-url "http://$CONTROLLER_ADDR:5000/v3/" --bootstrap-internal-url "http://$CONTROLLER_ADDR:5000/v3/" \
    --bootstrap-public-url "http://$CONTROLLER_ADDR:5000/v3/" --bootstrap-region-id regionOne
  systemctl enable --now keystone
  python3 catalog.py
}

nova_sync() {
  as nova nova-manage api_db sync
  as nova nova-manage cell_v2 map_cell0
  as nova nova-manage cell_v2 list_cells | grep -q cell1 || as nova nova-manage cell_v2 create_cell --name=cell1
  as nova nova-manage db sync
}

neutron_sync() {
  as neutron neutron-db-manage --config-file /etc/neutron/neutron.conf \
    --config-file /etc/neutron/plugins/ml2/ml2_conf.ini upgrade heads
}

# Most of the time goes into schemas: one after the other on each of two lanes.
schemas() {
  { keystone_up; as cinder cinder-manage db sync; as glance glance-manage db_sync; } &
  local first=$!
  { neutron_sync; nova_sync; as placement placement-manage db sync; } &
  wait $! && wait $first
}

services() {
  systemctl enable --now placement-api glance-api cinder-api cinder-scheduler cinder-volume cinder-backup \
    nova-api nova-conductor nova-scheduler "$NEUTRON"
}

main() {
  write_files
  databases
  message_queue
  caches
  schemas
  services
}
main
