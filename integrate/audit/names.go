package audit

import (
	"encoding/hex"
	"strings"
)

// A uuid is the ID of an object of the APIs. In this form 100,000 of them are 1.6 MB.
type uuid [16]byte

// String is the uuid as the APIs write it.
func (u uuid) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// lengthOfID is the number of characters of a UUID.
const lengthOfID = 36

// parseUUID reads a UUID in the one form in which the APIs and the names of RBD images have it.
func parseUUID(s string) (u uuid, ok bool) {
	if len(s) != lengthOfID || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	var digits [32]byte
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
			digits[n] = c
			n++
		default:
			return u, false
		}
	}
	_, err := hex.Decode(u[:], digits[:])
	return u, err == nil
}

// idIn is the first ID in a name that has one anywhere, such as that of a volume where the volume_name_template of
// Cinder is not the default.
func idIn(s string) (u uuid, ok bool) {
	for i := 0; i+lengthOfID <= len(s); i++ {
		if u, ok = parseUUID(s[i : i+lengthOfID]); ok {
			return u, true
		}
	}
	return uuid{}, false
}

// A form is what the name of an RBD image tells of whom the image belongs to.
type form uint8

const (
	ofNobody  form = iota // no form of OpenStack
	ofImage               // ID: Glance
	ofVolume              // volume-ID: Cinder
	ofDeleted             // volume-ID.deleted: Cinder, a deleted volume that clones need
	ofBackup              // volume-ID.backup.ID: Cinder
	ofBase                // volume-ID.backup.base: Cinder, the first backup and what builds upon it
	ofServer              // ID_disk, ID_disk.eph0, …: Nova
	ofHavana              // instance-00000001_disk: Nova, until Havana
	ofConvert             // ID_new: a disk on its way into Ceph, as the guide has it
)

// A name is the name of an RBD image, parsed.
type name struct {
	form   form
	id     uuid   // of the image, the volume or the server
	backup uuid   // of the backup
	rest   string // of ofServer and ofHavana: what comes behind the ID, such as _disk.config
}

// disks are the endings of the disks that Nova's driver keeps in RBD; a number may come behind eph.
func diskEnding(rest string) bool {
	kind, ok := strings.CutPrefix(rest, "_disk")
	if !ok {
		return false
	}
	kind = strings.TrimSuffix(kind, ".rescue")
	switch kind {
	case "", ".config", ".swap", ".local", ".rescue":
		return true
	}
	number, ok := strings.CutPrefix(kind, ".eph")
	return ok && strings.Trim(number, "0123456789") == ""
}

// parseName tells what the name of an RBD image is a form of.
func parseName(s string) name {
	if rest, ok := strings.CutPrefix(s, "volume-"); ok {
		return parseVolumeName(rest)
	}
	if rest, ok := strings.CutPrefix(s, "instance-"); ok && len(rest) > 8 && diskEnding(rest[8:]) &&
		strings.Trim(rest[:8], "0123456789abcdef") == "" {
		return name{form: ofHavana, rest: rest[8:]}
	}
	if len(s) < lengthOfID {
		return name{}
	}
	id, ok := parseUUID(s[:lengthOfID])
	rest := s[lengthOfID:]
	switch {
	case !ok:
		return name{}
	case rest == "":
		return name{form: ofImage, id: id}
	case diskEnding(rest):
		return name{form: ofServer, id: id, rest: rest}
	case rest == "_new":
		return name{form: ofConvert, id: id, rest: rest}
	}
	return name{}
}

func parseVolumeName(s string) name {
	if len(s) < lengthOfID {
		return name{}
	}
	id, ok := parseUUID(s[:lengthOfID])
	if !ok {
		return name{}
	}
	rest := s[lengthOfID:]
	switch rest {
	case "":
		return name{form: ofVolume, id: id}
	case ".deleted":
		return name{form: ofDeleted, id: id}
	case ".backup.base":
		return name{form: ofBase, id: id}
	}
	if of, ok := strings.CutPrefix(rest, ".backup."); ok {
		if backup, ok := parseUUID(of); ok {
			return name{form: ofBackup, id: id, backup: backup}
		}
	}
	return name{}
}
