# shellcheck shell=bash disable=SC2034 # lib/*.sh reads these
# Debian's unstable, as of November 2026: OpenStack 2026.2 (Nova 34, Cinder 29,
# Glance 33), Ceph 20.2.4, libvirt 12.8. All of it comes from sid: forky has no
# Glance, and its Nova and Cinder are a release older. Sid moves on; once its Nova
# is of another release, plans say so, and that release belongs here.
suite_release=2026.2
suite_archives=main
# Sid's index is only valid for a week; a mirror may be behind.
suite_apt='Acquire::Check-Valid-Until "false";'
# There is no neutron-server program any more.
suite_neutron=neutron-api
# The monitor's keys are of type aes256k, which the librados and the ceph program
# of Debian 12, where the operator is, cannot read: a cluster is reached through
# the program on its own host.
suite_access=ceph
SUITE_PACKAGES=([compute]=libvirt-daemon-driver-secret [controller]=neutron-api)
