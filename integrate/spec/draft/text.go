package draft

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/reference"
)

// SchemaURL is where editors find the JSON Schema of a Spec.
const SchemaURL = "https://raw.githubusercontent.com/cephstack/cephstack/main/" +
	"integrate/spec/reference/cloud.schema.json"

const aboutLayout = "layout says how the hosts name packages, files and units: debian, rdo, upstart or kolla."

// A page is the text, as it is written.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// about tells what a field is for, by the first sentence of the reference.
func (p *page) about(path string) {
	f, _ := reference.Lookup(path)
	first, _, _ := strings.Cut(f.Text, ".\n")
	first, _, _ = strings.Cut(first, ". ")
	p.comment(strings.TrimSuffix(first, ".") + ".")
}

// comment is a text in lines that begin with #.
func (p *page) comment(text string) {
	const width = 100
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width {
			p.line("%s", line)
			line = "#"
		}
		line += " " + word
	}
	p.line("%s", line)
}

// optional shows a field as a comment, with its example.
func (p *page) optional(path string) {
	f, _ := reference.Lookup(path)
	p.about(path)
	for line := range strings.Lines(f.Example) {
		p.WriteString("#" + line)
	}
	p.line("")
}

// scalar are texts that YAML takes as they are, also in brackets and braces.
var (
	scalar = regexp.MustCompile(`^[A-Za-z~/][A-Za-z0-9_~./@-]*$`)
	word   = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|~)$`)
)

// quote is a text as YAML has it.
func quote(text string) string {
	if scalar.MatchString(text) && !word.MatchString(text) {
		return text
	}
	quoted, _ := json.Marshal(text) // a string can always be JSON, which is YAML
	return string(quoted)
}

func quoteAll(texts []string) string {
	var all []string
	for _, text := range texts {
		all = append(all, quote(text))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// top is how each text begins.
func (p *page) top() {
	p.line("# yaml-language-server: $schema=%s", SchemaURL)
	p.comment("What this cloud keeps in Ceph, and on which hosts. cephstack explain FIELD tells more of a field, such " +
		"as cephstack explain hosts.disks.")
}

// write is the text.
func (a Answers) write(entries []entry) string {
	p := &page{}
	p.top()
	p.comment("Next: cephstack trust shows the keys of the hosts, and cephstack plan what is missing.")
	p.line("")
	a.release(p)
	a.clusters(p)
	a.ssh(p)
	a.entries(p, entries)
	a.sections(p)
	a.cloud(p)
	p.optional("packages")
	p.optional("gate")
	p.about("prepare")
	p.line("#prepare:\n#  sudo: {}\n#  guests: {}")
	return p.String()
}

func (a Answers) release(p *page) {
	p.about("release")
	if a.Release == "" {
		p.line("#release: zed\n")
	} else {
		p.line("release: %s\n", quote(a.Release))
	}
	p.comment(aboutLayout)
	if a.Layout == "" {
		p.line("#layout: debian\n")
	} else {
		p.line("layout: %s\n", quote(a.Layout))
	}
}

func (a Answers) clusters(p *page) {
	p.about("clusters")
	p.comment("A host here is where the ceph program works as client.admin.")
	p.line("clusters:")
	for _, c := range a.Clusters {
		p.line("  - name: %s", quote(c.Name))
		if c.Host != "" {
			p.line("    host: %s", quote(c.Host))
		}
		if c.Access != "" {
			p.line("    access: %s", quote(c.Access))
		} else {
			p.line("    #access: cephadm # where host has the ceph program only in cephadm shell")
		}
		p.line("    #pools: # details of pools; a pool that is not here gets the defaults of the cluster")
		p.line("    #  - {name: %s, pg_num: 128}", quote(a.somePool()))
	}
	p.line("")
}

// somePool is a pool of a service, for an example.
func (a Answers) somePool() string {
	for _, s := range spec.ServiceNames() {
		if len(a.Services[s].Hosts) > 0 {
			return a.pool(s)
		}
	}
	return "volumes"
}

func (a Answers) pool(service string) string {
	usual := map[string]string{"glance-api": "images", "cinder-volume": "volumes", "cinder-backup": "backups",
		"nova-compute": "vms"}
	return cmp.Or(a.Services[service].Pool, usual[service])
}

func (a Answers) ssh(p *page) {
	p.comment("ssh says how hosts are reached. What is not here is as ssh has it, by ~/.ssh/config or by default.")
	s := a.SSH
	if s.User == "" && len(s.KeyFiles) == 0 && len(s.KnownHosts) == 0 && !s.Sudo && s.Jump == "" {
		p.line("#ssh:\n#  user: stack\n#  sudo: true\n")
		return
	}
	p.line("ssh:")
	for _, f := range []struct {
		name, value, example string
	}{
		{"user", s.User, "stack"}, {"jump", s.Jump, "operator@bastion.example"},
	} {
		if f.value == "" {
			p.line("  #%s: %s", f.name, f.example)
		} else {
			p.line("  %s: %s", f.name, quote(f.value))
		}
	}
	for _, f := range []struct {
		name    string
		value   []string
		example string
	}{
		{"key_files", s.KeyFiles, "[~/.ssh/id_ed25519]"}, {"known_hosts", s.KnownHosts, "[known_hosts]"},
	} {
		if len(f.value) == 0 {
			p.line("  #%s: %s", f.name, f.example)
		} else {
			p.line("  %s: %s", f.name, quoteAll(f.value))
		}
	}
	if s.Sudo {
		p.line("  sudo: true # user becomes root by sudo, without a password\n")
	} else {
		p.line("  #sudo: true # where user becomes root by sudo, without a password\n")
	}
}

func (a Answers) entries(p *page, entries []entry) {
	p.about("hosts")
	p.comment("A range such as compute[001-400] is many hosts.")
	p.line("hosts:")
	for _, e := range entries {
		line := "  - {name: " + quote(e.name)
		if e.address != "" {
			line += ", address: " + quote(e.address)
		}
		if len(e.services) > 0 {
			line += ", services: " + quoteAll(e.services)
		}
		p.line("%s}", line)
	}
	p.line("")
}

func (a Answers) sections(p *page) {
	for _, s := range []struct{ service, field, user string }{{"glance-api", "glance", "glance"},
		{"cinder-volume", "cinder", "cinder"}, {"cinder-backup", "backup", "cinder-backup"},
		{"nova-compute", "nova", "cinder"}} {
		p.about(s.field)
		off, pool := "", quote(a.pool(s.service))
		if len(a.Services[s.service].Hosts) == 0 {
			p.comment("It needs " + s.service + " on a host.")
			off = "#"
		}
		if s.field != "cinder" {
			p.line("%s%s: {pool: %s, user: %s}\n", off, s.field, pool, s.user)
			continue
		}
		p.line("%scinder:\n%s  backends:\n%s    - name: ceph\n%s      pool: %s\n%s      user: cinder", off, off, off, off,
			pool, off)
		p.line("%s      #volume_type: ceph # a volume type that is made, and bound to the backend; not without the APIs", off)
		for _, c := range a.Clusters[min(1, len(a.Clusters)):] {
			name := quote(c.Name)
			p.line("    #- {name: %s, cluster: %s, pool: %s, user: %s, volume_type: %s} # volumes in this cluster, too",
				name, name, pool, quote("cinder-"+c.Name), name)
		}
		p.line("")
	}
}

func (a Answers) cloud(p *page) {
	p.comment("cloud is the entry of clouds.yaml, for the APIs of the cloud, or apis: none to leave the APIs alone.")
	switch {
	case a.NoAPIs:
		p.comment("Without the APIs, nobody can tell where VMs have local disks: set disks: ceph or disks: keep for " +
			"computes.")
		p.line("cloud: {apis: none}\n")
	case a.Cloud == "":
		p.line("#cloud: {name: production}\n")
	default:
		p.line("cloud: {name: %s}\n", quote(a.Cloud))
	}
}
