package audit

import (
	"fmt"
	"slices"
)

// long is how many times the patience a volume may be in a status that takes as long as its data is large.
const long = 12

// use finds what Nova and Cinder do not agree upon, and what has been on its way for too long.
func (s *stock) use(add func(suspect)) {
	named := s.namedByServers()
	if s.volumes.err == nil {
		s.volumes.all(func(v *volumeFact) { s.useOfVolume(v, named, add) }, (*volumeFact).key)
	}
	if s.volumes.err == nil && s.servers.err == nil {
		s.servers.all(func(v *serverFact) { s.useByServer(v, add) }, (*serverFact).key)
	}
	s.images.all(func(i *imageFact) {
		if slices.Contains([]string{"saving", "uploading", "importing"}, i.status.Value()) && s.late(i.created, long) {
			x := unfit("image-upload-stuck", "image "+i.id.String(), ask{anImage, i.id})
			x.Message = "the upload of an image has not ended for long"
			x.Evidence = []string{i.evidence(s)}
			x.Next = "Look at the log of glance-api for the ID. If nobody uploads it any more: openstack image delete " +
				i.id.String()
			add(x)
		}
	}, (*imageFact).key)
}

// unfit makes a suspect of an object of the APIs that does not work.
func unfit(code, object string, asks ...ask) suspect {
	return suspect{Finding: Finding{Code: code, Severity: Broken, Object: object}, asks: asks}
}

// namedByServers are the volumes that servers name.
func (s *stock) namedByServers() map[uuid]bool {
	all := map[uuid]bool{}
	s.servers.all(func(v *serverFact) {
		for _, id := range v.volumes {
			all[id] = true
		}
	}, (*serverFact).key)
	return all
}

func (s *stock) useOfVolume(v *volumeFact, named map[uuid]bool, add func(suspect)) {
	object, status := "volume "+v.id.String(), v.status.Value()
	if status == "in-use" && v.attachments == 0 {
		x := unfit("volume-used-by-nobody", object, ask{aVolume, v.id})
		x.Message = "the volume is in-use, and has no attachment"
		x.Evidence = []string{v.evidence(s)}
		x.Next = "Look whether a server has it (openstack server list --all-projects --long; rbd status of its image). If " +
			"none has: openstack volume set --state available " + v.id.String()
		add(x)
	}
	for _, id := range v.servers {
		if s.servers.err == nil && s.servers.of(id) == nil {
			x := unfit("attachment-of-gone-server", object, ask{aVolume, v.id}, ask{aServer, id})
			x.Message = "the volume is attached to a server that Nova does not have"
			x.Evidence = []string{v.evidence(s), fmt.Sprintf("server %v: Nova has no server of this ID", id)}
			x.Next = "If nothing but Nova attaches volumes: openstack --os-volume-api-version 3.27 volume attachment list " +
				"--volume-id " + v.id.String() + ", then volume attachment delete ATTACHMENT"
			add(x)
		}
	}
	times := stuck()[status]
	if times == 0 || !s.late(v.changed, times) || status == "reserved" && (named[v.id] || s.servers.err != nil) {
		return
	}
	x := unfit("volume-stuck", object, ask{aVolume, v.id})
	x.Message = "the volume has been " + status + " for too long"
	x.Evidence = []string{v.evidence(s)}
	x.Next = "Look at the log of cinder-volume for the ID, and whether the service is up. If nothing works on the " +
		"volume any more: openstack volume set --state available (or error) " + v.id.String()
	add(x)
}

// stuck are the statuses in which a volume does not stay, and how many times the patience it may.
func stuck() map[string]int {
	return map[string]int{"creating": 1, "deleting": 1, "attaching": 1, "detaching": 1, "reserved": 1, "extending": 1,
		"managing": 1, "reverting": long, "downloading": long, "uploading": long, "backing-up": long,
		"restoring-backup": long, "retyping": long}
}

func (s *stock) useByServer(v *serverFact, add func(suspect)) {
	if v.task.Value() != "" || !slices.Contains(settled(), v.status.Value()) {
		return
	}
	for _, id := range v.volumes {
		switch volume := s.volumes.of(id); {
		case volume == nil:
			x := unfit("server-of-gone-volume", "server "+v.id.String(), ask{aServer, v.id}, ask{aVolume, id})
			x.Message = "the server names a volume that Cinder does not have: its next hard reboot ends in ERROR"
			x.Evidence = []string{v.evidence(s), fmt.Sprintf("volume %v: Cinder has no volume of this ID", id)}
			x.Next = "Do not reboot the server hard. Look who deleted the volume (the log of cinder-api has its ID), and at " +
				"openstack server volume list " + v.id.String() + "; Nova refuses to detach a volume that Cinder does not have"
			add(x)
		case volume.status.Value() == "available" && volume.attachments == 0:
			x := unfit("volume-free-but-used", "volume "+id.String(), ask{aServer, v.id}, ask{aVolume, id})
			x.Severity = Danger
			x.Message = "Cinder takes the volume for free, and a server of Nova has it: a second server that gets it destroys " +
				"the data"
			x.Evidence = []string{volume.evidence(s), v.evidence(s)}
			x.Next = "Let nobody attach or delete it. Look whether the server writes to it (rbd status of its image). " +
				"If so: openstack volume set --state in-use --attached " + id.String()
			add(x)
		}
	}
}
