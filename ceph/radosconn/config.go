//go:build cgo

package radosconn

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ceph/go-ceph/rados"

	"github.com/cephstack/cephstack/ceph"
)

// A Config says which cluster to reach, and as whom. Either ConfFile or
// MonHosts is needed.
type Config struct {
	ConfFile string   // path of a ceph.conf
	MonHosts []string // monitor addresses, as in ceph.Status; they win over the ConfFile's
	Name     string   // entity; client.admin when empty
	Keyring  string   // path of the keyring; the conf's when empty
	Key      ceph.Key // the key itself; wins over Keyring
	Timeouts Timeouts
	Calls    int // calls under way at a time; 16 when zero
}

// Timeouts bound what librados by itself would wait for, minutes or for ever.
// Fractions of a second count as a second.
type Timeouts struct {
	Connect time.Duration // until the monitors let us in; 10 s when zero
	Mon     time.Duration // a monitor command; 15 s when zero
	OSD     time.Duration // an operation on an object; 15 s when zero
}

// setting is one librados option.
type setting struct{ name, value string }

func (c Config) settings() []setting {
	list := []setting{
		{"client_mount_timeout", seconds(c.Timeouts.Connect, 10*time.Second)},
		{"rados_mon_op_timeout", seconds(c.Timeouts.Mon, 15*time.Second)},
		{"rados_osd_op_timeout", seconds(c.Timeouts.OSD, 15*time.Second)},
		// A library writes no logs and opens no sockets of its own, whatever
		// the operator's ceph.conf says for daemons.
		{"log_file", ""}, {"log_to_stderr", "false"}, {"err_to_stderr", "false"}, {"log_to_syslog", "false"},
		{"admin_socket", ""},
	}
	if len(c.MonHosts) > 0 {
		list = append(list, setting{"mon_host", strings.Join(c.MonHosts, " ")})
	}
	if c.Keyring != "" {
		list = append(list, setting{"keyring", c.Keyring})
	}
	if !c.Key.IsZero() {
		list = append(list, setting{"key", c.Key.Reveal()})
	}
	return list
}

func seconds(d, standard time.Duration) string {
	d = cmp.Or(d, standard)
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// handle makes the librados handle, not connected yet.
func (c Config) handle() (*rados.Conn, error) {
	if c.ConfFile == "" && len(c.MonHosts) == 0 {
		return nil, fmt.Errorf("%w: radosconn: neither ConfFile nor MonHosts", ceph.ErrInvalid)
	}
	handle, err := rados.NewConnWithClusterAndUser("ceph", c.name())
	if err != nil {
		return nil, fmt.Errorf("%w: radosconn: %s: %w", ceph.ErrInvalid, c.name(), err)
	}
	if c.ConfFile != "" {
		// librados does not tell a missing file from one that it cannot read.
		if _, err := os.Stat(c.ConfFile); err != nil {
			return nil, fmt.Errorf("radosconn: %w", err)
		}
		if err := handle.ReadConfigFile(c.ConfFile); err != nil {
			return nil, fmt.Errorf("%w: radosconn: %s: %w", ceph.ErrInvalid, c.ConfFile, err)
		}
	}
	for _, s := range c.settings() {
		if err := handle.SetConfigOption(s.name, s.value); err != nil {
			return nil, fmt.Errorf("%w: radosconn: option %s: %w", ceph.ErrInvalid, s.name, err)
		}
	}
	return handle, nil
}

func (c Config) name() string { return cmp.Or(c.Name, "client.admin") }
