//go:build linux && amd64

package main

import (
	"errors"
	"os"
	"slices"
	"strings"
)

// blind leaks a secret of each kind, and gives those leaks that the search does not see. It is the last of a stage.
func (s *secretStage) blind() (missed []string, err error) {
	const leaky = `cat /etc/ceph/*.keyring > /tmp/leaked; chmod 0644 /tmp/leaked; /bin/true "$(cat /tmp/leaked)"
exec "$0.was" "$@"
`
	seen, err := s.run(withScript("a leak on the host", "/usr/bin/systemctl", leaky, flags("plan")))
	if err != nil {
		return nil, err
	}
	c, err := s.start("/bin/sh", "-c", "cat ops_key keeper.password deploy.password clouds.yaml; cp clouds.yaml tmp")
	if err != nil {
		return nil, err
	}
	_, err = c.wait()
	token := s.front.tokensSoFar()
	if len(token) == 0 {
		return nil, errors.Join(err, errors.New("nobody has a token"))
	}
	err = errors.Join(err, os.WriteFile(s.operator("token"), []byte(token[0]), 0o600), s.look("a leak", c))
	seen = append(seen, s.take()...)
	for _, leak := range []string{
		"a leak on the host: processes has the key of", "host:/tmp/leaked has the key of",
		"a leak on the host: a file was open to more than it may be: /tmp/leaked",
		"a leak: standard output has the private key of", "a leak: standard output has the sudo password of",
		"a leak: standard output has the entry password of", "a leak: standard output has the cloud password of",
		"operator:/tmp/clouds.yaml has the cloud password of", "operator:/token has the token of",
	} {
		if !slices.ContainsFunc(seen, func(hit string) bool { return strings.HasPrefix(hit, leak) }) {
			missed = append(missed, leak)
		}
	}
	return missed, err
}
