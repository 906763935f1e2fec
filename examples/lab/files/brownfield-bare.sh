#!/bin/bash
# A host as an installer leaves it: an account that may become root with its
# password, and one for the operator's programs that has neither key nor sudo
# rule. Where KEY is given, the latter is let in: that host is somebody else's.
set -euo pipefail

main() {
  # shellcheck source=/dev/null
  . ./settings
  useradd -m -s /bin/bash -p '*' deploy
  useradd -m -s /bin/bash -G sudo installer
  chpasswd <<<"installer:$PASSWORD"
  echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-installer.conf
  systemctl reload ssh
  [[ -z ${KEY:-} ]] || prepared
}

prepared() {
  install -d -m 0700 -o deploy -g deploy /home/deploy/.ssh
  install -m 0600 -o deploy -g deploy /dev/stdin /home/deploy/.ssh/authorized_keys <<<"$KEY"
  install -m 0440 /dev/stdin /etc/sudoers.d/deploy <<<'deploy ALL=(ALL) NOPASSWD:ALL'
}
main
