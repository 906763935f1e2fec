// Package sshconfig tells how ssh would reach a host by the files that ssh reads, such as
// ~/.ssh/config: its HostName, User, Port, IdentityFile, IdentitiesOnly, ProxyJump and
// UserKnownHostsFile, and which line of which file each is from.
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
