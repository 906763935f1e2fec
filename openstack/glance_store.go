package openstack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A GlanceStore is a store of Glance in Ceph.
type GlanceStore struct {
	Store string // name of the store; "rbd" when empty
	Pool  string
	User  string // Ceph user without "client."
	Conf  string // path of ceph.conf
	// MultipleLocations lets Nova snapshot a VM as a clone inside Ceph. Without it,
	// such a snapshot fails as soon as Nova's user can write to Pool. It also lets
	// the owner of an image change where the image is, so the API must not be public
	// (OSSN-0065).
	MultipleLocations bool
	// Further are more stores in Ceph, in other clusters or pools. An image goes into
	// such a store when it is uploaded into that store by name. It takes Rocky or
	// newer. The fields Further and MultipleLocations of a further store are ignored.
	Further []GlanceStore
}

// Settings computes what Glance needs on release r. The store becomes the default
// store beside the stores that cur has, so that old images stay served. Locations
// of images are shown, because Nova and Cinder need them for copy-on-write.
//
// From Train on, stores of the old style ([glance_store] stores) are carried over
// into the style of enabled_backends, each under the name of its type. Rocky and Stein
// know both styles: enabled_backends is used there only if cur has it already, or if there
// are Further stores. In older releases a store in Ceph is always called rbd. It is an
// error if cur has a store of the same name and another type.
func (g GlanceStore) Settings(r Release, cur Current) ([]Setting, error) {
	stores := g.stores()
	g.Store = stores[0].Store
	err := errors.Join(supported(r), checkStores(stores))
	if err != nil {
		return nil, err
	}
	if r.Before(train) && (r.Before(rocky) || len(stores) == 1 && !has(cur, "DEFAULT", "enabled_backends")) {
		return g.single(r, cur)
	}
	var carried []Setting
	old, ok := cur.Lookup("DEFAULT", "enabled_backends")
	backends := list(old)
	if !ok || len(backends) == 0 {
		if backends, carried, err = g.carry(cur); err != nil {
			return nil, err
		}
	}
	for _, s := range stores {
		if backends, err = s.join(backends); err != nil {
			return nil, err
		}
	}
	out := g.fill(r, backends)
	for _, s := range stores[1:] {
		own := func(o Setting) bool { return o.Section != s.Store }
		out = append(out, slices.DeleteFunc(s.fill(r, backends), own)...)
	}
	return slices.Insert(out, 1, carried...), nil
}

// stores are all stores, the default store first, each with its name.
func (g GlanceStore) stores() []GlanceStore {
	all := append([]GlanceStore{g}, g.Further...)
	for i := range all {
		if all[i].Store == "" {
			all[i].Store = "rbd"
		}
	}
	return all
}

// checkStores checks each store, and that the names of the stores differ.
func checkStores(stores []GlanceStore) error {
	var errs []error
	for i, s := range stores {
		field := "GlanceStore"
		if i > 0 {
			field = fmt.Sprintf("GlanceStore.Further[%d]", i-1)
		}
		errs = append(errs, section(field+".Store", s.Store), word(field+".Pool", s.Pool), word(field+".User", s.User),
			file(field+".Conf", s.Conf))
		if slices.ContainsFunc(stores[:i], func(o GlanceStore) bool { return strings.EqualFold(o.Store, s.Store) }) {
			errs = append(errs, fmt.Errorf("openstack: %s.Store %q is there twice", field, s.Store))
		}
	}
	return errors.Join(errs...)
}

// fill gives the settings in the style of enabled_backends.
func (g GlanceStore) fill(r Release, backends []string) []Setting {
	return fill(GlanceAPI, r, map[string]string{
		"enabled": strings.Join(backends, ","), "store": g.Store,
		"pool": g.Pool, "user": g.User, "conf": g.Conf,
		"locations": onlyTrue(g.MultipleLocations),
	})
}

// single gives the settings in the style of [glance_store] stores, which has at most
// one store in Ceph.
func (g GlanceStore) single(r Release, cur Current) ([]Setting, error) {
	if len(g.Further) > 0 {
		return nil, fmt.Errorf("openstack: Glance has one rbd store in %s: Rocky is the first release with several", r)
	}
	if g.Store != "rbd" {
		return nil, fmt.Errorf("openstack: Glance's store in Ceph is always called rbd in %s: %q cannot be its name",
			r, g.Store)
	}
	stores, ok := InForce{r, GlanceAPI, cur}.Lookup("glance_store", "stores")
	if !ok {
		stores = "file,http"
	}
	return fill(GlanceAPI, r, map[string]string{
		"stores": strings.Join(with(list(stores), "rbd"), ","), "pool": g.Pool, "user": g.User, "conf": g.Conf,
		"locations": onlyTrue(g.MultipleLocations), "store": g.Store,
	}), nil
}

// join adds the store to the list of backends.
func (g GlanceStore) join(backends []string) ([]string, error) {
	for i, b := range backends {
		name, kind, ok := strings.Cut(b, ":")
		name, kind = strings.TrimSpace(name), strings.TrimSpace(kind)
		if !ok || name == "" || kind == "" {
			return nil, fmt.Errorf("openstack: [DEFAULT] enabled_backends of Glance: %q is not name:type", b)
		}
		if name == g.Store && kind != "rbd" {
			return nil, fmt.Errorf("openstack: Glance's backend %q is of type %s, rbd is wanted: choose another name",
				name, kind)
		}
		backends[i] = name + ":" + kind
	}
	return with(backends, g.Store+":rbd"), nil
}

// carry gives the stores of the old style as backends, and the settings that move
// into the sections of these backends.
func (g GlanceStore) carry(cur Current) (backends []string, out []Setting, err error) {
	stores, ok := cur.Lookup("glance_store", "stores")
	if !ok {
		stores = "file,http"
	}
	for _, kind := range list(stores) {
		moved, known := carriedOptions()[kind]
		switch {
		case kind == "rbd":
			old := InForce{juno, GlanceAPI, cur}
			pool, _ := old.Lookup("glance_store", "rbd_store_pool")
			conf, _ := old.Lookup("glance_store", "rbd_store_ceph_conf")
			if !slices.ContainsFunc(g.stores(), func(s GlanceStore) bool { return s.Pool == pool && s.Conf == conf }) {
				return nil, nil, fmt.Errorf("openstack: Glance's old rbd store keeps images in pool %q of the cluster of %s, "+
					"%q of %s is wanted: name the old store in enabled_backends first", pool, conf, g.Pool, g.Conf)
			}
			continue
		case !known:
			return nil, nil, fmt.Errorf("openstack: Glance's store %q of the old style cannot be carried over: "+
				"name it in enabled_backends first", kind)
		case kind == "cinder" && (has(cur, "glance_store", "cinder_store_password") ||
			has(cur, "glance_store", "cinder_store_application_credential_secret")):
			return nil, nil, errors.New("openstack: Glance's old cinder store has a password or an application credential, " +
				"and settings hold no secrets: move the store into a section of enabled_backends first")
		case slices.ContainsFunc(g.stores(), func(s GlanceStore) bool { return s.Store == kind }):
			return nil, nil, fmt.Errorf("openstack: Glance's store %q is of type %s, rbd is wanted: choose another name",
				kind, kind)
		}
		backends = append(backends, kind+":"+kind)
		out = append(out, carryOptions(cur, kind, moved)...)
	}
	return backends, out, nil
}

func has(cur Current, section, option string) bool {
	v, ok := cur.Lookup(section, option)
	return ok && v != ""
}

// texts is a Current that also has the text of values as written.
type texts interface {
	Text(section, option string) (string, bool)
}

func carryOptions(cur Current, kind string, options []string) []Setting {
	var out []Setting
	found := false
	for _, o := range options {
		v, ok := cur.Lookup("glance_store", o)
		if !ok {
			continue
		}
		if text, is := cur.(texts); is && strings.Contains(v, "$") {
			v, _ = text.Text("glance_store", o) // a dollar is written as it was
		}
		found = found || strings.HasPrefix(o, "filesystem_store_datadir")
		out = append(out, Setting{Section: kind, Option: o, Value: v,
			Reason: "moved here from [glance_store]: the old stores have sections of their own now"})
	}
	if kind == "file" && !found {
		out = append([]Setting{{Section: kind, Option: "filesystem_store_datadir", Value: "/var/lib/glance/images/",
			Reason: "old images are in this folder, which was the default until now"}}, out...)
	}
	return out
}

// carriedOptions are the options of the store types that can be carried over.
func carriedOptions() map[string][]string {
	return map[string][]string{
		"file": {"filesystem_store_datadir", "filesystem_store_datadirs", "filesystem_store_metadata_file",
			"filesystem_store_file_perm",
			"filesystem_store_chunk_size", "filesystem_thin_provisioning", "filesystem_store_timeout",
			"filesystem_store_thread_pool_size", "filesystem_store_threadpool_threshold"},
		"http": {"https_ca_certificates_file", "https_insecure", "http_proxy_information"},
		"cinder": {"cinder_catalog_info", "cinder_endpoint_template", "cinder_os_region_name", "cinder_ca_certificates_file",
			"cinder_http_retries", "cinder_state_transition_timeout", "cinder_api_insecure", "cinder_store_auth_address",
			"cinder_store_user_name", "cinder_store_project_name", "cinder_store_user_domain_name",
			"cinder_store_project_domain_name", "rootwrap_config", "cinder_volume_type", "cinder_enforce_multipath",
			"cinder_use_multipath", "cinder_mount_point_base", "cinder_do_extend_attached", "cinder_attachment_retry_attempts",
			"cinder_store_application_credential_id"},
	}
}

// onlyTrue is empty, which leaves an option alone, unless the option is wanted.
func onlyTrue(b bool) string {
	if b {
		return "True"
	}
	return ""
}
