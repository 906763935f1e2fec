// Package helper is the least that a login user can have of root's rights: one program on the
// host that does what an allow-list has, and refuses all else.
//
// # What it is
//
// The helper is the program that package remote runs on a host, installed there at Path, with a
// guard in place: before each operation, the helper looks for the operation and its path, unit,
// package or arguments in the allow-list at AllowPath. A rule of sudo's has the digest of the
// helper and an empty list of arguments, so that sudo refuses other bytes and any argument.
// remote.Config.Helper makes a remote.SSH use it.
//
// Helper, allow-list and rule belong to root, and come by another way than the helper: the helper
// never changes them, whatever the allow-list has. It starts with an empty environment, and
// reads the allow-list before each request, and again while a request lasts. If somebody else than
// root may change the list, or a folder above, or the list is a symlink, everything is refused. The
// helper needs coreutils 8.30 or newer.
//
// # What it does not do
//
// The helper limits what is done, not what comes of it. Whoever may write the configuration of a
// service makes the service do what the configuration says. Whoever may write the list of
// repositories, and install a package, brings programs of theirs. Whoever may run a program with
// its standard input brings that. The allow-list tells which of these a host allows.
//
// It does not keep its user from holding up others: a request that comes slowly holds the lock of the
// folder that it changes, and a change by somebody else fails after 30 s. Whoever may write a file may
// find out whether the file has a content that they know. Whoever may change a folder above a path of the
// list, and swaps that folder with a symlink all the time, may find out whether a folder is there.
//
// # Use
//
// To say what a login user may do as root: see the Example.
//
// AllowList makes the list of operations:
//
//	list := helper.AllowList([]remote.Op{
//		remote.ReadFile{Path: "/etc/nova/nova.conf"},
//		remote.WriteFile{Path: "/etc/nova/nova.conf"},
//		remote.RestartUnit{Unit: "nova-compute.service"},
//	})
//
// Text and Rule are the other two files. The Defaults of sudo for the user must not have setenv,
// and the rule no SETENV: a user who may choose LD_PRELOAD needs no helper.
//
// A newer version of this module has another Text: Text and Rule are replaced together, by the way
// that does not need the helper. A helper that does not fit its rule, or does not know the requests
// of this version, fails with remote.ErrSudo.
//
// # The allow-list
//
// It is a text: the line "cephstack allow 1", and then a line for each thing, which is a word
// and an object. Both are compared as they are: there are no patterns, and no line forbids. A line
// that begins with # says of what the digest in the next line is: the account, and the arguments,
// with quotation marks and escapes as in Go where they are needed.
//
//	read, stat PATH           a file
//	dir PATH/*SUFFIX          the files of a folder with a suffix
//	remove PATH               a file
//	write PATH AS             a file
//	attr PATH AS              owner, group and mode of a file or a folder
//	mkdir PATH AS             a folder, and folders above where all others above are root's alone
//	unit, restart UNIT        a systemd unit
//	packages, install NAME    a package
//	run DIGEST                a program with its arguments, as a user
//	probe DIGEST              the same, with any name of a probe (see AnyProbe)
//	script DIGEST             the beginning of arguments that go on with secret and argument
//	secret UUID               may be such an argument
//	argument DIGEST           the same
//
// AS is owner, group and mode as an operation asks for them: "root cinder 0640". A minus is for what
// the operation leaves as it is, and for what a new file gets where nothing is asked for.
//
// A restart notes the digests of its Inputs (see remote.RestartUnit) if all of them may be read,
// by a line with read, or by one with dir. Else there is no note, and the unit is restarted all the
// same.
//
// A digest is the SHA-256 of the number of what follows, of the user, which is empty for root, and
// of the arguments, each with a NUL behind it.
//
// Whatever the list has, some paths are never changed, as root's programs read them, and whoever may
// write there is root soon: what is in the folder / itself; below /bin, /boot, /dev, /efi, /gnu, /home,
// /lib*, /nix, /opt, /ostree, /proc, /root, /sbin, /snap, /sys, /sysroot and /usr; below /etc all but
// keyrings in /etc/ceph, and what is in the folders of Cinder, Glance and Nova, but for rootwrap; below
// /var all but /var/log; and of /run each folder whose name ends with .d, and those where systemd, udev,
// polkit, D-Bus, NetworkManager, netplan, sudo, sshd, the initramfs, users and cephstack keep theirs.
// /etc/ceph/ceph.conf is one of these: with it, each program of Ceph that root starts writes a log
// wherever the file says.
//
// In a folder that others than root may change, the helper reads and changes files only while the
// sysctl fs.protected_hardlinks is 1: else they might link files of root into the folder. The same goes
// for changes in folders below.
//
// A restart that fails tells the last ten lines that the unit has in the journal. A note of a restart is told
// if all files in it may be read.
//
// # Errors
//
// A refused operation has ErrDenied in its Result, and the error says which line is missing. Where a
// symlink leads to what the list does not have, the error does not say where it leads, nor whether
// something is there; but Stat of a symlink of root tells its remote.File.Real. If sudo
// refuses the helper, because its bytes are others or it is missing, the exchange fails with
// remote.ErrSudo.
//
// # Concurrency and cancellation
//
// All functions are pure.
//
// # Testing
//
// The tests of package remote attack a helper behind a real sshd and a real sudo.
package helper
