package rotate

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"fmt"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// loginScript logs in to a cluster with a key that it reads from standard input, and ends with 0 if the key is taken, 10
// if it is refused, 12 where Python has no rados, and 11 otherwise.
const loginScript = `import json, sys
order = json.loads(sys.stdin.read())
try:
    import rados
except ImportError:
    sys.exit(12)
try:
    cluster = rados.Rados(name=order["name"], conffile=order["conf"])
    cluster.conf_set("key", order["key"])
    cluster.conf_set("log_to_stderr", "false")
    cluster.conf_set("client_mount_timeout", "30")
    cluster.connect(timeout=30)
except Exception as e:
    if getattr(e, "errno", None) in (13, -13):
        sys.exit(10)
    sys.stderr.write(type(e).__name__)
    sys.exit(11)
cluster.shutdown()
`

// loginWithin is how long a login may take.
const loginWithin = 90 * time.Second

// refused reports whether a cluster refuses a key to a host.
func (r *run) refused(ctx context.Context, host, cluster string, user ceph.User) (bool, error) {
	order, err := json.Marshal(map[string]string{"name": user.Entity, "conf": spec.ConfPath(cluster), "key": user.Key.Reveal()})
	if err != nil {
		return false, err
	}
	op := remote.Run{Argv: []string{"python3", "-c", loginScript, "cephstack-login"}, Stdin: cephstack.Redact(order),
		Timeout: loginWithin}
	results, err := r.cfg.World.Hosts[host].Do(ctx, op)
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return false, err
	}
	switch results[0].Exit {
	case 0:
		return false, nil
	case 10:
		return true, nil
	case 12:
		return false, errors.New("its Python has no rados; install python3-rados")
	}
	return false, fmt.Errorf("the login ended with %s", words.LastWords(results[0]))
}
