//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/cephstack/cephstack/remote"
)

// bare is the floor below the floor: x/crypto alone connects and runs true. It
// reads known_hosts once, and checks the key that it has there for the host.
func bare(ctx context.Context, j job) error {
	pem, err := os.ReadFile(j.Hosts[0].KeyFile)
	if err != nil {
		return err
	}
	signer, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return err
	}
	known, err := hostKeys(j.Known)
	if err != nil {
		return err
	}
	addresses := map[string]string{}
	var names []string
	for _, h := range j.Hosts {
		addresses[h.Name] = h.Address
		names = append(names, h.Name)
	}
	return failures(remote.Each(ctx, names, j.Parallel, func(_ context.Context, name string) (int, error) {
		address := addresses[name]
		key, ok := known[knownhosts.Normalize(address)]
		if !ok {
			return 0, fmt.Errorf("no known key of %s", address)
		}
		return runBare(address, &ssh.ClientConfig{User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
			HostKeyCallback: ssh.FixedHostKey(key), HostKeyAlgorithms: []string{key.Type()}})
	}))
}

func runBare(address string, config *ssh.ClientConfig) (exit int, err error) {
	client, err := ssh.Dial("tcp", address, config)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return 0, err
	}
	defer session.Close()
	err = session.Run("true")
	if status := new(ssh.ExitError); errors.As(err, &status) {
		return status.ExitStatus(), nil
	}
	return 0, err
}

// hostKeys are the keys of a known_hosts file by name.
func hostKeys(name string) (map[string]ssh.PublicKey, error) {
	rest, err := os.ReadFile(name)
	keys := map[string]ssh.PublicKey{}
	for err == nil && len(rest) > 0 {
		var hosts []string
		var key ssh.PublicKey
		_, hosts, key, _, rest, err = ssh.ParseKnownHosts(rest)
		for _, h := range hosts {
			keys[h] = key
		}
	}
	return keys, err
}
