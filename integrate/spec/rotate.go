package spec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// A Rotation is a Ceph user that is on its way out, or whose key is. The services of the Spec name
// the user that shall be. While the entry stands, the user that goes keeps its rights, its keyrings
// and its secrets on all hosts, so that each guest that has it can come back on any compute.
// Package integrate/rotate moves the guests, proves that nobody has the user any more, and removes it.
type Rotation struct {
	// From is the Ceph user that goes, with or without client. in front.
	// Default: none; the user must be given.
	// Limits: a name; not admin; not a user of the Spec's services, unless it is to, too; each user of
	// a cluster once.
	From string `json:"from" yaml:"from"`
	// To is the user that takes its place, with or without client. in front. The same user as from
	// stands for another key of that user, which is changed in place.
	// Default: from.
	// Limits: the user of a service of the Spec in that cluster.
	To string `json:"to,omitempty" yaml:"to,omitempty"`
	// Cluster is the cluster of both users.
	// Default: the first of clusters.
	// Limits: the name of a cluster in clusters.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// KeyType is the type that the new key has to have.
	// Default: the type that the cluster prefers.
	// Limits: aes or aes256k.
	KeyType string `json:"key_type,omitempty" yaml:"key_type,omitempty"`
	// Since is the time from which on a key counts as new, where a key is changed in place (from and to
	// are one user, or hybrid). Ceph writes into a key when it was made. Without a time, a key of the
	// right type counts as new; with hybrid, only if it is not older than the key of the user in to.
	// Default: left out; the type alone counts, and with hybrid the age of both keys.
	// Limits: a date such as 2026-11-28, which begins at midnight of UTC, or a time such as
	// 2026-11-28T22:00:00Z; not a time that is to come.
	Since string `json:"since,omitempty" yaml:"since,omitempty"`
	// SecretUUID is the UUID of the libvirt secret of the user that goes: that which the Spec gave as
	// secret_uuid of a service before.
	// Default: derived from the cluster's fsid and the user.
	// Limits: a UUID in lower case; not that of another user; not where from and to are one user.
	SecretUUID string `json:"secret_uuid,omitempty" yaml:"secret_uuid,omitempty"`
	// NovaManage is the host on which nova-manage can renew the attachments of volumes. Guests need that
	// which are stopped, or which may be stopped and started. The program needs Nova's databases, and a
	// login for Cinder in [cinder] of its configuration. On a host of Kolla it runs in a container of Nova.
	// Default: left out; such guests wait.
	// Limits: a host in hosts.
	NovaManage string `json:"nova_manage,omitempty" yaml:"nova_manage,omitempty"`
	// NovaManageConfig are the files of options that nova-manage reads there, in this order.
	// Default: its own: /etc/nova/nova.conf.
	// Limits: paths of files; not without nova_manage.
	NovaManageConfig []string `json:"nova_manage_config,omitempty" yaml:"nova_manage_config,omitempty"`
	// Guests say what may be done to which guests. The first rule that matches a guest counts. Where a
	// rule names a server or a project that no guest has, guests of later rules that allow more wait.
	// Default: no rules; no guest is touched.
	// Limits: those of its fields.
	Guests []GuestRule `json:"guests,omitempty" yaml:"guests,omitempty"`
}

// A GuestRule says what a rotation may do to some guests. A guest has to match each list that is
// given. A rule without lists matches all guests.
type GuestRule struct {
	// Projects are those of the guests.
	// Default: all projects.
	// Limits: IDs of projects.
	Projects []string `json:"projects,omitempty" yaml:"projects,omitempty"`
	// Hosts are the computes of the guests, with ranges such as compute[001-100].
	// Default: all computes.
	// Limits: hosts of the Spec with nova-compute.
	Hosts []string `json:"hosts,omitempty" yaml:"hosts,omitempty"`
	// Tags are tags of which the guest has to have one.
	// Default: guests with and without tags.
	// Limits: texts without empty ones.
	Tags []string `json:"tags,omitempty" yaml:"tags,omitempty"`
	// Servers are guests by their IDs or names. Guests of several projects that have one name wait until
	// the rule has their IDs, or projects.
	// Default: all guests.
	// Limits: texts without empty ones.
	Servers []string `json:"servers,omitempty" yaml:"servers,omitempty"`
	// May is what may be done. live-migration moves a guest to another compute, which renews the
	// volumes of Cinder. hard-reboot renews the disks that Nova owns. stop-start renews both. hybrid
	// leaves a disk that Nova owns on the old user, and gives that user a new key at the end. stop-start
	// of a guest with volumes needs nova_manage. A guest that is stopped has its volumes renewed by any
	// of them, by nova_manage, and stays stopped.
	// Default: nothing; these guests are left alone.
	// Limits: live-migration, hard-reboot, stop-start and hybrid, each once.
	May []string `json:"may,omitempty" yaml:"may,omitempty"`
	// AtOnce is how many guests of the rule are worked on at once.
	// Default: 1.
	// Limits: from 1 to 1000.
	AtOnce int `json:"at_once,omitempty" yaml:"at_once,omitempty"`
	// Window is when guests may be begun, every day, by the clock and the time zone of the machine that
	// cephstack runs on. What was begun may end later.
	// Default: always.
	// Limits: two times that differ, such as 22:00-05:00.
	Window string `json:"window,omitempty" yaml:"window,omitempty"`
	// Within is how long one act may take, such as a live migration.
	// Default: 15m.
	// Limits: a duration from 1m to 24h.
	Within string `json:"within,omitempty" yaml:"within,omitempty"`
}

// InPlace reports whether a user keeps its name, and gets another key. The defaults have been
// filled in (WithDefaults).
func (r Rotation) InPlace() bool { return r.From == r.To }

// Old is the user that goes. The defaults have been filled in.
func (r Rotation) Old() User { return User{r.Cluster, "client." + r.From} }

// New is the user that takes its place. The defaults have been filled in.
func (r Rotation) New() User { return User{r.Cluster, "client." + r.To} }

// MadeSince is the time from which on keys count as new, if the Spec gives one.
func (r Rotation) MadeSince() (time.Time, bool) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(form, r.Since); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// withDefaults has names without client. in front.
func (r Rotation) withDefaults(first string) Rotation {
	r.From, r.To = strings.TrimPrefix(r.From, "client."), strings.TrimPrefix(r.To, "client.")
	if r.To == "" {
		r.To = r.From
	}
	if r.Cluster == "" {
		r.Cluster = first
	}
	return r
}

// Acts are the words of GuestRule.May, the gentlest first.
func (GuestRule) Acts() []string {
	return []string{"live-migration", "hard-reboot", "stop-start", "hybrid"}
}

// Limit is the time that one act may take.
func (g GuestRule) Limit() time.Duration {
	if d, err := time.ParseDuration(g.Within); err == nil {
		return d
	}
	return 15 * time.Minute
}

// Open reports whether guests may be begun at a time, and otherwise when they may be.
func (g GuestRule) Open(now time.Time) (open bool, from string) {
	begin, end, err := parseWindow(g.Window)
	if g.Window == "" || err != nil {
		return true, ""
	}
	at := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
	if begin <= end {
		open = at >= begin && at < end
	} else {
		open = at >= begin || at < end
	}
	return open, g.Window[:strings.Index(g.Window, "-")]
}

// parseWindow gives the times of a window since midnight.
func parseWindow(text string) (begin, end time.Duration, err error) {
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		return 0, 0, fmt.Errorf("has no dash")
	}
	var at [2]time.Duration
	for i, part := range []string{from, to} {
		t, err := time.Parse("15:04", strings.TrimSpace(part))
		if err != nil {
			return 0, 0, err
		}
		at[i] = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return at[0], at[1], nil
}

// rotations checks what is under way.
func (v *validation) rotations() {
	if len(v.spec.Clusters) == 0 {
		return
	}
	s := v.spec.WithDefaults()
	serve := map[User]bool{}
	for _, u := range v.spec.Uses() {
		serve[u.User] = true
	}
	seen := map[User]string{}
	for i, r := range s.Rotate {
		path := fmt.Sprintf("rotate[%d]", i)
		v.cluster(path+".cluster", v.spec.Rotate[i].Cluster)
		v.rotatedUsers(path, r, serve)
		if other, twice := seen[r.Old()]; twice {
			v.repeated(path+".from", other, "%q is in %s, too", r.From, other)
		}
		seen[r.Old()] = path + ".from"
		if !slices.Contains([]string{"", "aes", "aes256k"}, r.KeyType) {
			v.fault(path+".key_type", "%q is neither aes nor aes256k", r.KeyType)
		}
		if _, is := r.MadeSince(); r.Since != "" && !is {
			v.fault(path+".since", "%q is neither a date such as 2026-11-28 nor a time such as 2026-11-28T22:00:00Z", r.Since)
		}
		v.rotatedSecret(path+".secret_uuid", r)
		v.novaManage(path, r)
		for j, g := range r.Guests {
			v.guestRule(fmt.Sprintf("%s.guests[%d]", path, j), g)
		}
	}
}

func (v *validation) rotatedUsers(path string, r Rotation, serve map[User]bool) {
	switch {
	case r.From == "":
		v.fault(path+".from", "is missing; name the Ceph user that goes")
		return
	case r.From == "admin":
		v.fault(path+".from", "%q administers the cluster; rotate its key by hand", r.From)
		return
	}
	v.name(path+".from", r.From)
	v.name(path+".to", r.To)
	if v.faulty(path) {
		return
	}
	if !serve[r.New()] {
		v.fault(path+".to", "no service of the Spec works as user %q in cluster %s; set user: %s for the services that "+
			"work as %s", r.To, r.Cluster, r.To, r.From)
	}
	if !r.InPlace() && serve[r.Old()] {
		v.fault(path+".from", "a service of the Spec works as user %q in cluster %s; set user: %s for it", r.From, r.Cluster,
			r.To)
	}
}

func (v *validation) rotatedSecret(path string, r Rotation) {
	switch {
	case r.SecretUUID == "":
	case r.InPlace():
		v.fault(path, "is of no use where one user keeps its name; set secret_uuid for the services")
	case libvirtsecret.CheckUUID(r.SecretUUID) != nil:
		v.fault(path, "%q is not a UUID in lower case", r.SecretUUID)
	default:
		for _, uuid := range v.spec.secretUUIDs() {
			if uuid == r.SecretUUID {
				v.fault(path, "%s is the secret of a service, too; leave secret_uuid of that service out, and its user gets "+
					"a secret of its own", uuid)
			}
		}
	}
}

// secretUUIDs are those that the services have.
func (s Spec) secretUUIDs() []string {
	var all []string
	if s.Nova != nil {
		all = append(all, s.Nova.SecretUUID)
	}
	for _, b := range s.backends() {
		all = append(all, b.SecretUUID)
	}
	return all
}

func (v *validation) guestRule(path string, g GuestRule) {
	acts := map[string]bool{}
	for _, act := range g.Acts() {
		acts[act] = true
	}
	for i, act := range g.May {
		switch {
		case !acts[act]:
			v.fault(fmt.Sprintf("%s.may[%d]", path, i), "%q is not live-migration, hard-reboot, stop-start or hybrid%s", act,
				DidYouMean(act, acts))
		case slices.Contains(g.May[:i], act):
			v.fault(fmt.Sprintf("%s.may[%d]", path, i), "%q is there twice", act)
		}
	}
	for _, list := range []struct {
		field string
		texts []string
	}{{"projects", g.Projects}, {"tags", g.Tags}, {"servers", g.Servers}} {
		if slices.Contains(list.texts, "") {
			v.fault(path+"."+list.field, "holds an empty text")
		}
	}
	v.ruleHosts(path+".hosts", g.Hosts)
	if g.AtOnce < 0 || g.AtOnce > 1000 {
		v.fault(path+".at_once", "%d is not from 1 to 1000", g.AtOnce)
	}
	switch begin, end, err := parseWindow(g.Window); {
	case g.Window == "":
	case err != nil:
		v.fault(path+".window", "%q is not two times such as 22:00-05:00", g.Window)
	case begin == end:
		v.fault(path+".window", "%q never opens; leave window out for all day", g.Window)
	}
	if g.Within != "" {
		d, err := time.ParseDuration(g.Within)
		if err != nil || d < time.Minute || d > 24*time.Hour {
			v.fault(path+".within", "%q is not a duration from 1m to 24h", g.Within)
		}
	}
}

// ruleHosts checks that hosts of a rule are computes of the Spec.
func (v *validation) ruleHosts(path string, hosts []string) {
	computes := map[string]bool{}
	for _, h := range v.spec.Hosts {
		computes[h.Name] = slices.Contains(h.Services, "nova-compute")
	}
	for i, text := range hosts {
		names, err := ExpandNames(text)
		if err != nil {
			v.fault(fmt.Sprintf("%s[%d]", path, i), "%v", err)
		}
		for _, name := range names {
			if !computes[name] {
				v.fault(fmt.Sprintf("%s[%d]", path, i), "%q is not a host of the Spec with nova-compute%s", name,
					DidYouMean(name, computes))
				break
			}
		}
	}
}

// HostNames are the computes of the rule, with ranges written out.
func (g GuestRule) HostNames() []string {
	var all []string
	for _, text := range g.Hosts {
		names, _ := ExpandNames(text) // Validate reports it
		all = append(all, names...)
	}
	return all
}

func (v *validation) novaManage(path string, r Rotation) {
	names := map[string]bool{}
	for _, h := range v.spec.Hosts {
		names[h.Name] = true
	}
	switch {
	case r.NovaManage != "" && !names[r.NovaManage]:
		v.fault(path+".nova_manage", "%q is not a host of the Spec%s", r.NovaManage, DidYouMean(r.NovaManage, names))
	case r.NovaManage == "" && len(r.NovaManageConfig) > 0:
		v.fault(path+".nova_manage_config", "is of no use without nova_manage")
	}
	for i, file := range r.NovaManageConfig {
		if !strings.HasPrefix(file, "/") {
			v.fault(fmt.Sprintf("%s.nova_manage_config[%d]", path, i), "%q is not the path of a file, from / on", file)
		}
	}
}
