package connect

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// maxCephFile is how many bytes a ceph.conf or a keyring may have.
const maxCephFile = 16 << 20

// keyringOf is the path of the keyring with the key of a user, such as client.admin. It is found as
// librados finds it: the first file that can be opened, of those that the option keyring
// in the ceph.conf lists. It is empty where no file can be opened and the ceph.conf has
// the key itself.
func keyringOf(conf, cluster, entity string) (string, error) {
	data, _, err := cephstack.ReadFile(conf, maxCephFile)
	if err != nil {
		return "", err
	}
	parsed, err := ceph.ParseConf(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", conf, err)
	}
	list, ok := optionOf(parsed, entity, "keyring")
	if !ok {
		list = defaultKeyrings(filepath.Dir(conf))
	}
	_, id, _ := strings.Cut(entity, ".")
	names := strings.NewReplacer("$cluster", cluster, "$name", entity, "$type", "client", "$id", id)
	keyring, err := firstToOpen(names.Replace(list))
	if err == nil {
		return keyring, nil
	}
	for _, option := range []string{"key", "keyfile"} {
		if _, ok := optionOf(parsed, entity, option); ok {
			return "", nil
		}
	}
	return "", fmt.Errorf("no keyring with the key of %s can be opened; put it there, or name it in %s: %w", entity,
		conf, err)
}

// optionOf is the value of an option for a user.
func optionOf(conf *ceph.Conf, entity, option string) (string, bool) {
	for _, section := range []string{entity, "client", "global"} {
		if value, ok := conf.Lookup(section, option); ok {
			return value, true
		}
	}
	return "", false
}

// defaultKeyrings is Ceph's default value of the option keyring, with the files in dir.
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
		f, err := cephstack.OpenFile(path)
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

// keyType is the type of a user's key in a keyring; empty if it cannot be told.
func keyType(keyring, entity string) string {
	data, _, err := cephstack.ReadFile(keyring, maxCephFile)
	if err != nil {
		return ""
	}
	ring, err := ceph.ParseKeyring(data)
	if err != nil {
		return ""
	}
	user, _ := ring.Lookup(entity)
	return user.Key.Type()
}
