# shellcheck shell=bash
# The operator's way into the hosts: keys, pinned host keys, ssh_config, and
# what is written into a host before its first boot.

make_keys() {
  local host
  [[ -s $OUT/id_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -C operator@lab -f "$OUT/id_ed25519"
  for host in $(hosts_now); do
    [[ -s $SECRETS/host-$host ]] || ssh-keygen -q -t ed25519 -N '' -C "root@$host" -f "$SECRETS/host-$host"
    [[ -s $SECRETS/rsa-$host ]] || ssh-keygen -q -t rsa -b 2048 -N '' -C "root@$host" -f "$SECRETS/rsa-$host"
  done
  # Nova on both computes has one key: live migration tunnels libvirt through it.
  [[ -s $SECRETS/nova ]] || ssh-keygen -q -t ed25519 -N '' -C nova@lab -f "$SECRETS/nova"
}

write_access() {
  local host
  sed -e "s/^release: .*/release: $suite_release/" ${suite_access:+-e "s/^    host: .*/&\\n    access: $suite_access/"} \
    "$HERE/cloud.yaml" >"$OUT/cloud.yaml"
  for host in $(hosts_now); do
    awk -v names="$host,${ADDR[$host]}" '{print names, $1, $2}' "$SECRETS/host-$host.pub" "$SECRETS/rsa-$host.pub"
  done >"$OUT/known_hosts"
  {
    for host in $(hosts_now); do printf 'Host %s %s\n  HostName %s\n' "$host" "${ADDR[$host]}" "${ADDR[$host]}"; done
    printf 'Host %s\n' "${!ADDR[*]} ${ADDR[*]}"
    printf '  %s\n' 'User stack' "IdentityFile $OUT/id_ed25519" 'IdentitiesOnly yes' 'StrictHostKeyChecking yes' \
      "UserKnownHostsFile $OUT/known_hosts" 'GlobalKnownHostsFile /dev/null' 'PasswordAuthentication no'
  } >"$OUT/ssh_config"
}

hosts_file() {
  local host
  printf '127.0.0.1 localhost\n'
  for host in $(hosts_now); do printf '%s %s\n' "${ADDR[$host]}" "$host"; done
}

on() {
  local host=$1
  shift
  ssh -F "$OUT/ssh_config" -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=15 "$host" "$@"
}

# seed_host writes a host's identity through its overlay, so that owners and
# modes of the folders below stay right. Runs in a mount namespace of its own.
seed_host() {
  local host=$1 root=$HOSTS/$1/root
  mount_host "$host"
  printf '%s' "$host" | md5sum | cut -d' ' -f1 >"$root/etc/machine-id"
  echo "$host" >"$root/etc/hostname"
  hosts_file >"$root/etc/hosts"
  install -m 0600 "$SECRETS/host-$host" "$root/etc/ssh/ssh_host_ed25519_key"
  install -m 0600 "$SECRETS/rsa-$host" "$root/etc/ssh/ssh_host_rsa_key"
  install -m 0644 "$SECRETS/host-$host.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
  install -m 0644 "$SECRETS/rsa-$host.pub" "$root/etc/ssh/ssh_host_rsa_key.pub"
  # No user manager for each login: it costs more than what the login is for.
  sed -i '/pam_systemd/d' "$root/etc/pam.d/common-session"
  chroot "$root" install -d -m 0700 -o stack -g stack /home/stack/.ssh
  install -m 0644 "$OUT/id_ed25519.pub" "$root/home/stack/.ssh/authorized_keys"
  ! is_more "$host" || mask_units "$root" "$units_of_one"
}

seed_hosts() {
  local host
  for host; do
    mkdir -p "$HOSTS/$host"/{upper,work,root}
    unshare -m --propagation private "$LAB" _seed "$host"
  done
}

# run_on HOST SCRIPT [FILE…] runs files/SCRIPT as root on a host. Settings come
# on stdin as shell assignments. Everything lands in a root-only folder and runs
# from there with an empty stdin: a command that reads stdin would otherwise eat
# the rest of the script, and the script would end early with status 0.
run_on() {
  local host=$1 script=$2 settings
  settings=$(cat)
  # shellcheck disable=SC2016  # expands on the host
  { tar -C "$HERE/files" -cz . ; } | on "$host" 'sudo sh -c "umask 077; rm -rf /run/lab; mkdir /run/lab && tar -xz -C /run/lab"'
  printf '%s\n' "$settings" | on "$host" 'sudo sh -c "umask 077; cat >/run/lab/settings"'
  on "$host" "sudo sh -c 'cd /run/lab && bash -eu $script </dev/null; rc=\$?; cd /; rm -rf /run/lab; exit \$rc'"
}
