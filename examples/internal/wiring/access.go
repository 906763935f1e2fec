package wiring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A Librados connects to a cluster as client.admin through the librados of this
// machine, by a ceph.conf and a keyring. Programs that are built without it have
// none.
type Librados func(ctx context.Context, conf, keyring string) (Connection, error)

// A Connection is a cluster's two views and can be closed; *radosconn.Conn is one.
type Connection interface {
	ceph.Commander
	ceph.Images
	io.Closer
}

// An access finds the way to a cluster.
type access struct {
	dir      string // of the configuration files on this machine
	librados Librados
}

// open gives a cluster as its Spec wants it reached: through the ceph program on a
// host, or through this machine's librados. Where that is too old for the key of
// client.admin, the program on the host does it. The plan says so there, and where
// the Spec asks for the program.
func (a access) open(ctx context.Context, c spec.Cluster, host remote.Host) (integrate.Cluster, io.Closer, error) {
	switch {
	case c.Access == "librados" && a.librados == nil:
		return integrate.Cluster{}, nil, fmt.Errorf("clusters: %s: access: this program was built without librados; build it with -tags librados, or leave access out", c.Name)
	case c.Access == "librados", c.Host == "" && a.librados != nil:
		return a.throughLibrados(ctx, c, host)
	case c.Host == "":
		return integrate.Cluster{}, nil, fmt.Errorf("clusters: %s: host is missing: this program runs the ceph program on a host", c.Name)
	}
	cluster := throughProgram(c, host)
	if c.Access != "" {
		cluster.Note = "is reached through the ceph program on " + c.Host + ", as the Spec wants it"
	}
	return cluster, nil, nil
}

func throughProgram(c spec.Cluster, host remote.Host) integrate.Cluster {
	cluster := cephcli.New(host, cephcli.Options{Conf: "/etc/ceph/" + c.Name + ".conf"})
	return integrate.Cluster{Mon: cluster, Images: cluster}
}

func (a access) throughLibrados(ctx context.Context, c spec.Cluster, host remote.Host) (integrate.Cluster, io.Closer, error) {
	conf := filepath.Join(a.dir, c.Name+".conf")
	keyring, err := adminKeyring(conf, c.Name)
	if err != nil {
		return integrate.Cluster{}, nil, fmt.Errorf("clusters: %s: %w", c.Name, err)
	}
	conn, err := a.librados(ctx, conf, keyring)
	if err == nil {
		return integrate.Cluster{Mon: conn, Images: conn}, conn, nil
	}
	kind := adminKeyType(keyring)
	if kind == "aes" || kind == "" || !errors.Is(err, ceph.ErrInvalid) && !errors.Is(err, ceph.ErrDenied) {
		return integrate.Cluster{}, nil, fmt.Errorf("clusters: %s: %w", c.Name, err)
	}
	// An old librados takes such a key for none, and says no more than that.
	const why = "the librados of this machine cannot log in with the key of client.admin, which is of type %s; librados before 20.2.4 and 19.2.6 does not know that type"
	if host == nil {
		return integrate.Cluster{}, nil, fmt.Errorf("clusters: %s: "+why+": give the cluster a host on which the ceph program works: %w", c.Name, kind, err)
	}
	cluster := throughProgram(c, host)
	cluster.Note = fmt.Sprintf("is reached through the ceph program on %s, as "+why, c.Host, kind)
	return cluster, nil, nil
}

// adminKeyring is the keyring with the key of client.admin by a ceph.conf, as
// librados finds it: the first file of a list that can be opened. It is empty
// where there is none and the ceph.conf has the key itself.
func adminKeyring(conf, cluster string) (string, error) {
	data, err := os.ReadFile(conf)
	if err != nil {
		return "", err
	}
	parsed, err := ceph.ParseConf(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", conf, err)
	}
	list, ok := adminOption(parsed, "keyring")
	if !ok {
		list = defaultKeyrings(filepath.Dir(conf))
	}
	list = strings.NewReplacer("$cluster", cluster, "$name", "client.admin", "$type", "client", "$id", "admin").Replace(list)
	keyring, err := firstToOpen(list)
	if err == nil {
		return keyring, nil
	}
	for _, option := range []string{"key", "keyfile"} {
		if _, ok := adminOption(parsed, option); ok {
			return "", nil
		}
	}
	return "", fmt.Errorf("no keyring with the key of client.admin can be opened; put it there, or name it in %s: %w", conf, err)
}

// adminOption is the value of an option for client.admin.
func adminOption(conf *ceph.Conf, option string) (string, bool) {
	for _, section := range []string{"client.admin", "client", "global"} {
		if value, ok := conf.Lookup(section, option); ok {
			return value, true
		}
	}
	return "", false
}

// defaultKeyrings is Ceph's default of the option keyring, for its folder.
func defaultKeyrings(dir string) string {
	var list []string
	for _, name := range []string{"$cluster.$name.keyring", "$cluster.keyring", "keyring", "keyring.bin"} {
		list = append(list, filepath.Join(dir, name))
	}
	return strings.Join(list, ",")
}

// firstToOpen is the first file of a list that can be opened.
func firstToOpen(list string) (string, error) {
	var errs []error
	for path := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ';' }) {
		path = strings.TrimSpace(path)
		f, err := os.Open(path)
		if err == nil {
			return path, f.Close()
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return "", errors.New("the option keyring is empty")
	}
	return "", errors.Join(errs...)
}

// adminKeyType is the type of client.admin's key in a keyring; empty if it cannot
// be told.
func adminKeyType(keyring string) string {
	data, err := os.ReadFile(keyring)
	if err != nil {
		return ""
	}
	ring, err := ceph.ParseKeyring(data)
	if err != nil {
		return ""
	}
	user, _ := ring.Lookup("client.admin")
	return user.Key.Type()
}
