// Package integrate makes an OpenStack cloud keep its data in Ceph. It plans what a
// Spec is missing, applies the plan, and verifies the result.
//
// # Use
//
// A Spec (package spec) is plain data. A World (package world) is everything outside: Ceph clusters,
// hosts, libvirt's secrets and the cloud's APIs, each behind an interface. Package
// connect opens the World of a Spec. New takes both. Then
//
//   - Plan reads the world and computes what is missing. It writes nothing. The text of a
//     plan tells once what is equal on several hosts (Plan.String), or each host (Plan.Full).
//   - Apply makes the changes of a plan: first those of the clusters, then those of
//     the computes in parallel, then those of the controllers one by one, and at last
//     what goes through the APIs. Computes must have keys and secrets before a
//     controller hands the secrets' UUIDs out. A host with nova-compute is a compute,
//     whatever else runs on it. On each host, restarts come last, and only units that
//     owe a restart are restarted.
//   - Converge does both, part by part, for fleets and for runs that nobody approves.
//   - Verify reads the world and compares it as Plan does. Unless it is static, it also
//     tries the rights of each Ceph user, and takes an image, volumes, VMs and backups
//     through the cloud. At each step it looks where the data went.
//
// A plan looks at a host in one exchange, and an apply changes the host in another,
// over the same connection. The connections of a plan stay open for its apply, unless
// the Spec has more hosts than Config.Parallel. A cluster that is reached through a
// host costs one exchange for a look, a few for all its changes, three for the lock, and
// one more where keys are written to hosts.
//
// A plan may be old when it is applied, and a rollout may take long. So users are read
// from their cluster again right before their keys are written to hosts: once in an Apply
// or Converge, and again for a host that comes more than a minute after that. If a user
// has another key than the plan saw, or is gone, the changes that write its key are
// ErrConflict. Where the cluster cannot be asked, they fail. Files and libvirt's secrets
// are written only over what the plan saw.
//
// A Spec names the release of OpenStack, as options differ from release to release.
// detect.Release asks the hosts' packages and containers for it. A host of another
// release is a Problem of the plan.
//
// A unit owes a restart if its process has not read what is there. The restarts of Apply
// note on the host what the new process found: the digests of the unit's files, in
// /run/cephstack. As long as that process runs, a restart is owed if a file differs from
// the note, whatever its time is. A process that something else started has no note. Then
// a restart is owed if a file is newer than the process, or if the process started in the
// future by the host's own clock. The note of that restart makes the next plan quiet.
//
// There is no state but the world. Run Plan and Apply again after a failure or a kill,
// and they finish what is missing. See the Examples.
//
// # Several controllers
//
// A service of controllers that several hosts have, such as glance-api, is never taken down on all
// of them. Controllers go one by one, and so do computes with such a service, behind the other
// computes. The next host is touched once the services that were restarted on this one are known to
// serve again:
//
//   - cinder-volume and cinder-backup by their records in the APIs: up, with a sign of life that is
//     newer than what was seen first after the restart. No other clock counts than that of the APIs.
//   - glance-api by an answer of a port on which its unit listens, asked on its host (with python3).
//     Under Kolla and Upstart, and where python3 is not there, the image API has to answer.
//
// Without APIs, an active unit is all that can be known. If a service does not come back within
// Config.Await, no other host is begun, nor is what goes through the APIs: their changes are Cancelled
// with ErrStopped, which names host, service and log. The next run goes on.
//
// Before a service is restarted on a host where it serves, another host has to serve it: by a new
// sign of life of its record, or by an answer of its port. If all others are down, or the APIs cannot
// be asked, the restart fails. The host goes on serving with what it has, and the next run makes up
// for the restart once another host serves. A service is restarted all the same
//
//   - if the Spec has it on one host only, or if its unit does not run;
//   - if its records do not tell the hosts apart: those of hosts with one name (active/passive), and
//     of hosts that the APIs know by other names than the Spec, apart from a domain;
//   - if it is glance-api and no host can be asked (Kolla, Upstart, no python3), or if other hosts
//     were left out by Only.
//
// A service of which one host serves at a time is not started on a host where it does not run,
// while the APIs report its record up, or cannot be asked: another host may have taken over since
// the plan was made.
//
// How several cinder-volumes serve one backend is in the documentation of spec.Cinder. The plan says
// which way the Spec asks for, and notes what becomes of the volumes of a backend in use.
//
// # Scope
//
// PlanOptions, ApplyOptions, ConvergeOptions and VerifyOptions have a field Only, which
// names hosts and clusters of the Spec. An unknown name is an error, and nothing is done
// then. With Only,
//
//   - the hosts in it are read and changed, and no other host is connected to, except
//     the hosts through which clusters are reached, and other hosts of glance-api: right before it
//     is restarted, these are asked whether one of them serves;
//   - the clusters in it are read and changed as a whole;
//   - the clusters that the services of those hosts use are read, and of their
//     resources only those are compared that the hosts need;
//   - the APIs are read, as they tell where VMs have their disks; nothing is made
//     through them;
//   - rights in Ceph are those of the whole Spec, so that a host that is left out loses
//     nothing.
//
// Plan, Result and Report list in LeftOut what was not asked for. A Verify with
// Only has to be static, as the journey goes through the whole cloud. Plan.Only restricts
// a plan that was made already: it keeps the changes of the scope, and the changes of
// clusters that these need.
//
// # Without the APIs
//
// A Spec with cloud.apis: none leaves the APIs alone, whatever the World has. A plan notes that,
// and a Verify makes no check that goes through the APIs: it reads, and tries rights.
//
// # Bare hosts
//
// What Spec.Prepare asks for is planned with the rest, and goes first on its host: public
// keys and a sudo rule for the login user, a repository, packages and upgrades, folders,
// options and AppArmor rules for guests.
//
// A host that refuses the normal login is read by its first entry (World.Entries). Only
// keys and the sudo rule are written by the entry. If the normal login is refused after
// that, too, nothing else is done on that host. Host keys are never learned on the way:
// see ScanHostKeys of remote.Config, and package hostkeys.
//
// # Containers
//
// With layout kolla, services run in containers that kolla-ansible (2023.1 or newer, with
// docker or podman) deployed. Each container has a folder on its host,
// /etc/kolla/<service>. The file config.json in the folder says which files are copied
// into the container when it starts. Options and ceph.conf name paths as the service sees
// them, such as /etc/ceph/ceph.conf. Files are written to the place from which the
// container copies them, with the owner and mode that kolla-ansible gives.
//
// A restart is that of the container's unit. Where there is no note, it is owed when a
// file is newer than the start of the container. Secrets are defined in the container nova_libvirt, which is not
// restarted. What that container needs to start again is in its folder as well: the
// secrets, and a ceph.conf if its config.json copies a ceph.conf.
//
// A container that is not as kolla-ansible makes it, or that would not copy what its
// service needs, is a Problem, and its service is left alone. kolla-ansible has to know
// that Ceph is used, or its next run undoes everything: it writes all of these files anew
// whenever it runs. Where a plan changes them, a note says where kolla-ansible is given
// the same. A Spec with kolla-ansible's names (store rbd, backend rbd-1, its users and
// pools, secret_uuid as in its passwords.yml) changes the least. The programs of a
// cluster's host, such as ceph, run on the host itself, or where Access of spec.Cluster says: in a
// container that runs there, in an image, or in cephadm shell. The rights of Ceph users are tried
// in the containers of the services.
//
// # Changes
//
// A Change has an ID, kind/target/name, which comes from the Spec alone. The target is a
// cluster or a host of the Spec, or "cloud" for the APIs. These are the kinds:
//
//	kind              target    name                    what it is
//	erasure-profile   cluster   profile                 a profile of erasure code; never changed, only made
//	pool              cluster   pool                    a pool, its application and the fields that the Spec sets
//	user              cluster   client.NAME             a Ceph user and its rights; foreign rights stay
//	authorized-keys   host      path                    public keys of the login user
//	sudo-rule         host      path                    the sudo rule of the login user
//	repository        host      cephstack               the repository of Ceph's packages
//	packages          host      ceph-clients            missing client packages of Ceph; shown by their names
//	upgrade           host      ceph-clients            client packages older than min_client
//	directory         host      path                    /etc/ceph, folders of containers and of guests
//	file              host      path                    ceph.conf, keyrings, files of secrets, tmpfiles.d,
//	                                                    the helper and its allow-list
//	secret            host      CLUSTER.client.NAME     a libvirt secret; shown by its UUID
//	apparmor          host      libvirt-qemu            what AppArmor lets QEMU write to
//	settings          host      path                    options in the configuration file of services
//	unit              host      unit                    a restart
//	volume-type       cloud     type                    a volume type and its extra specs
//	retired-user      cloud     the user, with its cluster in front; it is removed behind all hosts
//
// The name in the ID of a secret, and of a file in the folder of a container, may differ
// from the name that a plan shows. The ID comes from the Spec alone. The shown name also
// depends on what was read: on the fsid of the cluster, or on the container's config.json.
//
// # Checks
//
// A Check of Verify has an ID, too. These checks are made in each verification; they are
// comparisons, apart from ceph-health, services-up and availability-zones:
//
//	ID                    what passes
//	ceph-health/CLUSTER   the cluster is not in HEALTH_ERR, and has OSDs that are up
//	pools/CLUSTER         pools and profiles of erasure code are as the Spec says
//	users/CLUSTER         users have the rights that they need
//	login/HOST            keys and sudo rule are in place; only with prepare.authorize or prepare.sudo
//	packages/HOST         repository, packages and their versions
//	files/HOST            folders, ceph.conf, keyrings and what guests need
//	secrets/HOST          libvirt's secrets hold the keys; only of computes
//	settings/HOST         the options of services, as they take effect
//	units/HOST            units run, and have read what is there
//	volume-types          volume types are there, and bound to their backends
//	backends              hosts that serve a backend do so together; only if several hosts serve one
//	services-up           the APIs report the services of the Spec up
//	availability-zones    backends are in their zones; only if the Spec has zones
//
// A verification that is not static makes these, too. Words in capitals stand for names
// of the Spec:
//
//	ID                                                  what passes
//	rights-client.NAME                                  the user may do what it must, and not what it must not
//	rights-client.NAME-in-CLUSTER                       the same, where the Spec has several clusters
//	image-in-ceph                                       an image is in its pool, and is the same when read back
//	image-in-ceph-on-store-STORE                        the same, of each further store
//	volume-from-image-is-a-copy-on-write-child          a volume of an image is a clone
//	volumes-in-ceph                                     volumes are in their pool
//	volume-in-ceph-on-backend-BACKEND                   the same, of each further backend
//	volume-from-image-is-a-copy-on-write-child-on-backend-BACKEND
//	computes-for-guests                                 says on which computes guests boot, and why
//	vm-on-COMPUTE                                       a VM boots, and its disk is in its pool
//	guest-writes-to-an-attached-volume
//	guest-on-another-compute-reads-the-same
//	snapshot-of-an-in-use-volume
//	full-backup-of-an-in-use-volume
//	incremental-backup-of-an-in-use-volume
//	restored-backup-holds-the-same-bytes
//	restored-sparse-backup-is-the-same-byte-by-byte     a backup that is restored over other data is the
//	                                                    volume, with zeros in its holes
//	live-migration-of-a-running-vm
//	image-of-a-vm-in-ceph
//	older-runs-left-nothing                             what runs that were killed left is removed; all that
//	                                                    VerifyOptions.Clean does
//	nothing-is-left-behind                              what Verify made is removed again
//	journey                                             unable, if the Spec has no Glance
//
// A check that fails because of another resource's problem names that resource in Because.
//
// VerifyOptions.Checks names the checks to make: by IDs, by their first words, such as rights or files, or by patterns,
// such as vm-on-*. What they need is made, too, and only what they need is read. ChecksLeftOut of the Report has the
// IDs of the others. Guests boot on at most four computes, unless VerifyOptions say on which, or on how many: on one of
// each availability zone first, and then on those with the two oldest versions of QEMU. A running VM moves between two
// computes of a zone, to a QEMU that is not older.
//
// # Outcomes
//
// Each change ends with a status:
//
//	applied     The change was made, and the target said so.
//	unchanged   The target was already as the change would make it. Nothing was written.
//	failed      The change was refused, or did not work. A write had no effect then. A
//	            restart, an upgrade or another program may have gone a part of its way.
//	unknown     Nobody can tell: no answer came, or it came too late. The change may have been made; plan again.
//	skipped     A change that it needs did not end well: Because is that change's ID.
//	cancelled   It was not begun, or had no effect yet: the context ended, the rollout
//	            stopped, or the plan was refused as a whole.
//
// A check passes, fails, or is unable: it could not be made. An unable check never counts
// as passed. The notes of a Report keep no check from passing: a fleet in which some computes
// have local disks on purpose is well, and each verification warns of it (fleet-mixed).
//
// # JSON
//
// Plan, Result and Report are written and read by encoding/json. Field names are those of
// their json tags. The program examples/cephstack prints them with --output json.
//
//	Plan      format, release, spec, clusters, left_out, changes, findings, digest
//	Change    id, stage, kind, action, target, name, diffs, reason, needs
//	FieldDiff field, observed, desired, why, of
//	Finding   code, problem, target, hosts, object, message, because, cause
//	Result    format, outcomes, findings, left_out
//	Outcome   change, status, because, retryable, error, seconds, undo, undo_reason
//	Report    format, checks, notes, left_out, checks_left_out
//	Check     id, name, target, status, evidence, diffs, because, next, seconds
//
// The field format is the version of this form, a number: 1. It changes when a field
// changes its meaning or goes away. New fields may come without that. A duration is called
// seconds, and is a number of seconds with a fraction. Stages are cluster, computes,
// controllers and cloud. Actions are create, update, restart and remove. A field without a value is
// left out if its json tag has omitempty. A key shows as "sha256:" and a short digest. A secret that
// people may have chosen, such as a password, is "[redacted sha256:" and a short digest and "]"; see
// FieldDiff.
//
// Programs may rely on IDs of changes and of checks, kinds, stages, actions, statuses, and
// codes and causes of findings: see Finding for their list. Texts for people may change in
// any release: name, reason, why, message, evidence, next and error.
//
// Package schema has a JSON Schema for each of these, and for the lines that cephstack converge
// prints. It says what may change. Package explain has a text for each check, kind and code.
//
// # Stored plans
//
// A plan is bound to what it was made for. It carries the digest of its Spec, the fsid of
// each cluster that was read, and a digest of all its other fields. The digest of the Spec
// leaves out how hosts and APIs are reached: all of ssh but its user, and the path of
// clouds.yaml. So a plan may be made on one machine and applied on another.
//
// ParsePlan refuses a plan of another format, a plan that was edited, and what is not a
// plan. Apply refuses, with ErrConflict, a plan of another Spec or of other clusters; all
// outcomes are cancelled then. To make a part of a plan only, use Plan.Only or
// ApplyOptions.Only. The digests find accidents. They are no signature: keep a plan where
// only those can write who may approve it.
//
// A plan that was stored has no operations. Apply reads each target once more and compares
// it. A change must come out the same, diff by diff; if not, it fails with ErrConflict, and
// nothing is written over what is there now. If it has become a Problem, it fails with
// that Problem instead. If there is nothing to change any more, the outcome is unchanged.
//
// A stored plan can be applied in parts, and once more after a fault. Where it makes a
// Ceph user, it says "of the new user" in place of the key. Once the user is there, its
// key is what the plan meant.
//
// # One operator at a time
//
// Apply and Converge hold the operator lock while they change things. It is a lock on the
// object operator-lock of the pool cephstack in the first cluster of the Spec. The pool is
// made with one placement group if it is not there. Two Specs with the same first cluster
// have the same lock; give all Specs that share hosts or clusters the same first cluster.
//
// Whoever comes second changes nothing, and does not wait. The error is world.ErrLock and
// ceph.ErrLocked, and names the owner (Config.Owner), the host, the purpose and the time
// since when. The lock expires after 90 seconds by the clock of the cluster, and is renewed
// every 30. So a program that was killed blocks nobody for longer than that.
// ApplyOptions.BreakLock takes the lock of a program away that will not come back.
//
// A program whose lock was taken away, or could not be renewed, begins no other step. It asks
// its clocks right before each step, as no timer runs while a process is stopped or its
// machine sleeps. What was not begun is Cancelled with world.ErrLock. A step that is under
// way goes on to its end.
//
// Where the first cluster does not answer, nothing is changed, on hosts neither. Only keys
// and the sudo rule of the login user are written without the lock, where the host of that
// cluster lets nobody in before. Plan, Verify, a Converge with PlanOnly and a plan without
// changes need no lock; to break a lock, Apply takes it also for such a plan. A World whose
// first cluster is no ceph.Locker keeps nobody out, and its plans have a note that says so.
//
// The pool is never reported, and a Spec must not use it. To remove it, when nobody applies:
// ceph osd pool rm cephstack cephstack --yes-i-really-really-mean-it. The next Apply makes it
// again.
//
// # Taking back
//
// With ApplyOptions.UndoOnFailure, an Apply takes back what it has changed, if a change does not end well or
// the rollout stops: what goes through the APIs first, then the hosts, then the clusters, and the last change
// of each first. Problems that the plan had do not count. Each host is read right before it is changed, which
// is one more exchange, and a host that cannot be read is not changed.
//
//   - Files and options get their content, owner and mode of before; what was not there is removed. Libvirt's
//     secrets, rights of users, and extra specs get their values of before. Volume types that were made are
//     deleted.
//   - Only what still is as this Apply made it is touched. What somebody changed since stays, and so does what
//     that needs.
//   - A user that this Apply has made is removed, if nothing that needs the user stays, and its key and rights
//     are those of then.
//   - A unit whose restart failed is started again with what was there before.
//   - A unit whose restart worked is not restarted again. Its options go back, so that it owes a restart. What
//     its process uses from now on stays until then: its user with its rights, keyring, ceph.conf, libvirt's
//     secrets.
//   - Pools, values of pools, erasure profiles, packages, new folders and new extra specs of a volume type that
//     was there stay. An access control list that a file lost stays lost.
//
// Outcome.Undo says of each change what became of it: undone, left or failed. With PlanOptions.UndoOnFailure,
// the plan has a note on each change that would stay. An undo needs the operator lock: whoever has lost it
// takes nothing back. After the end of the context, the lock is taken once more, and an undo takes 10 min at
// most. A program that was killed takes nothing back, as there is no state but the world: plan again, and
// finish.
//
// # A gate for rollouts
//
// With gate: health in the Spec, Apply and Converge look at the clusters that a host uses right
// before the host is begun. While one of them is not healthy enough, no such host is begun; what
// is under way goes on to its end. The rollout goes on by itself. Hosts share a look at a cluster,
// and there is one look in 5 s at most. A look takes 30 s at most. A host begins by looks that are
// at most 5 s old, or 35 s where another of its clusters answers slowly. A cluster is not healthy
// enough if
//
//   - a placement group is not active, is stale, or is not known, as without a manager;
//   - an OSD, or a pool of the Spec, is full or backfillfull;
//   - a pool of the Spec is missing a failure domain: fewer of those that its CRUSH rule chooses
//     from have OSDs that are up and in than the pool has replicas or chunks, and the CRUSH map has
//     more of them;
//   - it does not answer, as when its monitors have lost their quorum.
//
// All else in ceph health stops nothing, HEALTH_ERR neither. What somebody muted (ceph health mute)
// stops nothing. Monitors that are out of the quorum and OSDs that are nearly full are notes of a
// plan. A plan of a cluster that is not healthy enough has the note cluster-unhealthy; only
// rollouts wait. Placement groups and OSDs are judged of the whole cluster: a broken pool of
// somebody else holds the rollout until it is repaired, or its check is muted.
//
// world.Wait tells an Observer why, since when and until when. After ApplyOptions.MaxWait, the rollout
// ends: what was not begun is Cancelled with world.ErrUnhealthy, and the next run goes on there. The end
// of the context ends a wait at once. The operator lock is renewed during a wait. Where the first cluster
// does not answer, the lock cannot be renewed, and the rollout ends once the lock is lost.
//
// Pools and users are made without a wait, as they write little, and may be what is missing. A cluster
// with a change of size, crush_rule or pg_num of a pool that is there waits too, as that moves data.
//
// # Ownership
//
// Of a configuration file, only the options of a service's integration are owned; every
// other byte stays. Foreign clauses in a user's rights stay, unless the Spec says otherwise.
// What belongs to another cluster, another application or another secret is a Problem of
// the plan, and is left alone. Computes with VMs on local disks keep local disks until those
// VMs are gone (see Host.Disks of package spec). What the Spec keeps as found (Keep of package spec) stays, each
// difference by itself; what is missing is made all the same, and users, pools, secrets and keys are those of the Spec,
// also while keys rotate. Nothing is deleted, unless the Spec retires it, but for what a
// failed Apply has just made itself (see the section on taking back).
//
// # Retirement
//
// A Spec may retire services of a host, a store, a backend, a service as a whole, or everything (the
// fields Retire of package spec). A plan then removes what is provably cephstack's, and only there:
// options that have exactly the value that the integration gives them, libvirt's secrets and keyrings
// that hold the key of their user, a ceph.conf that is as cephstack makes it, and, behind all hosts, a
// Ceph user with the rights that cephstack gives it, as which nobody is logged in. What cannot be proven stays,
// and a note says how to remove it. Pools, data, volume types, packages, and what prepare has made, stay.
//
// Nothing is removed that needs a pool with images, or on a compute with VMs, or while that cannot be
// told. Services are restarted before their keys go. Where more than services of hosts retires,
// controllers go before computes. An Apply that was cut off is finished by the next. Once nothing is
// left to do, what retires can be taken out of the Spec, or have its word taken away to be integrated anew.
//
// # Errors
//
// Faults of a Spec are joined *spec.FieldErrors. What cannot be read does not fail a plan: it
// is a Problem of the plan, and nothing is planned that depends on it. A Problem that is only
// the consequence of another resource's problem names that resource in Because.
//
// Apply returns an Outcome for each change. Its error joins a *ChangeError for each change
// that failed, is unknown or was cancelled, and ErrIncomplete for each Problem and for all
// changes that were skipped. ErrConflict says that the world changed after the plan was made.
// world.ErrLock says that the operator lock could not be taken, or was lost.
// ErrStopped says that failures had stopped the rollout before: canaries, MaxFailed, or a service of
// several controllers that did not come back. world.ErrUnhealthy says that a cluster was not
// healthy enough for too long. ErrChecks is the error of
// Verify. ChangeError.Retryable tells whether trying again may help without anybody doing
// something. The errors of packages ceph, remote, libvirtsecret and openstack/api show
// through errors.Is and errors.As: *remote.HostError has the host and the step that failed,
// *remote.OpError the operation. A finding that was read from JSON has its Err again as far
// as its cause is known. No error, plan, event or report holds a secret.
//
// # Concurrency and cancellation
//
// An Integration is safe for concurrent use. Hosts are worked on in parallel, Config.Parallel
// at a time. A host that does not answer delays no other host of its stage, but holds its
// place for as long as package remote waits for it (see Timeouts of package spec), and the
// controllers wait for all computes. When the context ends, what is under way is waited for as
// long as its own timeouts allow. What was not begun is cancelled; in a Converge, such a part
// says why it was not begun. Two programs do not apply at once: see the section on the lock.
// What somebody else changes by hand at the same time is not overwritten:
// every file is written only if it still is what the plan saw. Verify removes what it made
// also after its context ended, or VerifyOptions.Timeout was over, for which it takes up to 10 min.
//
// Events of one operation come one at a time. An Observer may call the Integration. world.Progress counts what is done.
//
// # Testing
//
// Package integratetest has a whole cloud in memory, for tests of tools that embed this
// package. It needs no C library and no network.
package integrate
