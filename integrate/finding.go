package integrate

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A Finding is something that a plan cannot change, or leaves alone. A Problem keeps
// a part of the Spec from being reached. A note is good to know.
//
// Its Code says what sort of finding it is. A code keeps its meaning from release to
// release; texts may change. New codes may come, so a program should treat a code
// that it does not know by the field Problem. Package explain has a text for each. These are the codes; those marked
// "note" come with notes, all others with Problems.
//
// Of a rollout:
//
//   - not-begun: a part of a Converge was not begun; Cause and Err say why.
//   - stays-after-undo: note: what stays of a change if the apply is taken back; see PlanOptions.UndoOnFailure.
//
// Of a drift check:
//
//   - not-compared: a resource could not be compared, and no change depends on it; see Plan.Unable.
//
// Of a cluster:
//
//   - cluster-unreadable: its monitors did not answer, or refused; nothing that depends on it is planned.
//   - cluster-access: note: how the cluster is reached.
//   - cluster-unhealthy: note: the cluster is not healthy enough for gate: health, and a rollout waits.
//   - cluster-weakened: note: the cluster is not well in a way that gate: health does not wait for.
//   - no-operator-lock: note: nobody is kept out while somebody applies, as the World gives
//     no way to lock the first cluster of the Spec.
//   - caps-classic: note: the Spec asks for rights of old clusters, and this cluster is newer.
//   - caps-unreadable: Ceph cannot parse the rights of a user.
//   - caps-need-classic: the cluster is before Luminous, and the Spec does not set caps: classic.
//   - erasure-profile-differs: a profile of this name has other values, and is never changed.
//   - erasure-profile-missing: a pool should have a profile that is neither there nor in the Spec.
//   - pool-of-another-application: a pool belongs to something else than RBD.
//   - pool-of-refused-erasure-profile: a pool is left alone because its profile is.
//   - pool-is-replicated: a pool is replicated, and should be erasure-coded.
//   - pool-is-erasure-coded: a pool is erasure-coded, and should be replicated.
//   - pool-of-another-erasure-profile: a pool has another profile, for good.
//   - pool-beyond-release: the cluster's release cannot do what the Spec wants of a pool.
//   - pool-needs-pg-num: the cluster's release has no default for pg_num.
//   - pool-of-several-services: note: services share a pool, and may change each other's data.
//   - too-few-failure-domains: an erasure-coded pool would never work, and is not made.
//   - few-failure-domains: note: an erasure-coded pool works, and never becomes clean.
//   - user-of-refused-pool: a user is left alone because a pool of it is.
//   - user-of-several-services: note: services share a user, and may change each other's data.
//   - rights-are-taken: note: a user loses the right to write a pool.
//   - user-is-administrator: a user has all rights, and is left alone.
//
// Of the way into a host:
//
//   - host-unreadable: the host cannot be read; Cause says whether it is a matter of network, login or time.
//   - way-by-files-of-ssh: note: the way to a host is not from the Spec alone.
//   - host-is-the-same-machine: the names of several hosts lead to one machine.
//   - no-way-in: the first entry gets in, the normal login does not, and its keys and rule are in place.
//   - no-entry: the change needs ssh.entry, as the helper does not make it, and the World has no entry of the host.
//   - helper-unfit: the helper cannot start on the host, as its coreutils are too old.
//   - login-user-missing: the login user does not exist.
//   - login-user-unknown: whether the login user exists cannot be told.
//   - login-home-differs: the login user's home is not where the Spec says.
//   - login-home-missing: the login user's home does not exist.
//   - login-home-open: others may write to the home, and sshd heeds no keys there.
//   - ssh-folder-is-not-a-folder: .ssh in the home is something else.
//   - authorized-keys-is-symlink: the file of the keys is a symlink.
//   - public-key-invalid: a key of prepare.authorize cannot be parsed.
//   - public-key-has-options: the key is there with options, which restrict it.
//   - sudo-missing: sudo is not installed.
//   - sudo-without-digests: sudo is sudo-rs, whose rules cannot name a program by its digest.
//   - sudoers-ignores-folder: /etc/sudoers does not read /etc/sudoers.d.
//   - file-unreadable: a file cannot be read that keys, the sudo rule or the repository depend on.
//
// Of packages:
//
//   - repository-url-missing: the Spec has no repository for this host's package manager.
//   - codename-unknown: the host does not say the codename that the repository needs.
//   - packages-missing: Ceph's client packages are missing, and the Spec does not install them.
//   - client-too-old: Ceph's client packages are older than min_client.
//   - client-held: such packages are held there.
//   - release-differs: a service is of another OpenStack release than the Spec says.
//   - release-unknown: note: the release of a service cannot be told.
//
// Of the files of Ceph, libvirt's secrets and guests:
//
//   - file-is-symlink: a file has to change, and is a symlink.
//   - folder-unreadable: a folder cannot be read.
//   - folder-has-list: note: a folder has an access control list, which stays.
//   - folder-is-symlink: note: /etc/ceph is a symlink, which stays; files are those of the folder where it leads.
//   - not-a-folder: something else is where a folder should be.
//   - conf-unreadable: a ceph.conf cannot be read.
//   - conf-not-parsed: a ceph.conf cannot be parsed, or clients of Ceph abort on it.
//   - conf-of-another-cluster: a ceph.conf has another fsid.
//   - conf-holds-secrets: a ceph.conf that services cannot read seems to hold passwords or keys.
//   - conf-bypasses: an option of a ceph.conf takes the place of a keyring or of the monitors, or turns cephx off.
//   - data-pool-differs: note: a ceph.conf has another data pool for a user than the Spec.
//   - conf-unfit: a ceph.conf cannot be made as needed, for another reason.
//   - keyring-unreadable: a keyring cannot be read.
//   - not-a-keyring: a file in the place of a keyring cannot be parsed as a keyring.
//   - keyring-of-several-users: a keyring holds keys of other users, too.
//   - key-type-unreadable: Ceph on this host cannot read keys of type aes256k.
//   - key-may-be-unreadable: note: the same, where the version in a container is not known.
//   - keyring-of-several-accounts: more accounts need a keyring on a host than one file can let in.
//   - keyring-unfit: a keyring cannot be made as needed, for another reason.
//   - secrets-unreadable: libvirt does not list its secrets.
//   - secret-in-use: another secret of libvirt holds the user's key and is in use; the Spec can name its UUID.
//   - secret-usage-taken: another secret of libvirt has the same usage.
//   - key-not-base64: a key cannot be the value of a secret.
//   - secret-unfit: a secret cannot be made as needed, for another reason.
//   - secret-file-unreadable: a file of a secret cannot be read (layout kolla).
//   - secret-file-unfit: a file of a secret cannot be made as needed, for another reason.
//   - guest-file-unreadable: the file that makes the folders of guests cannot be read.
//   - apparmor-marks-broken: cephstack's lines in AppArmor's rules for QEMU were edited.
//   - apparmor-confines-qemu: note: AppArmor keeps QEMU out of a folder of guests.
//   - guests-keep-their-rules: note: guests that run keep AppArmor's old rules until they start anew.
//
// Of what the Spec keeps as found (keep):
//
//   - kept-as-found: note: differences stay as found, by entries of the Spec.
//   - kept-hole: note: what is kept lets others read a key, or change files of Ceph.
//   - kept-unreadable: note: what is kept leaves a file to root that a service needs, or a folder.
//   - keep-without-difference: note: an entry keeps nothing.
//
// Of the options of services:
//
//   - config-missing: a service's configuration file is missing.
//   - config-unreadable: a configuration file cannot be read or parsed.
//   - list-is-removed: note: a configuration file has an access control list, which goes when the file is written.
//   - settings-left-alone: a file of options is left alone; Because is the resource that is the cause.
//   - settings-not-possible: the release cannot have the options that the Spec asks for.
//   - name-in-other-case: a backend or store of the Spec is enabled under a name that differs by case alone.
//   - driver-in-use: a section in use names no driver, and Cinder's default driver keeps volumes there.
//   - settings-overridden: an option would have no effect, as a later file sets it too.
//   - option-not-settable: an option's value cannot be written into the file.
//   - service-option: note: an option that is there has no effect, or is a danger; the message says which.
//   - reference-not-known: a value of what is in use refers to an option that no file sets.
//   - pool-in-use: a store, a backend or a service is in use with another pool, be it its default.
//   - cluster-in-use: a store, a backend or a service is in use with another cluster.
//   - default-backend-ends: note: until Newton, Cinder's default backend goes out of service.
//   - backend-name-in-use: a backend is in use with another volume_backend_name.
//   - user-in-use: VMs that run, or attached volumes, name another user than the Spec.
//   - cluster-name-is-told: note: a backend in use gets rbd_cluster_name, which attached volumes do not have.
//   - backend-of-the-same-pool: note: a backend that is not in the Spec has the pool of a new backend.
//   - backend-unfit-for-cluster: a backend that is not in the Spec could not be served in the cluster of the Spec.
//   - backend-comes-into-cluster: note: a backend that is not in the Spec comes into the cluster of the Spec.
//   - backend-host-changes: note: the service of a backend gets another name, to which volumes do not belong.
//   - backend-joins-cluster: note: cinder-volume takes the volumes of a backend into a cluster, for good.
//   - cluster-of-another-name: a backend is in use in another cluster of Cinder.
//   - cluster-and-backend-host: hosts of a cluster would serve a backend under one name.
//   - store-of-the-same-pool: a store that is not in the Spec has the pool of a new store.
//   - default-store-changes: note: new images no longer go to another store in Ceph.
//   - user-changes: note: a service logs in as another user from now on, and nothing moves.
//   - secret-changes: note: VMs that run, and attached volumes, keep naming another secret of libvirt.
//   - backup-driver-changes: note: backups of another driver, be it Cinder's default, can no longer be restored.
//   - backend-outside-default-zone: note: volumes that name no zone do not go to a backend.
//   - zone-of-all-services: note: until Ocata, a zone is that of all services of the file.
//   - zone-of-another-backend: until Ocata, a zone would move a backend that is not in the Spec.
//   - volumes-of-another-zone: a backend holds volumes of another zone than it should get.
//   - volumes-unknown: whether there are volumes that forbid a change cannot be told.
//   - vm-disks-local: note: VMs have local disks, so that this compute is not switched to Ceph.
//   - vm-disks-left-behind: note: VMs have local disks, and this compute is switched to Ceph, as the Spec says.
//   - vm-disks-unknown: which VMs have local disks cannot be told.
//   - vm-resize-unconfirmed: VMs wait for a resize or migration to be confirmed, so that this compute is not
//     switched to Ceph; a note where VMs with local disks keep it as it is anyway.
//   - vm-migration-pending: the same, as VMs are on their way to or from this compute.
//   - vm-migrations-unknown: the same, as VMs are on their way, and whether this compute is concerned cannot be told.
//
// Of units and containers:
//
//   - guests-keep-old-monitors: note: VMs that run, and attached volumes, keep monitors of before.
//   - guests-keep-old-key: note: VMs that run keep the key of before.
//   - unit-missing: a service's unit is not there.
//   - unit-masked: a service's unit is masked.
//   - service-runs-elsewhere: a service is down, and another host serves under its name.
//   - standby-runs: note: a service runs that stands by, as the Spec says.
//   - container-missing: a service's container is not there.
//   - container-folder-unknown: a container takes its files from an unknown folder.
//   - container-copies-once: a container takes its files in only when it is made.
//   - container-config-unknown: a container's config.json cannot be read.
//   - container-without-unit: a container has no unit that restarts it.
//   - container-not-by-unit: a container runs, but was not started by its unit.
//   - container-misses-file: a container does not copy a file that its service needs.
//   - container-file-elsewhere: a container copies a file from an unknown place.
//   - container-loses-secrets: libvirt's container would lose its secrets when it is made anew.
//   - container-unfit: a container is not as needed, for another reason.
//   - undone-by-kolla-ansible: note: kolla-ansible has to be told the same, or undoes the change.
//
// Of what the APIs tell:
//
//   - apis-unreachable: the APIs do not answer, or refuse the login.
//   - apis-left-out: note: the Spec has cloud.apis: none, and nothing is asked of the APIs.
//   - tls-unverified: note: the APIs' certificates are not checked, as clouds.yaml says verify: false.
//   - tls-none: note: auth_url or an endpoint of the APIs begins with http://, so nothing is encrypted. There is
//     no note about addresses of the machine itself.
//   - fleet-mixed: note: computes keep the disks of VMs in different places, between which Nova does not move them.
//   - fleet-unknown: note: Nova has computes that are not in the Spec, beside computes with disks in Ceph.
//   - service-left-out: note: hosts have a service that the Spec does not integrate.
//   - login-file-open: note: others than its owner can read a file with the password of the APIs, or write to it.
//   - backend-option-unknown: note: no known Cinder reads an option of a backend.
//   - backend-of-several-names: hosts serve a backend, each under a name of its own.
//   - backend-active-active: note: hosts serve a backend at the same time, as the Spec says.
//   - backend-active-passive: note: one host serves a backend, and others stand by, as the Spec says.
//   - backend-runs-twice: note: hosts have one name for a backend, and the Spec starts several of them.
//   - backend-cluster-of-one-name: note: hosts of a cluster serve a backend under one name.
//   - backend-without-coordinator: hosts serve a backend without shared locks; a note if they are in no cluster.
//   - volume-type-needs-apis: a volume type cannot be made without the APIs.
//   - volume-type-of-another-backend: a volume type is bound to another backend.
//   - volume-type-in-use: a volume type has volumes, and Cinder changes none of its extra specs.
//
// Of what retires:
//
//   - host-still-needed: a service cannot leave a host, as VMs are there, or nobody else serves.
//   - host-need-unknown: whether a service can leave a host cannot be told.
//   - pool-still-holds-data: what keeps data in a pool cannot retire, as the pool or its trash has images, Cinder has
//     volumes there, or Nova is about to put a disk there.
//   - pool-need-unknown: whether something needs a pool of what retires cannot be told.
//   - pool-stays: note: a pool that nothing needs any more stays.
//   - left-in-place: note: a file or a secret stays, as it is not provably what cephstack has made.
//   - options-stay: note: options stay, as they are somebody else's, or also those of other backends.
//   - store-default: note: another store becomes the default of Glance.
//   - backup-driver-default: note: cinder-backup has no driver of the Spec any more.
//   - no-backend-left: cinder-volume runs, and would have no backend left.
//   - retire-of-another-pool: a service keeps its data elsewhere than the Spec says, and is left alone.
//   - user-stays: note: a Ceph user stays, as somebody else may need it.
//   - key-dies-with-user: note: a Ceph user is removed, and its key with it.
//   - volume-type-stays: note: the volume type of a backend that retires stays.
type Finding struct {
	Code    string `json:"code"`
	Problem bool   `json:"problem"`
	// Target is the cluster, the host or the jump host; cloud for the APIs; empty for
	// the machine that connects.
	Target string `json:"target"`
	// Hosts are the hosts that cannot be read because of one fault that they share, such
	// as a jump host that is down, in the order of a plan. Each counts as a host with a
	// Problem.
	Hosts []string `json:"hosts,omitempty"`
	// Object is what of the target it is about: a path, a pool, a unit; it may be empty.
	Object string `json:"object,omitempty"`
	// Message says what it is, and what to do next.
	Message string `json:"message"`
	// Because is the ID of the resource whose problem is the cause, where the finding
	// is only a consequence. Once that problem is solved, the finding is gone, too.
	Because string `json:"because,omitempty"`
	// Cause names the condition behind Err, if a caller may branch on it: conflict,
	// local, host-unreachable, host-timeout, host-authentication, host-sudo, host-key,
	// ceph-unreachable, ceph-denied, libvirt-unreachable, libvirt-conflict,
	// operator-lock, cluster-unhealthy, api-unreachable or api-authentication. local is a fault of the machine that
	// connects. JSON keeps Err by this name.
	Cause string `json:"cause,omitempty"`
	Err   error  `json:"-"`
}

// String is the finding as a line of a plan. Its code is behind it, in brackets; package explain has a text for it.
func (f Finding) String() string {
	word := "note"
	if f.Problem {
		word = "PROBLEM"
	}
	about := f.about()
	if len(f.Hosts) > 0 { // all of them
		about = f.aboutHosts(strings.Join(spec.FoldNames(f.Hosts), ", "))
	}
	code := ""
	if f.Code != "" {
		code = " [" + f.Code + "]"
	}
	return words.Message(word + ": " + about + ": " + f.Message + code)
}

// about is what the finding is about, in a short line.
func (f Finding) about() string {
	if len(f.Hosts) > 0 {
		return f.aboutHosts(joinFolded(spec.FoldNames(f.Hosts)))
	}
	return strings.TrimSpace(f.Target + " " + f.Object)
}

func (f Finding) aboutHosts(names string) string {
	return strings.TrimSpace(fmt.Sprintf("%d hosts (%s) %s", len(f.Hosts), names, f.Object))
}

// targets are what the finding is about: a jump host is not one of the targets.
func (f Finding) targets() []string {
	if len(f.Hosts) > 0 {
		return f.Hosts
	}
	return []string{f.Target}
}

// joinShared makes one finding of those about hosts that one fault keeps from being
// read: a fault of the machine that connects, or a jump host.
func joinShared(findings []Finding) []Finding {
	type fault struct{ jump, text string }
	hosts := map[fault][]string{}
	of := func(f Finding) (fault, bool) {
		jump, text, ok := cause.SharedFault(f.Err)
		return fault{jump, text}, ok && f.Problem && f.Code == "host-unreadable"
	}
	for _, f := range findings {
		if shared, ok := of(f); ok {
			hosts[shared] = append(hosts[shared], f.Target)
		}
	}
	said := map[fault]bool{}
	var out []Finding
	for _, f := range findings {
		shared, ok := of(f)
		if all := hosts[shared]; ok && len(all) > 1 {
			if said[shared] {
				continue
			}
			said[shared] = true
			f.Target, f.Hosts = shared.jump, all
			f.Message = fmt.Sprintf("cannot be read, so nothing is planned for them: %s%s",
				cause.SharedText(f.Err), cause.Advice(f.Err))
		}
		out = append(out, f)
	}
	return out
}

func findingOf(i engine.Item, f step.Finding) Finding {
	out := Finding{Code: f.Code, Problem: f.Problem, Target: i.ID.Target.Name, Object: f.Object, Message: f.Message,
		Cause: cause.Name(f.Err), Err: f.Err}
	if !f.Because.IsZero() {
		out.Because = f.Because.String()
	}
	return out
}

// restored is the Err of a finding that was stored.
type restored struct {
	message string
	cause   error
}

func (e *restored) Error() string { return e.message }
func (e *restored) Unwrap() error { return e.cause }

// restore gives a finding that was read from JSON its Err.
func (f *Finding) restore() {
	if err := cause.Named(f.Cause); err != nil {
		f.Err = &restored{f.Message, err}
	}
}

// A problemError is a Problem of a plan as an error: ErrIncomplete, and its
// cause.
type problemError struct{ f Finding }

func (e *problemError) Error() string {
	return words.Message(fmt.Sprintf("%v: %s: %s", ErrIncomplete, e.f.about(), e.f.Message))
}

// Unwrap gives ErrIncomplete and the cause, if that is known.
func (e *problemError) Unwrap() []error {
	if e.f.Err == nil {
		return []error{ErrIncomplete}
	}
	return []error{ErrIncomplete, e.f.Err}
}

// problemsByTarget lists the problems about each target.
func problemsByTarget(findings []Finding) map[string][]error {
	all := map[string][]error{}
	for _, f := range findings {
		if !f.Problem {
			continue
		}
		for _, name := range f.targets() {
			all[name] = append(all[name], &problemError{f})
		}
	}
	return all
}
