// Package sshconfig tells how ssh would reach a host by the files that ssh reads, such as
// ~/.ssh/config: its HostName, User, Port, IdentityFile, IdentitiesOnly, ProxyJump,
// UserKnownHostsFile and GlobalKnownHostsFile, and which line of which file each is from.
//
// # What is read
//
// Lines are parted into words as ssh does it, with its quotes of two kinds and its backslashes; of
// ProxyJump, ssh takes the text as it is. A file that Include names is read in its place, so that a
// setting is known by its own file and line. A Host block is for a host if its
// patterns match one of the names that the host has. Of Match blocks, those with "all" are read. Every
// other one needs what only ssh knows, or runs a program: its settings are not used, and Target.From
// names them where they could have been for the host.
//
// # Why the package reads lines itself
//
// Parsers were compared with ssh -G of OpenSSH 9.2 by the seven settings: of 241 random files with Include,
// comments, tabs and quotes as people write them, and of 278 random files that ssh takes with any quotes. The
// tests of this package make both kinds, and hold it to what ssh gives. As ssh read:
//
//	github.com/kevinburke/ssh_config v1.6.0                         77 of 241, 121 of 278
//	the same, with its lines parted into words by this package     146 of 241, 245 of 278
//	the same, with its text prepared, as it was once used here     137 of 241, 124 of 278
//	github.com/trzsz/ssh_config v1.3.8, a fork of it               127 of 241, 150 of 278
//	github.com/k0sproject/rig/v2/sshconfig v2.0.0-alpha.3, v2.1.1  217 of 241, 134 of 278
//
// The first one and its fork take a quote or a tab in Host for a part of the name, a # within a word for a
// comment, and "compute?" for "compute" as well. The first one refuses a file with a Match that it does not know,
// and the fork drops the block in silence. The last one takes "Host a,b" for two names, which gives a host the
// settings of another one, includes no ~/file, and fails at "Match host a". It does not tell the lines that it
// found, and can run commands. None looks at who can write a file or bounds its size, and all read included
// files themselves. What would have to be put around any of them is the words of this package again, and more.
//
// # Trust
//
// Nothing in a file lessens what is checked: there is no setting to take a host's key unseen, and none to
// forward an agent. UserKnownHostsFile /dev/null is an error. A file that others than its owner or root can
// write is an error, too, as in ssh: it says where connections go.
//
// # Concurrency
//
// A Config never changes, and is safe for concurrent use. It has what the files had when Load read them.
package sshconfig
