package sshconfig

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// An expander puts values in the place of tokens.
type expander struct {
	home, local      string // folder and name of the user
	name, host, user string // name is what was asked for, and host is where it leads
	port             int
}

// hostName expands the value of HostName, which knows %h and %% alone.
func (e expander) hostName(value string) (string, error) {
	return expand(value, map[byte]string{'h': e.host})
}

// path expands the name of a file.
func (e expander) path(value string) (string, error) {
	path, err := variables(value)
	if err != nil {
		return "", err
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		path = filepath.Join(strings.ReplaceAll(e.home, "%", "%%"), rest)
	}
	local, _ := os.Hostname()
	short, _, _ := strings.Cut(local, ".")
	path, err = expand(path, map[byte]string{
		'd': e.home, 'u': e.local, 'h': e.host, 'n': e.name, 'r': cmp.Or(e.user, e.local), 'k': e.name,
		'p': strconv.Itoa(cmp.Or(e.port, 22)), 'i': strconv.Itoa(os.Getuid()), 'l': local, 'L': short,
	})
	if err == nil && !filepath.IsAbs(path) {
		path, err = filepath.Abs(path)
	}
	return path, err
}

// knownHosts are the files of a value. A file that is always empty knows no host, and is how people have ssh
// take every key.
func (e expander) knownHosts(words []string) ([]string, error) {
	var all []string
	for _, word := range words {
		if word == "" {
			return nil, errors.New("a name is empty")
		}
		path, err := e.path(word)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(word, "none") || filepath.Clean(path) == os.DevNull {
			return nil, fmt.Errorf("%s keeps no host keys, and host keys are always checked: give the Spec "+
				"ssh.known_hosts, or name a file here", word)
		}
		all = append(all, path)
	}
	return all, nil
}

// variables expands ${NAME} by the environment.
func variables(value string) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, "${")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, after, ok := strings.Cut(rest, "}")
		text, set := os.LookupEnv(name)
		if !ok || !set {
			return "", fmt.Errorf("the environment has no variable %s", name)
		}
		b.WriteString(text)
		value = after
	}
}

// expand puts values in the place of tokens such as %h.
func expand(value string, tokens map[byte]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] != '%' {
			b.WriteByte(value[i])
			continue
		}
		i++
		if i == len(value) {
			return "", errors.New("it ends with a single %")
		}
		text, ok := tokens[value[i]]
		switch {
		case value[i] == '%':
			text = "%"
		case !ok:
			return "", fmt.Errorf("the token %%%c is not supported", value[i])
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
