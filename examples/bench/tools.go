//go:build linux

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A task is one run of a tool to prepare.
type task struct {
	tool     string
	fleet    fleet
	n, port  int
	parallel int
	cluster  cluster
	desired  desired
	dir      string // empty folder for its files
}

// An invocation is how a tool is run.
type invocation struct {
	argv  []string
	env   []string
	stdin string // file
}

// invoke writes what the tool needs and says how to run it.
func (t task) invoke(f *farm) (invocation, error) {
	switch t.tool {
	case "cephstack", "floor", "bare":
		return t.own()
	case "clush":
		return t.clush(f)
	}
	return t.ansible(f)
}

// own is the SDK's driver.
func (t task) own() (invocation, error) {
	hosts, known := t.fleet.hosts(t.n, t.port)
	path := filepath.Join(t.dir, "job.json")
	j := job{Tool: t.tool, Hosts: hosts, Known: known, Cluster: t.cluster, Parallel: t.parallel}
	return invocation{argv: []string{"/proc/self/exe", "drive", path}}, writeJSON(path, j)
}

// clush sends a script out; it sees connections through to their end.
func (t task) clush(f *farm) (invocation, error) {
	data, err := embedded.ReadFile("peers/converge.sh")
	if err != nil {
		return invocation{}, err
	}
	script, list := filepath.Join(t.dir, "converge.sh"), filepath.Join(t.dir, "hosts")
	text := strings.ReplaceAll(string(data), "@DESIRED@", t.desired.shell())
	err = errors.Join(os.WriteFile(script, []byte(text), 0o600), os.WriteFile(list, []byte(t.addresses()), 0o600))
	return invocation{
		argv: []string{"clush", "-q", "-S", "-t", "600", "-f", strconv.Itoa(t.parallel), "-o", "-F " + f.sshConfig(t.port),
			"--hostfile", list, "sh"},
		env: []string{"HOME=" + t.dir}, stdin: script,
	}, err
}

func (t task) addresses() string {
	var b strings.Builder
	for i := range t.n {
		b.WriteString(hostAddress(i) + "\n")
	}
	return b.String()
}

// shell is the desired state as calls of the script's functions.
func (d desired) shell() string {
	var b strings.Builder
	b.WriteString("options='")
	for _, o := range d.Options {
		fmt.Fprintf(&b, "%s %s %s\n", o.Section, o.Option, o.Value)
	}
	b.WriteString("'\ndesired() {\n")
	for _, f := range d.Files {
		fmt.Fprintf(&b, "\tput %s %s %s %s %s || return\n", f.Path, f.Owner, f.Group, f.Mode,
			base64.StdEncoding.EncodeToString(f.Data))
	}
	for _, s := range d.Secrets {
		fmt.Fprintf(&b, "\tsecret %s %s '%s' || return\n", s.UUID, base64.StdEncoding.EncodeToString([]byte(s.XML)), s.Value)
	}
	b.WriteString("}\n")
	return b.String()
}

const ansibleConfig = `[defaults]
inventory = DIR/hosts
forks = FORKS
gathering = explicit
host_key_checking = True
stdout_callback = minimal
display_ok_hosts = False
display_skipped_hosts = False
retry_files_enabled = False
local_tmp = DIR/tmp
timeout = 600
interpreter_python = /usr/bin/python3
STRATEGY
[ssh_connection]
pipelining = True
ssh_args = -F CONFIG -o ControlMaster=auto -o ControlPersist=60s
control_path_dir = DIR/cp
`

const mitogenStrategy = `strategy_plugins = /usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy
strategy = mitogen_linear
`

// ansible is Ansible, with Mitogen's strategy or its own.
func (t task) ansible(f *farm) (invocation, error) {
	playbook, err := embedded.ReadFile("peers/playbook.yml")
	if err != nil {
		return invocation{}, err
	}
	strategy := ""
	if t.tool == "mitogen" {
		strategy = mitogenStrategy
	}
	config := strings.NewReplacer("DIR", t.dir, "FORKS", strconv.Itoa(t.parallel), "STRATEGY\n", strategy, "CONFIG",
		f.sshConfig(t.port)).Replace(ansibleConfig)
	files := map[string][]byte{"ansible.cfg": []byte(config), "hosts": []byte(t.addresses()), "playbook.yml": playbook}
	vars := map[string][]map[string]string{}
	for _, w := range t.desired.Files {
		name := "files/" + filepath.Base(w.Path)
		files[name] = w.Data
		vars["files"] = append(vars["files"], map[string]string{"src": filepath.Join(t.dir, name), "path": w.Path,
			"owner": w.Owner, "group": w.Group, "mode": w.Mode})
	}
	for _, o := range t.desired.Options {
		vars["options"] = append(vars["options"], map[string]string{"section": o.Section, "option": o.Option,
			"value": o.Value})
	}
	for _, s := range t.desired.Secrets {
		vars["secrets"] = append(vars["secrets"], map[string]string{"uuid": s.UUID, "xml": s.XML, "value": s.Value})
	}
	for _, dir := range []string{"files", "cp", "tmp"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(t.dir, dir), 0o700))
	}
	for name, data := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(t.dir, name), data, 0o600))
	}
	err = errors.Join(err, writeJSON(filepath.Join(t.dir, "vars.json"), vars))
	return invocation{
		argv: []string{"ansible-playbook", "-e", "@" + filepath.Join(t.dir, "vars.json"),
			filepath.Join(t.dir, "playbook.yml")},
		env: []string{"HOME=" + t.dir, "ANSIBLE_CONFIG=" + filepath.Join(t.dir, "ansible.cfg"), "ANSIBLE_NOCOLOR=1",
			"LC_ALL=C.UTF-8"},
	}, err
}
