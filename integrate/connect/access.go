package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// Librados connects to a cluster through the librados of this machine, as a user such
// as client.admin, by the paths of a ceph.conf and of a keyring. The keyring is empty where
// the ceph.conf itself has the key, or names a file with it. radosconn.Dial
// connects so; a program that is built without cgo has no Librados.
type Librados func(ctx context.Context, user, conf, keyring string) (Connection, error)

// A Connection is the two views of a cluster, and can be closed. *radosconn.Conn is
// a Connection.
type Connection interface {
	ceph.Commander
	ceph.Images
	io.Closer
}

// An access finds the way to a cluster.
type access struct {
	path    string // of the cluster in the Spec, such as clusters[1]
	cluster spec.Cluster
	host    remote.Host // on which the ceph program runs; nil when the Spec names no host for the cluster
	options Options
}

// open gives the cluster as the Spec wants it reached: through the ceph program on
// a host, or through librados. Where librados is too old for the key of
// the user, the ceph program on the host is used, and the plan says so.
func (a access) open(ctx context.Context) (world.Cluster, io.Closer, error) {
	if a.cluster.Access == "librados" || a.cluster.Host == "" {
		return a.throughLibrados(ctx)
	}
	note := ""
	if a.cluster.Access != "" {
		note = "is reached through the ceph program " + a.within() + "on " + a.cluster.Host + ", as the Spec wants it"
	}
	return a.throughProgram(note), nil, nil
}

func (a access) throughProgram(note string) world.Cluster {
	o := cephcli.Options{}
	if o.Container, o.Image, o.Cephadm = a.cluster.Within(); o == (cephcli.Options{}) {
		o.Conf = spec.ConfPath(a.cluster.Name)
	}
	if a.cluster.User != "" { // else the host may say who it is, as by CEPH_ARGS
		o.Name = a.user()
	}
	cluster := cephcli.New(a.host, o)
	return world.Cluster{Mon: cluster, Images: cluster, Note: note}
}

// user is the Ceph user as which the cluster is reached.
func (a access) user() string { return "client." + cmp.Or(a.cluster.User, "admin") }

// within says where on the host the ceph program is, if that is not the host itself.
func (a access) within() string {
	switch container, image, cephadm := a.cluster.Within(); {
	case container != "":
		return "in container " + container + " "
	case image != "":
		return "in image " + image + " "
	case cephadm:
		return "in cephadm shell "
	}
	return ""
}

func (a access) throughLibrados(ctx context.Context) (world.Cluster, io.Closer, error) {
	conf := filepath.Join(cmp.Or(a.options.CephFolder, "/etc/ceph"), a.cluster.Name+".conf")
	keyring, err := keyringOf(conf, a.cluster.Name, a.user())
	if err != nil {
		return world.Cluster{}, nil, a.failed(err)
	}
	conn, err := a.options.Librados(ctx, a.user(), conf, keyring)
	if err == nil {
		return world.Cluster{Mon: conn, Images: conn}, conn, nil
	}
	kind := keyType(keyring, a.user())
	refused := errors.Is(err, ceph.ErrInvalid) || errors.Is(err, ceph.ErrDenied)
	if kind == "aes" || kind == "" || !refused {
		return world.Cluster{}, nil, a.failed(err)
	}
	// An old librados takes such a key for none, and says no more than that.
	why := fmt.Sprintf("the librados of this machine cannot log in with the key of %s, which is of type %s; "+
		"librados before 20.2.4 and 19.2.6 does not know that type", a.user(), kind)
	if a.host == nil {
		return world.Cluster{}, nil,
			a.failed(fmt.Errorf("%s: give the cluster a host on which the ceph program works: %w", why, err))
	}
	return a.throughProgram("is reached through the ceph program on " + a.cluster.Host + ", as " + why), nil, nil
}

// failed names the cluster in an error.
func (a access) failed(err error) error {
	return fmt.Errorf("%s: cluster %s: %w", a.path, a.cluster.Name, err)
}
