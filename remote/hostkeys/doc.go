// Package hostkeys learns the keys of SSH hosts: it compares keys that hosts
// showed with known_hosts files, and adds those that somebody verified.
//
// # What it is
//
// A Key comes from remote.Config.ScanHostKeys, which asks a host, or from
// anywhere else, such as a provider's API. A scan proves nothing about who
// answered. Only a key whose fingerprint the caller has from another source,
// such as the host's console, is written down.
//
// # Use
//
// To learn the host keys of new hosts: see the Example.
//
//	keys, err := remote.Config{Address: "c1.example.com"}.ScanHostKeys(ctx)
//	known, unknown, err := hostkeys.Check([]string{file}, keys)
//	// show the fingerprints of unknown, and ask which are right
//	added, err := hostkeys.Trust(file, unknown, confirmed...)
//
// Hashed names, wildcards, @cert-authority and @revoked lines count as in
// OpenSSH.
//
// # Errors
//
// A key that the files contradict is remote.ErrHostKey. Files that cannot be
// read are errors of package os; a missing file is an empty one.
//
// # Concurrency and cancellation
//
// The functions are safe for concurrent use. Trust adds all its lines by one
// write at the end of the file.
//
// # Testing
//
// Parsing is tested against ssh-keygen and golang.org/x/crypto/ssh/knownhosts,
// scanning against sshd and ssh-keyscan.
package hostkeys
