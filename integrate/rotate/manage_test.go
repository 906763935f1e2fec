package rotate_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// stops tells which guests were stopped through the API.
func (c *cloud) stops() func() []string {
	var mu sync.Mutex
	var ids []string
	c.API.Interrupt(func(r *http.Request) (int, string, bool) {
		id, ok := strings.CutSuffix(r.URL.Path, "/action")
		if !ok || r.Method != http.MethodPost {
			return 0, "", false
		}
		body, err := io.ReadAll(r.Body)
		assert.NoError(c.t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		if bytes.Contains(body, []byte("os-stop")) {
			ids = append(ids, path.Base(id))
		}
		return 0, "", false
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(ids)
	}
}

// TestNobodyIsStoppedWithoutALoginForCinder: without a login for Cinder, nova-manage shows an attachment, and renews
// none. Many hosts have Nova's database, and no such login.
func TestNobodyIsStoppedWithoutALoginForCinder(t *testing.T) {
	const file = "/etc/nova/nova-manage.conf"
	c := newCloud(t)
	c.guest("both", "compute1", true)
	s := during("stop-start")
	s.Rotate[0].NovaManage = "controller"
	stopped := c.stops()
	for _, text := range []string{"", "[cinder]\ncatalog_info = volumev3\n", "[cinder]\nauth_section = nobody\n",
		"[neutron]\nauth_type = password\n", "[cinder]\nauth_type =\n"} {
		c.Machines["controller"].AddFile(file, []byte(text), 0o640)
		_, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
		require.ErrorContains(t, err, "it is not stopped, as its volumes could not be renewed then: nova-manage on "+
			"controller could not log in to Cinder: [", "%q", text)
		require.ErrorContains(t, err, "name a file that has this login in rotate.nova_manage_config", "%q", text)
	}
	assert.Empty(t, stopped())

	const own = "/root/nova-login.conf"
	c.Machines["controller"].AddFile(own, []byte("[keystone_authtoken]\nauth_type = v3password\n[cinder]\n"+
		"auth_type = password\nauth_section = keystone_authtoken\n"), 0o600)
	s.Rotate[0].NovaManageConfig = []string{"/etc/nova/nova.conf", own}
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
	assert.Len(t, stopped(), 1)
}

// TestTheComputeLogsInToCinder: from 2024.1 on, nova-compute deletes the old attachment, without a token of a user.
func TestTheComputeLogsInToCinder(t *testing.T) {
	at := func(s spec.Spec) spec.Spec {
		s.Release = "2024.1"
		return s
	}
	c := &cloud{World: integratetest.Integrated(t, at(before())), t: t}
	c.upload()
	both := c.guest("both", "compute1", true)
	s := at(during("stop-start"))
	s.Rotate[0].NovaManage = "controller"
	stopped := c.stops()
	_, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorContains(t, err, "it is not stopped, as its volumes could not be renewed then: nova-compute on compute1 "+
		"could not log in to Cinder: [cinder] has no auth_type in /etc/nova/nova.conf and /etc/nova/nova-compute.conf; "+
		"give it this login, and restart it")
	assert.Empty(t, stopped())
	c.Machines["compute1"].AddFile("/etc/nova/nova-compute.conf", []byte("[cinder]\nauth_type = password\n"), 0o640)
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
	assert.NotContains(t, c.users(both.ID), ":cinder ")
}

// TestFewAreStoppedForNothing: where nova-manage does not do what the look before promised, no crowd of guests is
// stopped: one at a time, until too many have failed.
func TestFewAreStoppedForNothing(t *testing.T) {
	c := newCloud(t)
	var ids []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		for _, compute := range []string{"compute1", "compute2", "compute3"} {
			ids = append(ids, c.volumeGuest(name, compute).ID)
		}
	}
	s := during("stop-start")
	s.Rotate[0].NovaManage, s.Rotate[0].Guests[0].AtOnce = "controller", 100
	var now, most atomic.Int32
	c.Machines["controller"].Fail = func(_ context.Context, op remote.Op) error {
		if run, ok := op.(remote.Run); !ok || !slices.Contains(run.Argv, "refresh") {
			return nil
		}
		defer now.Add(-1)
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(50 * time.Millisecond) // which gives others time to begin
		return remote.ErrUnreachable
	}
	stopped := c.stops()
	_, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{AtOnce: 100})
	require.ErrorContains(t, err, "is not renewed")
	for _, id := range ids {
		s, err := c.Cloud.Server(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, "ACTIVE", s.Status, "it was started again")
	}
	assert.EqualValues(t, 1, most.Load(), "guests at once")
	assert.Less(t, len(stopped()), 6, "%v", stopped())
}
