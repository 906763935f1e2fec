package connect

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/sshconfig"
	"github.com/cephstack/cephstack/remote"
)

// systemFolder has the files of ssh that all users share.
const systemFolder = "/etc/ssh"

// known gives a connection the files of host keys: those of the Spec, or else those of ssh, of which some may be
// missing. Where no file of ssh names them, they are those that ssh reads by default.
func (r routes) known(way *route, c *remote.Config) {
	settled := len(c.KnownHosts) > 0
	own, system := r.inHome("known_hosts", "known_hosts2"),
		[]string{filepath.Join(systemFolder, "ssh_known_hosts"), filepath.Join(systemFolder, "ssh_known_hosts2")}
	if way.has(sshconfig.KnownHosts, settled) {
		own = way.target.KnownHosts
	}
	if way.has(sshconfig.GlobalKnownHosts, settled) {
		system = way.target.GlobalKnownHosts
	}
	if settled || r.ssh.Alone() {
		return
	}
	if r.whole {
		c.KnownHosts = slices.Concat(own, there(system))
		return
	}
	if c.KnownHosts = there(own, system); len(c.KnownHosts) == 0 {
		c.KnownHosts = own
	}
}

// keys gives c the keys of the Spec, or else those of the files that IdentityFile names or that ssh takes by default.
// A jump host that the Spec does not name has both.
func (r routes) keys(way *route, c *remote.Config, named bool) {
	*c = withKeys(*c, r.ssh.KeyFiles, r.ssh.Agent)
	byFile := way.has(sshconfig.IdentityFile, named)
	only := way.has(sshconfig.IdentitiesOnly, named) && way.target.IdentitiesOnly
	files := there(r.inHome("id_rsa", "id_ecdsa", "id_ed25519"))
	if byFile {
		files = nil
		for _, file := range way.target.IdentityFiles {
			if missing(file) {
				way.from = append(way.from, file+" is not there")
				continue
			}
			files = append(files, file)
		}
	}
	if named || !byFile && len(files) == 0 {
		return
	}
	for _, file := range files {
		if !slices.Contains(c.KeyFiles, file) {
			c.KeyFiles = append(slices.Clip(c.KeyFiles), file)
		}
	}
	c.OptionalKeyFiles = true // as in ssh
	c.OnlyKeyFiles = c.OnlyKeyFiles || only && len(c.KeyFiles) > 0
}

// inHome are files of ssh of the user who runs the program. There are none where no file of ssh is read.
func (r routes) inHome(names ...string) (files []string) {
	if r.home == "" {
		return nil
	}
	for _, name := range names {
		files = append(files, filepath.Join(r.home, ".ssh", name))
	}
	return files
}

// there are the files that are there.
func there(lists ...[]string) []string {
	return slices.DeleteFunc(slices.Concat(lists...), missing)
}

func missing(file string) bool {
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist)
}
