package openstack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

// stores has a second store in another cluster, and a third in another pool.
func stores() openstack.GlanceStore {
	s := store
	s.Further = []openstack.GlanceStore{
		{Store: "fast", Pool: "images", User: "glance", Conf: "/etc/ceph/ssd.conf"},
		{Store: "big", Pool: "big", User: "glance-big", Conf: "/etc/ceph/ceph.conf"},
	}
	return s
}

const furtherTail = `[fast] rbd_store_pool = images
[fast] rbd_store_user = glance
[fast] rbd_store_ceph_conf = /etc/ceph/ssd.conf
[fast] rbd_store_chunk_size = 8
[big] rbd_store_pool = big
[big] rbd_store_user = glance-big
[big] rbd_store_ceph_conf = /etc/ceph/ceph.conf
[big] rbd_store_chunk_size = 8
`

func TestFurtherStores(t *testing.T) {
	carried := "[file] filesystem_store_datadir = /var/lib/glance/images/\n"
	for name, c := range map[string]struct {
		release openstack.Release
		cur     conf
		want    string
	}{
		"nothing said": {"zed", nil, "file:file,http:http,rbd:rbd,fast:rbd,big:rbd\n" + carried},
		"old rbd": {"zed", conf{"glance_store.stores": "rbd,file", "glance_store.rbd_store_pool": "images"},
			"file:file,rbd:rbd,fast:rbd,big:rbd\n" + carried},
		"of a further": {"zed", conf{"glance_store.stores": "rbd,http", "glance_store.rbd_store_pool": "big"},
			"http:http,rbd:rbd,fast:rbd,big:rbd\n"},
		"backends": {"zed", conf{"DEFAULT.enabled_backends": "local:file,old:rbd"},
			"local:file,old:rbd,rbd:rbd,fast:rbd,big:rbd\n"},
		"done already": {"2026.2", conf{"DEFAULT.enabled_backends": "big:rbd,fast:rbd,rbd:rbd"},
			"big:rbd,fast:rbd,rbd:rbd\n"},
		"the first time": {"rocky", conf{"glance_store.stores": "file,http"},
			"file:file,http:http,rbd:rbd,fast:rbd,big:rbd\n" + carried},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := stores().Settings(c.release, c.cur)
			require.NoError(t, err)
			assert.Equal(t, "[DEFAULT] enabled_backends = "+c.want+glanceTail+furtherTail, render(got))
			for _, s := range got {
				assert.NotEmpty(t, s.Reason, s.Option)
			}
		})
	}
}

func TestFurtherStoresRefuse(t *testing.T) {
	change := func(i int, f func(*openstack.GlanceStore)) openstack.GlanceStore {
		s := stores()
		f(&s.Further[i])
		return s
	}
	for text, s := range map[string]openstack.GlanceStore{
		"GlanceStore.Further[1].Store \"Fast\" is there twice": change(1,
			func(s *openstack.GlanceStore) { s.Store = "Fast" }),
		"GlanceStore.Further[0].Store \"rbd\" is there twice": change(0, func(s *openstack.GlanceStore) { s.Store = "" }),
		"GlanceStore.Further[0].Pool is empty":                change(0, func(s *openstack.GlanceStore) { s.Pool = "" }),
		"GlanceStore.Further[1].Conf": change(1,
			func(s *openstack.GlanceStore) { s.Conf = "ceph.conf" }),
		`"http" is of type http, rbd is wanted`: change(1,
			func(s *openstack.GlanceStore) { s.Store = "http" }),
	} {
		_, err := s.Settings("zed", conf{})
		assert.ErrorContains(t, err, text)
	}
	_, err := stores().Settings("queens", conf{})
	require.ErrorContains(t, err, "Glance has one rbd store in queens")
	_, err = stores().Settings("zed", conf{"DEFAULT.enabled_backends": "fast:file"})
	require.ErrorContains(t, err, `"fast" is of type file`)
	_, err = stores().Settings("zed", conf{"glance_store.stores": "rbd", "glance_store.rbd_store_pool": "old"})
	require.ErrorContains(t, err, `"old"`)
}

// TestServicesKnowFurtherStores asks the services' registries, which were asked
// about a store called rbd.
func TestServicesKnowFurtherStores(t *testing.T) {
	for release, services := range captured() {
		r := loadRegistry(t, release)
		if services[openstack.GlanceAPI] == 0 {
			continue
		}
		got, err := stores().Settings(r.release, conf{})
		require.NoError(t, err)
		for _, s := range got {
			if s.Section == "fast" || s.Section == "big" {
				s.Section = "rbd"
			}
			assert.NoError(t, r.judge(openstack.GlanceAPI, s))
		}
	}
}
