package cephcli

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/ceph/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// enterScript runs a program and its arguments, $2 and on, in the container $1. It uses the engine in which that
// container runs. An engine may print warnings before its answer.
const enterScript = `
name=$1 all=
shift
for engine in docker podman; do
	said=$("$engine" inspect --type container --format '{{.State.Running}}' "$name" 2>&1 </dev/null)
	case "
$said" in *"
true") exec "$engine" exec --interactive --user root --env LC_ALL=C "$name" "$@";; esac
	all="$all; $engine: $said"
done
printf 'cephstack: no container %s runs%s' "$name" "$all" >&2
exit 70
`

// imageScript runs a program and its arguments, $2 and on, in a container that is made of the image $1 and goes away
// with the program. The container has the host's network and its /etc/ceph. An image that is not there is not pulled.
const imageScript = `
image=$1 program=$2 all=
shift 2
for engine in docker podman; do
	if said=$("$engine" image inspect --format '{{.Id}}' "$image" 2>&1 </dev/null); then
		exec "$engine" run --rm --interactive --pull never --network host --user root --env LC_ALL=C \
			--security-opt label=disable --volume /etc/ceph:/etc/ceph:ro --entrypoint "$program" "$image" "$@"
	fi
	all="$all; $engine: $said"
done
printf 'cephstack: no image %s is there%s' "$image" "$all" >&2
exit 70
`

// cephadmScript runs a program and its arguments in cephadm's own container.
const cephadmScript = `
command -v cephadm >/dev/null || { printf 'cephstack: cephadm is not installed' >&2; exit 70; }
exec cephadm shell -- "$@"
`

// exitOutside is the exit status of these scripts where the program cannot be run inside.
const exitOutside = 70

// entered is a call of a program where the programs of Ceph are.
func (o Options) entered(run remote.Run) remote.Run {
	var enter []string
	switch {
	case o.Container != "":
		enter = []string{"sh", "-c", enterScript, "sh", o.Container}
	case o.Image != "":
		enter = []string{"sh", "-c", imageScript, "sh", o.Image}
	case o.Cephadm:
		enter = []string{"sh", "-c", cephadmScript, "sh"}
	}
	run.Argv = append(enter, run.Argv...)
	return run
}

// inside says where the programs of Ceph are, and what to do where they are not.
func (o Options) inside() (where, next string) {
	switch {
	case o.Container != "":
		return "in container " + o.Container, "name a container that runs on the host and has the programs ceph, rbd and " +
			"rados, such as that of a monitor"
	case o.Image != "":
		return "in image " + o.Image, "pull the image there, or name an image that has the programs ceph, rbd and rados"
	case o.Cephadm:
		return "in cephadm shell", "install cephadm there, or name a host that has it"
	}
	return "on the host", "install ceph-common there, name a host for the cluster that has the programs ceph, rbd and " +
		"rados, or set access of the cluster in the Spec to where they are, such as container NAME or cephadm"
}

// outside is the error of a call that did not get to where the programs of Ceph are.
func (o Options) outside(op string, r remote.Result) error {
	_, said, ok := strings.Cut(string(r.Stderr), "cephstack: ")
	if r.Err != nil || r.Exit != exitOutside || !ok {
		return nil
	}
	_, next := o.inside()
	return fmt.Errorf("ceph %s: %s: %s", op, words.Line(said), next)
}
