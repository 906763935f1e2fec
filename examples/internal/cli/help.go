package cli

import "github.com/spf13/cobra"

const rootLong = `Integrate an OpenStack cloud with Ceph, and keep it integrated.

A Spec, such as cloud.yaml, says which hosts run which services, and what of them
is kept in Ceph. cephstack reads the cloud, shows what is missing, makes it so
(pools, users, keys, files, packages, restarts), and proves that it works. Later
it tells what drifted, replaces users and keys, and takes out what retires. There
is no agent on the hosts, and no state file.`

const rootExample = `  # the first day: learn the hosts' keys, look, change, check
  cephstack trust -f cloud.yaml
  cephstack plan -f cloud.yaml
  cephstack apply -f cloud.yaml
  cephstack verify -f cloud.yaml --image cirros.raw

  # every day after: what changed by hand, and what is true that no Spec says
  cephstack drift -f cloud.yaml
  cephstack audit -f cloud.yaml

  # new users or keys, without an outage
  cephstack rotate -f cloud.yaml --status`

// topics are the texts of the help that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "environment", Short: "Variables of the environment", Long: environmentLong},
		{Use: "exit-status", Short: "What the exit status tells", Long: statusLong},
		{Use: "interrupts", Short: "Ctrl-C, a terminal that is gone, and output that nobody reads", Long: interruptsLong},
		{Use: "part-of-a-spec", Short: "Restrict a command to some hosts and clusters", Long: partLong},
		{Use: "spec-file", Short: "The file that says what your cloud is", Long: specLong},
	}
}

const environmentLong = `Variables of the environment:

    CEPHSTACK_FILE  the file of the Spec, where -f is not given
    NO_COLOR        if it is set, text has no colors; --color always overrides it
    SSH_AUTH_SOCK   the socket of the agent of ssh, where the Spec names neither an
                    agent nor a key
    SUDO_USER       the name that the operator lock shows of somebody who works as
                    root, by sudo
    TERM            on a terminal whose name is dumb, progress is plain lines, and
                    text has no colors

What changes what is done has no variable, so that a command line tells all of it.`

const statusLong = `The exit status of all commands:

    0  done, nothing to do, or all checks passed
    1  an error, a change, part or check that did not end well, or output that was
       lost
    2  plan, adopt: there is something to do; drift: something differs; audit:
       something was found; rotate: something is left to do or waits; trust: a
       host's key is not known
    3  wrong usage, or an invalid Spec`

const interruptsLong = `After Ctrl-C or SIGTERM the program begins nothing more, waits for what it began,
gives the operator lock back, and tells how each change ended. A second Ctrl-C or
SIGTERM ends it at once.

A terminal that is gone (SIGHUP: a closed laptop, a dropped connection) does the
same. To let the program go on without its terminal, start it with nohup, or in
tmux or screen. To have what it tells on standard output, send that to a file:

    cephstack apply --yes >report.txt

So does a pipe that nobody reads any more, as after q in less: what goes on would
be seen by nobody. Where a plan cannot be shown, nothing is changed, with --yes
too. Without --yes, that holds for a plan that goes to /dev/null. A run that lost
a part of its output ends with status 1.`

const partLong = `--limit and --clusters restrict plan, apply, converge, drift and verify --static to
some hosts and clusters, and to what those hosts need. --limit restricts trust to
hosts and their jump hosts.

Three commands have no --limit, as they would be wrong about a part of a cloud:

    audit   what a host that was left out holds would look like nobody's
    rotate  it takes a user or a key away once nobody has it any more; of a part of
            the hosts, that proves nothing. The Spec says which guests are touched
    retire  takes back all of the integration, and the users of Ceph last. To take
            out one compute, write retire into its entry of the Spec, and run
            'cephstack apply --limit HOST'

--limit takes the names of hosts, ranges such as 'compute[001-010]', and the names
of the groups of the Spec, with commas between them:

    cephstack plan --limit 'compute7,gpu[01-03],controllers'

A group stands for those of its hosts that have services. No other host is
connected to, if the Spec has a release: all hosts are asked for a release that is
left out. Plans, results and reports name what was left out; converge shows only
what was not. 'cephstack apply --plan FILE --limit HOST' makes the part of a stored
plan.`

const specLong = `-f names the file of the Spec; without it the environment variable CEPHSTACK_FILE
does, and otherwise it is cloud.yaml in the current folder. -f - reads standard
input; no question can be answered then, so that apply and converge need --yes.

Files of this machine that the program reads are regular files; they have a limit
in size. The files of -f and --plan, and clouds.yaml, may also be pipes, such as
<(sops -d cloud.yaml).

Many hosts are a few lines: names and addresses take ranges, and hosts share what
their group has. Fields x-… at the top are for anchors:

    groups:
      computes: {services: [nova-compute], address: .cloud.example}
    hosts:
      - {name: "compute[001-400]", group: computes}
      - {name: "gpu[01-03,07]", group: computes, address: "10.1.0.[1-4]"}

If the Spec has no release, the hosts' packages or Kolla's containers tell it. The
program says which release that is and from what, and ends with status 3 if hosts
tell different releases, or no host tells any.

How hosts are reached is in ssh; these timeouts are the defaults:

    ssh:
      user: ops
      key_files: [id_ed25519]        # relative to the Spec; ~/ is the home directory
      known_hosts: [~/.ssh/known_hosts]
      sudo: true
      jump: ops@bastion.example.com  # optional; none: no jump host, whatever a file
                                     # of ssh says
      config: none                   # reads neither ~/.ssh/config nor
                                     # /etc/ssh/ssh_config; or the path of a file
      timeouts:                      # of jump and entry too; 100ms to 10m each,
                                     # idle 10s to 1h, total 1m to 24h
        connect: 5s                  # TCP
        handshake: 10s               # banner and key exchange, and each new session
        authenticate: 10s
        retry: 20s                   # connecting again to a host that sheds load
        start: 1m                    # login scripts and sudo, until the program on
                                     # the host answers
        idle: 15m                    # silence while a host works; some operations
                                     # have less
        total: 2h                    # of an exchange as a whole; without it, by what
                                     # the exchange does

Ceph is reached through the ceph program on a host of the Spec. Built with -tags
librados, the program reaches a cluster that has access: librados through this
machine's librados.`
