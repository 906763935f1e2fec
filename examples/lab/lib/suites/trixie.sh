# shellcheck shell=bash disable=SC2034 # lib/*.sh reads these
# Debian 13: OpenStack 2025.1, Ceph 18.2.7, libvirt 11.3.
suite_release=2025.1
suite_engine='podman crun netavark dumb-init'
