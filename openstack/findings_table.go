package openstack

// A staleRow is an option that release from and later ones do not read in the
// section, or should not be given.
type staleRow struct {
	code            Code
	service         Service
	section, option string
	from            Release
	message         string
}

// staleRows gives all such options. Section {backend} stands for the sections of
// all enabled backends.
func staleRows(yield func(staleRow) bool) {
	const (
		backend   = "{backend}"
		ignored   = CodeIgnoredOption
		misplaced = CodeMisplacedOption
		volume    = CinderVolume
		nova      = NovaCompute
		section   = "is ignored here: the section of each backend has its own; remove it"
		libvirt   = "is ignored here: nova-compute reads such options in [libvirt]; remove it"
		store     = "is ignored here since Kilo: the store's section has its own; remove it"
		key       = "gives the Ceph key to users of the volume API until Ussuri (OSSN-0085) and is ignored since Victoria; " +
			"remove it, and replace the key if Cinder ran with the option"
	)
	for _, row := range []staleRow{
		{misplaced, GlanceAPI, "DEFAULT", "default_store", kilo, store},
		{misplaced, GlanceAPI, "DEFAULT", "known_stores", kilo, store},
		{misplaced, GlanceAPI, "DEFAULT", "rbd_store_user", kilo, store},
		{misplaced, GlanceAPI, "DEFAULT", "rbd_store_pool", kilo, store},
		{misplaced, GlanceAPI, "DEFAULT", "rbd_store_ceph_conf", kilo, store},
		{misplaced, GlanceAPI, "DEFAULT", "rbd_store_chunk_size", kilo, store},
		{ignored, volume, "DEFAULT", "glance_api_version", queens, "was removed in Queens and is ignored; remove it"},
		{misplaced, volume, "DEFAULT", "volume_driver", ocata, section},
		{misplaced, volume, "DEFAULT", "rbd_pool", ocata, section},
		{misplaced, volume, "DEFAULT", "rbd_user", ocata, section},
		{misplaced, volume, "DEFAULT", "rbd_ceph_conf", ocata, section},
		{misplaced, volume, "DEFAULT", "rbd_secret_uuid", ocata, section},
		{ignored, volume, backend, "volume_tmp_dir", ocata, "was removed in Ocata and is ignored; remove it"},
		{CodeExposedKey, volume, "DEFAULT", "rbd_keyring_conf", pike, key},
		{CodeExposedKey, volume, "backend_defaults", "rbd_keyring_conf", pike, key},
		{CodeExposedKey, volume, backend, "rbd_keyring_conf", pike, key},
		{ignored, CinderBackup, "DEFAULT", "backup_service", icehouse, "is ignored: the option is backup_driver; remove it"},
		{misplaced, nova, "DEFAULT", "libvirt_images_type", juno, libvirt},
		{misplaced, nova, "DEFAULT", "libvirt_images_rbd_pool", juno, libvirt},
		{misplaced, nova, "DEFAULT", "libvirt_images_rbd_ceph_conf", juno, libvirt},
		{misplaced, nova, "DEFAULT", "libvirt_disk_cachemodes", havana, libvirt},
		{misplaced, nova, "DEFAULT", "disk_cachemodes", juno, libvirt},
		{misplaced, nova, "DEFAULT", "images_type", havana, libvirt},
		{misplaced, nova, "DEFAULT", "rbd_user", juno, libvirt},
		{misplaced, nova, "DEFAULT", "rbd_secret_uuid", juno, libvirt},
		{ignored, nova, "libvirt", "live_migration_flag", newton, "was removed in Newton and is ignored; remove it"},
		{CodeDeprecatedOption, nova, "libvirt", "live_migration_tunnelled", wallaby,
			"is deprecated since Wallaby and fails with disks that are not shared; remove it"},
		{ignored, nova, "workarounds", "rbd_volume_local_attach", xena, "was removed in Xena and is ignored; remove it"},
	} {
		if !yield(row) {
			return
		}
	}
}

// stale gives a finding for each option of staleRows that cur sets.
func stale(r Release, s Service, cur Current) []Finding {
	var out []Finding
	for row := range staleRows {
		if row.service != s || r.Before(row.from) {
			continue
		}
		sections := []string{row.section}
		if row.section == "{backend}" {
			enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
			sections = list(enabled)
		}
		for _, section := range sections {
			if _, ok := cur.Lookup(section, row.option); ok {
				out = append(out, Finding{row.code, section, row.option, "", row.message})
			}
		}
	}
	return out
}
