# shellcheck shell=bash disable=SC2034 # lib/*.sh reads these
# Debian 12: OpenStack Zed, Ceph 16.2.15, libvirt 9.0.
suite_release=zed
# Without KVM, a guest of Debian 12's QEMU 7.2 may lose writes to its memory while it is migrated.
suite_qemu=bookworm-backports
