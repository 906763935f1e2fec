package spec

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
)

var (
	noAnchor = regexp.MustCompile(`(?s)^yaml: unknown anchor '(.*)' referenced$`)
	// quoted is what errors of the YAML library quote of a text.
	quoted = regexp.MustCompile("(?s)(cannot decode !!\\S+ )`.*` |(anchor )'.*' ")
)

// withoutValue is an error of the YAML library without what it quotes of the text: that may be a password, such as one
// that begins with *, which makes it an alias.
func withoutValue(err error, text []byte) error {
	said := err.Error()
	if m := noAnchor.FindStringSubmatch(said); m != nil {
		line := 1 + bytes.Count(text[:max(0, bytes.Index(text, []byte("*"+m[1])))], []byte("\n"))
		return fmt.Errorf("yaml: line %d: a text that begins with * is an alias, and this one has no anchor: a value "+
			"that begins with * needs quotes", line)
	}
	if without := quoted.ReplaceAllString(said, "${1}${2}"); without != said {
		return errors.New(without)
	}
	return err
}
