// Command cephstack plans, applies and verifies a Spec.
//
//	cephstack trust|plan|apply|converge|verify -f cloud.yaml
//
// # Commands
//
// trust shows the SSH keys of the hosts, and of the jump host before those behind it. It
// writes nothing, unless --fingerprint HOST=SHA256:… is given, once for each key: then it
// writes those keys into the first known_hosts file of the Spec, and no others. Compare
// the fingerprints with what the consoles of the hosts print of
//
//	ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub
//
// Where a host's address, user, keys, jump host or known_hosts are not in the Spec but in a file of ssh,
// such as ~/.ssh/config, trust says which line of which file they are from, and so do errors of
// connecting. A key that differs from a known key of its type is refused. No other command learns
// a host's key.
//
// plan prints what is missing, and changes nothing. What is equal on several hosts is told
// once, with their names folded and their number; --full tells each host by itself. With
// --json it prints a plan that can be stored, which is always whole; apply --plan FILE makes
// such a plan, and nothing else.
//
// apply prints the plan as plan does, with --full too, and asks, unless --yes is given.
//
// converge plans and applies host by host, and keeps nothing of a host that is done. It
// shows no plan before it changes things: it asks for an approval of all that the Spec asks
// for, and says what that is; --yes is that approval. It tells each host as it ends.
//
// apply and converge take --parallel (hosts at once), --canaries (computes that go first, and
// must all end well) and --max-failed (stop once so many computes failed). If the Spec has
// gate: health, they wait before each host while a cluster is not healthy enough, tell why, and
// go on by themselves; after --max-wait they end, and the next run goes on.
//
// apply and converge hold an operator lock in the first cluster of the Spec while they change
// things. Whoever comes second changes nothing, is told who works, on which host and since
// when, and ends with status 1. A program that was killed has the lock for 90 s at most.
// --break-lock OWNER@HOST takes away the lock of whom the error names: use it only if that
// program will not come back.
//
// --hosts and --clusters restrict plan, apply, converge and verify --static to some hosts
// and clusters, and to what those hosts need. Names may be ranges, such as
// 'compute[001-010]'. No other host is connected to, if the Spec has a release: all hosts
// are asked for a release that is left out. Plans, results and reports name what was left
// out; converge shows only what was not. apply --plan FILE --hosts HOST
// makes the part of a stored plan.
//
// verify --static only reads. Without --static it needs --image, a raw bootable image: it
// tries the rights of every user, and takes an image, volumes, VMs and backups through the
// cloud. If Cinder has other backends besides, each backend of the Spec needs a
// volume_type, as the volumes would go to whichever backend the scheduler takes.
//
// The image is looked at before anything is connected to. An image that is not raw, such as a qcow2, is refused with
// the command of qemu-img that converts it.
//
// Guests boot on 4 computes: one of each availability zone, then those with the two oldest versions of QEMU, then
// others. --guests says on how many, --computes on which. The check computes-for-guests says why.
//
// --check files/compute1,rights makes only these checks and what they need; the report names the others. A name is the
// ID of a check, as --json prints it, its first words (up to a / or a -), or a pattern, such as 'vm-on-*'. Without a
// check that makes images or guests, no --image is needed.
//
// --timeout 30m bounds the verification: what is not done then is unable, which ends with status 1. Cleaning up takes
// up to 10 min more.
//
// A verify that is killed leaves what it had made. The next verify, and verify --clean,
// which does nothing else, remove it and show it. They take only what has the name
// cephstack-verify-ID-TIME-… and the description of such a run, and leave alone what a run
// of the last two hours made, as it may be going on: --older sets another time. The clocks of
// this machine and of the APIs both count, and what they tell of the name and of the newest
// object of a run.
//
// --json prints JSON; its form is in the documentation of package integrate.
//
// # Interrupts
//
// After Ctrl-C or SIGTERM the program begins nothing more, waits for what it began, gives the
// operator lock back, and tells how each change ended. A second Ctrl-C or SIGTERM ends it at once.
//
// A terminal that is gone (SIGHUP: a closed laptop, a dropped connection) does the same. To let
// the program go on without its terminal, start it with nohup, or in tmux or screen. To have what
// it tells on standard output, send that to a file: apply --yes >report.txt.
//
// So does a pipe that nobody reads any more, as after q in less: what goes on would be seen by
// nobody. Where a plan cannot be shown, nothing is changed, with --yes too. Without --yes, that
// holds for a plan that goes to /dev/null. A run that lost a part of its output ends with status 1.
//
// # Spec
//
// Files of this machine that the program reads are regular files; they have a limit in size. The files of -f and
// --plan, and clouds.yaml, may also be pipes, such as <(sops -d cloud.yaml).
//
// The fields of a Spec are in package integrate/spec; the names in YAML are those of the tags.
// Many hosts are a few lines: names and addresses take ranges, and hosts share what their
// group has. Fields x-… at the top are for anchors:
//
//	groups:
//	  computes: {services: [nova-compute], address: .cloud.example}
//	hosts:
//	  - {name: "compute[001-400]", group: computes}
//	  - {name: "gpu[01-03,07]", group: computes, address: "10.1.0.[1-4]"}
//
// If the Spec has no release, the hosts' packages or Kolla's containers tell it. The program
// says which release that is and from what, and ends with status 3 if hosts tell different
// releases, or no host tells any. How hosts are reached is in ssh; these timeouts are the
// defaults:
//
//	ssh:
//	  user: ops
//	  key_files: [id_ed25519]        # relative to the Spec; ~/ is the home directory
//	  known_hosts: [~/.ssh/known_hosts]
//	  sudo: true
//	  jump: ops@bastion.example.com  # optional; none: no jump host, whatever a file of ssh says
//	  config: none                   # reads neither ~/.ssh/config nor /etc/ssh/ssh_config, or a path: reads that file
//	  timeouts:                      # of jump and entry too; 100ms to 10m each, idle 10s to 1h, total 1m to 24h
//	    connect: 5s                  # TCP
//	    handshake: 10s               # banner and key exchange, and each new session
//	    authenticate: 10s
//	    retry: 20s                   # connecting again to a host that sheds load
//	    start: 1m                    # login scripts and sudo, until the program on the host answers
//	    idle: 15m                    # silence while a host works; some operations have less
//	    total: 2h                    # of an exchange as a whole; without it, by what the exchange does
//
// Ceph is reached through the ceph program on a host of the Spec. Built with -tags librados,
// the program reaches a cluster that has access: librados through this machine's librados.
//
// # Exit status
//
//	0  done, nothing to do, or all checks passed
//	1  an error, a change, part or check that did not end well, or output that was lost
//	2  plan: there is something to do; trust: a host's key is not known
//	3  wrong usage, or an invalid Spec
package main

import (
	"os"

	"github.com/cephstack/cephstack/examples/internal/cli"
)

func main() { os.Exit(cli.Main(librados())) }
