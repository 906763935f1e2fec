package cephx

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// ErrUnsupported says that the release of the cluster does not have the command or the type of key.
var ErrUnsupported = errors.New("cephx: the release of the cluster does not have this")

// An Auth is the keys of a cluster. It holds no state.
type Auth struct {
	cluster *ceph.Cluster
	self    string
}

// New returns the keys of a cluster. It sends nothing.
//
// Similar To: ceph auth
func New(cluster *ceph.Cluster) *Auth { return &Auth{cluster, "client.admin"} }

// As returns an Auth that knows as whom the cluster is reached, where that is not client.admin: AllowCiphers never
// locks out that user.
//
// Similar To: ceph --name <entity>
func (a *Auth) As(entity string) *Auth { return &Auth{a.cluster, cmp.Or(entity, a.self)} }

type fields map[string]any

// command is the request for a command.
func command(prefix string, args fields) ceph.Request {
	all := fields{"prefix": prefix, "format": "json"}
	for k, v := range args {
		all[k] = v
	}
	text, err := json.Marshal(all)
	if err != nil {
		return ceph.Request{} // which is ErrInvalid
	}
	return ceph.Request{Command: ceph.Command{JSON: text}}
}

// run does one request.
func (a *Auth) run(ctx context.Context, r ceph.Request) ([]byte, error) {
	answer := a.cluster.Batch(ctx, r)[0]
	return []byte(answer.Reply.Data.Reveal()), answer.Err
}

// most is how many requests are one exchange: their answers have room, and end within one timeout.
const most = 2000

// batch does many requests.
func (a *Auth) batch(ctx context.Context, requests []ceph.Request) []ceph.Answer {
	var answers []ceph.Answer
	for part := range slices.Chunk(requests, most) {
		answers = append(answers, a.cluster.Batch(ctx, part...)...)
	}
	return answers
}

// decode reads the JSON of an answer. Its error holds nothing of the answer, which may be a key.
func decode(what string, data []byte, into any) error {
	if strings.TrimSpace(string(data)) == "null" || json.Unmarshal(data, into) != nil {
		return fmt.Errorf("ceph %s: the answer is not the JSON expected", what)
	}
	return nil
}

func redacted(b []byte) cephstack.Redacted { return cephstack.Redact(b) }
