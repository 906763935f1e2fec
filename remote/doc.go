// Package remote does things on machines: it reads and replaces files, looks
// at and restarts systemd units, installs packages and runs programs, over SSH
// or on the machine itself.
//
// # What it is
//
// The seam is Host, with one method. Do takes a batch of typed operations and
// returns one Result for each. However many they are, they travel in one
// exchange. There is no agent on the machine, no sftp and no Python. A constant
// POSIX sh program goes there as the argument of one exec; operations, file
// contents and secrets are its standard input. Over SSH, a first look at a
// machine takes nine round trips, however many operations there are. A change
// after it takes one more. Operations without data go along with the program,
// and the program stays on the machine for a minute, for the next Do.
//
// What is private is not sent before the program has answered: a login script or a
// forced command may read standard input, and repeat it. Nor is a change of a file, a unit
// or a package: if no answer comes, it is certain that nothing ran. So a change on a new
// connection takes ten round trips. A password is only sent when sudo asks for it, by
// a prompt that is random: that takes one more.
//
// The login shell and its rc files do not matter. The machine needs GNU
// coreutils and /proc; for some operations systemctl, apt-get or dnf, and
// runuser. It should have flock of util-linux. To remove the access control list of
// a folder, or with SetAttr of a file, it needs setfacl of the package acl where
// coreutils are 9.2 or newer.
//
// WriteFile is atomic and durable: a temp file of mode 0600 in the target's
// folder, its digest checked, owner and mode set, synced, the old digest and file
// compared, renamed over the old file, the folder synced. Whoever reads
// sees the old file or the new one with its final owner and mode. A machine
// that dies meanwhile leaves at most one temp file (.cephstack.PID.…), which
// the next WriteFile in that folder removes. Hard links to the old file keep
// the old content. Extended attributes are lost, except SELinux's label.
//
// No other writer of this package comes between the comparison and the rename: the
// folder is locked meanwhile, with flock of a file of root in /run/cephstack, which only root
// can reach. If the lock is held for 30 s, the write fails. An editor or another program, which
// does not ask for the lock, has a window of about a millisecond, the start of mv. A program that
// does not run as root locks the folder itself, which keeps out others that do the same. Whoever
// may read a folder can hold that lock: after 5 s such a write goes on without the lock. On a host
// without flock, there is no lock.
//
// Folders may be behind symlinks: a change enters the folder where it really is, and its lock and temp file are
// there. A caller that wants to know who decides where that is asks File.Real.
//
// Owner and mode are changed of what is held open: a file by its descriptor, a folder by
// being in it. A user who may write to the folder around them, and puts a symlink there
// in between, gets an error. WriteFile, SetAttr and Mkdir leave no access control list,
// whatever default list the folder has; File.ACL tells of a list that is there.
//
// Nothing else stays on the machine but the empty files of locks, one for each folder, and
// notes of RestartUnit, one for each unit that was restarted with Inputs. They are files of root
// alone in /run/cephstack, which the next start of the machine empties. A note has the unit's invocation ID and the
// digests of the inputs, as they were right before the restart. Unit.Read tells them
// as long as that very process runs, so that no clock is needed to tell what it has
// read. A note that others can write, or that is not a note as a whole, is ignored.
//
// # Use
//
// To read and replace files, restart units and run programs on hosts: see the Examples.
//
//	host, err := remote.New(remote.Config{
//		Address:    "c1.example.com",
//		User:       "deploy",
//		KeyFiles:   []string{"/home/ops/.ssh/id_ed25519"},
//		KnownHosts: []string{"/home/ops/.ssh/known_hosts"},
//		Sudo:       true,
//	})
//	defer host.Close()
//	results, err := host.Do(ctx,
//		remote.WriteFile{Path: "/etc/ceph/ceph.conf", Data: conf, Mode: 0o644},
//		remote.RestartUnit{Unit: "cinder-volume.service"},
//	)
//
// Put an op into an If when it must not run unless earlier ops ended well. Local
// is the machine that this process runs on. Each does something on many
// machines at a time. A Fleet makes hosts that read known_hosts and keys once,
// and share the connection to a jump host.
//
// Host keys are always checked against known_hosts, with hashed names,
// wildcards, @cert-authority and @revoked; there is no option not to. Keys
// come from files, memory or an agent, of which public keys in files may choose; SHA-1, DSA and ssh-rsa signatures are
// never used. Config.ScanHostKeys and package hostkeys are how a host's key is
// learned: only a key whose fingerprint the caller has from somewhere else is
// written down. Config.Password is for hosts that do not have the user's key
// yet; it does not print. ~/.ssh/config is not read: Config has its settings.
//
// Sudo gives whoever has the login a shell as root. Where that is too much, package helper has a
// program to install, which does what an allow-list has, and Config.Helper uses that program.
//
// # Errors
//
// Do returns a *HostError when the exchange as a whole failed. It says at which
// step and, where that is known, during which operation. Retryable says whether
// trying again can help. Jump is set when a jump host is at fault, and
// errors.Is(err, ErrLocal) reports a fault on the machine that connects: both
// are the same for all hosts of a Fleet. Each operation that failed has an
// *OpError in its Result; errors.As finds the *HostError in it when the
// exchange failed. Test for the conditions with errors.Is: the Err… variables
// here, fs.ErrNotExist and fs.ErrPermission for files, fs.ErrInvalid for an
// operation that cannot be (see Check). fs.ErrNotExist needs positive evidence.
//
// When a connection is lost, or ctx ends, in the middle of an exchange, the
// results that came before are there. An operation that may have had an effect
// has ErrUnknown: read the machine again to learn whether it had. So has one
// whose answer cannot be read. An operation that did not start has the cause
// alone.
//
// A host that hangs up during the login, such as one that is booting, says why in its banner or by
// PAM: that is in the error.
//
// No error holds the contents of a file, standard input, or more arguments
// of a program than its name. What a program or a unit's journal said is made
// printable, and cut. What may be a key or a password in it is shown as
// [redacted], as cephstack.WithoutSecrets finds it.
//
// # Concurrency and cancellation
//
// Hosts are safe for concurrent use; exchanges on one SSH share its connection,
// eight at a time. Operations of one Do run in order. Do returns within 100 ms
// of the end of ctx. The program on the machine then finishes its current
// operation within the time that the operation has, and ends. Each phase of
// connecting has its own time limit (Timeouts). So has an exchange, whatever the host
// sends: the host's program has to begin within Timeouts.Start, or 3 s later where a login
// script reads standard input, and the exchange ends within Timeouts.Total after that. A
// host that hangs up before it says a word (MaxStartups) is tried again for
// Timeouts.Retry; a refused authentication never is.
//
// What a host sends takes a bounded amount of memory. Of a ReadFile the answer may
// have Max bytes, of a ReadDir eight times as many, or 264 MiB if that is more, and of a Run
// 8 MiB of each output. All answers of an exchange together have at most 256 MiB, or what
// its largest operation may bring if that is more; while an answer is decoded, it may be
// in memory twice. An answer with more is given up.
//
// # Testing
//
// Package remotetest has a Host in memory, an SSH server in front of one, and
// the contract of Host as tests.
package remote
