package cephcli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/cephstack/cephstack/ceph"
)

const einval = 22

// positional are the fields of the mon commands that the ceph program takes
// by their place, in its order; all other fields are options.
func positional() map[string][]string {
	return map[string][]string{
		"status": {}, "health": {"detail"}, "mon dump": {}, "versions": {}, "version": {}, "osd dump": {}, "fsid": {},
		"config generate-minimal-conf": {}, "config get": {"who", "key", "var"},
		"auth get": {"entity"}, "auth ls": {}, "auth rm": {"entity"}, "auth import": {},
		"auth get-or-create": {"entity", "caps"}, "auth caps": {"entity", "caps"},
		"auth get-or-create-pending": {"entity"}, "auth commit-pending": {"entity"}, "auth clear-pending": {"entity"},
		"auth rotate": {"entity"}, "mon set": {"name", "value"}, "sessions": {},
		"osd blocklist":                {"blocklistop", "addr", "expire"},
		"osd erasure-code-profile get": {"name"}, "osd erasure-code-profile set": {"name", "profile"},
		"osd crush dump": {}, "osd crush rule dump": {}, "osd pool ls": {"detail"},
		"osd pool create": {"pool"}, "osd pool set": {"pool", "var", "val"},
		"osd pool set-quota": {"pool", "field", "val"}, "osd pool get-quota": {"pool"},
		"osd pool application enable": {"pool", "app"}, "osd pool application get": {"pool"},
	}
}

// arguments turns a command into arguments of the ceph program.
func arguments(cmd ceph.Command) (prefix string, args []string, err error) {
	prefix, args, err = commandArguments(cmd.JSON)
	if err != nil || cmd.Mon == "" {
		return prefix, args, err
	}
	if strings.ContainsAny(cmd.Mon, "*/ ") || strings.ContainsFunc(cmd.Mon, unicode.IsControl) {
		return prefix, nil, refuse(prefix, "the name of the monitor cannot be an argument")
	}
	return prefix, append([]string{"tell", "mon." + cmd.Mon}, args...), nil
}

func commandArguments(text []byte) (prefix string, args []string, err error) {
	var fields map[string]any
	if json.Unmarshal(text, &fields) != nil {
		return "", nil, refuse("", "the command is not a JSON object")
	}
	prefix, _ = fields["prefix"].(string)
	places, ok := positional()[prefix]
	if !ok {
		return prefix, nil, refuse(prefix, "command not known to cephcli")
	}
	if f, ok := fields["format"]; ok && f != "json" {
		return prefix, nil, refuse(prefix, "only the format json is known to cephcli")
	}
	if _, number := fields["pg_num"].(float64); number {
		places = append(slices.Clone(places), "pg_num") // ceph programs before Luminous take it only by its place
	}
	args = strings.Fields(prefix)
	for _, name := range places {
		value, ok := fields[name]
		if !ok {
			continue
		}
		words, err := fieldWords(prefix, name, value)
		if err != nil {
			return prefix, nil, err
		}
		args = append(args, words...)
	}
	for _, name := range sortedKeys(fields) {
		if name == "prefix" || name == "format" || slices.Contains(places, name) {
			continue
		}
		if fields[name] == true {
			args = append(args, "--"+strings.ReplaceAll(name, "_", "-"))
			continue
		}
		words, err := fieldWords(prefix, name, fields[name])
		if err != nil {
			return prefix, nil, err
		}
		args = append(args, "--"+name+"="+strings.Join(words, " "))
	}
	return prefix, args, nil
}

// fieldWords are a field's arguments. What begins with a dash would be an option,
// and what is empty would be somebody else's place.
func fieldWords(prefix, name string, value any) ([]string, error) {
	var list []string
	switch v := value.(type) {
	case string:
		list = []string{v}
	case float64:
		list = []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, refuse(prefix, "bad or missing field '"+name+"'")
			}
			list = append(list, s)
		}
	default:
		return nil, refuse(prefix, "bad or missing field '"+name+"'")
	}
	for _, s := range list {
		if s == "" || strings.HasPrefix(s, "-") {
			return nil, refuse(prefix, fmt.Sprintf("field '%s' cannot be an argument: empty, or begins with a dash", name))
		}
	}
	return list, nil
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func refuse(op, status string) error {
	return &ceph.CommandError{Op: op, Code: einval, Status: status}
}
