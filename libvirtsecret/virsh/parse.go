package virsh

import (
	"errors"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/libvirtsecret"
)

var errOutput = errors.New("unexpected output of virsh")

// parse reads what readScript prints, and sorts by UUID.
func parse(out string) ([]libvirtsecret.Secret, error) {
	if out == "" {
		return nil, nil
	}
	body, now, ok := strings.Cut(out, markEnd)
	before, body, found := strings.Cut(body, markSecret)
	if !ok || !found || strings.TrimSpace(before) != "" {
		return nil, errOutput
	}
	var all []libvirtsecret.Secret
	for frame := range strings.SplitSeq(body, markSecret) {
		s, err := parseSecret(frame, now)
		if errors.Is(err, libvirtsecret.ErrUsageType) || errors.Is(err, libvirtsecret.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b libvirtsecret.Secret) int { return strings.Compare(a.UUID, b.UUID) })
	return slices.CompactFunc(all, func(a, b libvirtsecret.Secret) bool { return a.UUID == b.UUID }), nil
}

// parseSecret reads one secret. A secret without XML went away if the daemon's
// list, as it is now, lacks the UUID.
func parseSecret(frame, now string) (libvirtsecret.Secret, error) {
	head, value, ok := strings.Cut(frame, markValue)
	const size = len("00000000-0000-0000-0000-000000000000")
	if !ok || len(head) < size {
		return libvirtsecret.Secret{}, errOutput
	}
	uuid, xml := head[:size], strings.TrimSpace(head[size:])
	if xml == "" {
		if strings.Contains(now, uuid) {
			return libvirtsecret.Secret{}, errors.New("secret " + uuid + " cannot be read")
		}
		return libvirtsecret.Secret{}, libvirtsecret.ErrNotFound
	}
	s, err := libvirtsecret.ParseXML([]byte(xml))
	if err != nil {
		return libvirtsecret.Secret{}, err
	}
	if strings.TrimSpace(value) != "" {
		s.Value, err = libvirtsecret.ParseValue(value)
	}
	return s, err
}
