package cephtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// A call is a command with its arguments, checked.
type call struct {
	prefix string
	mon    string // the monitor that has to answer
	args   map[string]any
	input  []byte
}

func (a call) str(name string) string { s, _ := a.args[name].(string); return s }
func (a call) int(name string) int    { n, _ := a.args[name].(float64); return int(n) }

func (a call) refuse(code int, format string, args ...any) error {
	return refuse(a.prefix, "", code, fmt.Sprintf(format, args...))
}

// A handler answers a command: data to be turned into JSON (or bytes as they
// are), and a status line.
type handler func(c *Cluster, a call) (data any, status string, err error)

// A command is what the fake knows of a mon command. Fields are name:type,
// type being string, int, bool or list; a star marks a field that must be.
type command struct {
	write  bool
	fields string
	run    handler
}

func commands() map[string]command {
	return map[string]command{
		"status":                       {false, "", (*Cluster).status},
		"health":                       {false, "detail:string", (*Cluster).health},
		"mon dump":                     {false, "", (*Cluster).monDump},
		"versions":                     {false, "", (*Cluster).versions},
		"version":                      {false, "", (*Cluster).version},
		"osd dump":                     {false, "", (*Cluster).osdDump},
		"fsid":                         {false, "", (*Cluster).fsid},
		"config generate-minimal-conf": {false, "", (*Cluster).minimalConf},
		"config get":                   {false, "who:string key:string var:string", (*Cluster).configGet},
		"auth get":                     {false, "entity:string*", (*Cluster).authGet},
		"auth ls":                      {false, "", (*Cluster).authList},
		"auth get-or-create":           {true, "entity:string* caps:list key_type:string", (*Cluster).authCreate},
		"auth rotate":                  {true, "entity:string* key_type:string", (*Cluster).authRotate},
		"auth get-or-create-pending":   {true, "entity:string*", (*Cluster).authPending},
		"auth commit-pending":          {true, "entity:string*", (*Cluster).authCommit},
		"auth clear-pending":           {true, "entity:string*", (*Cluster).authClear},
		"mon set":                      {true, "name:string* value:string*", (*Cluster).monSet},
		"sessions":                     {false, "", (*Cluster).sessions},
		"osd blocklist":                {true, "blocklistop:string* addr:string* expire:float", (*Cluster).blocklist},
		"auth caps":                    {true, "entity:string* caps:list*", (*Cluster).authCaps},
		"auth rm":                      {true, "entity:string*", (*Cluster).authRemove},
		"auth import":                  {true, "", (*Cluster).authImport},
		"osd crush dump":               {false, "", (*Cluster).crushDump},
		"osd crush rule dump":          {false, "", (*Cluster).crushRules},
		"osd erasure-code-profile get": {false, "name:string*", (*Cluster).profileGet},
		"osd erasure-code-profile set": {true, "name:string* profile:list", (*Cluster).profileSet},
		"osd pool ls":                  {false, "detail:string", (*Cluster).poolList},
		"osd pool get-quota":           {false, "pool:string*", (*Cluster).poolQuota},
		"osd pool application get":     {false, "pool:string*", (*Cluster).poolApps},
		"osd pool application enable":  {true, "pool:string* app:string* yes_i_really_mean_it:bool", (*Cluster).poolEnable},
		"osd pool create": {true, "pool:string* pg_num:int pgp_num:int pool_type:string erasure_code_profile:string " +
			"rule:string " +
			"size:int autoscale_mode:string", (*Cluster).poolCreate},
		"osd pool set":       {true, "pool:string* var:string* val:string* yes_i_really_mean_it:bool", (*Cluster).poolSet},
		"osd pool set-quota": {true, "pool:string* field:string* val:string*", (*Cluster).poolSetQuota},
	}
}

// Command implements ceph.Commander with the semantics of a monitor, with one
// difference: a field that the command does not have is refused, where a
// monitor passes over it.
func (c *Cluster) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	if err := ctx.Err(); err != nil {
		return ceph.Reply{}, err
	}
	a, known, err := parse(cmd)
	if err != nil {
		return ceph.Reply{}, err
	}
	if c.lacks(a.prefix) {
		return ceph.Reply{}, a.refuse(einval, "command not known")
	}
	var reply ceph.Reply
	op := Op{Name: a.prefix, Object: a.str("pool") + a.str("entity") + a.str("name"), Write: known.write}
	err = c.do(op, func() error {
		if err := c.told(a); err != nil {
			return err
		}
		data, status, err := known.run(c, a)
		if err != nil {
			return err
		}
		reply = ceph.Reply{Data: cephstack.Redact(encode(data)), Status: status}
		return nil
	})
	if err != nil {
		return ceph.Reply{}, err
	}
	return reply, nil
}

// lacks reports whether the cluster's release is older than a command, or than
// what the rbd program asks of it.
func (c *Cluster) lacks(op string) bool {
	first := map[string]string{
		"osd pool ls": "hammer", "versions": "luminous", "osd pool application get": "luminous",
		"osd pool application enable": "luminous",
		"auth rotate":                 "tentacle", "auth get-or-create-pending": "quincy", "auth commit-pending": "quincy",
		"auth clear-pending": "quincy", "mon set": "tentacle", "sessions": "octopus", "osd blocklist": "pacific",
		"rbd pool init": "luminous", "rbd trash ls": "luminous", "config generate-minimal-conf": "nautilus",
		"config get": "mimic",
	}[op]
	return c.Release < first
}

func parse(cmd ceph.Command) (call, command, error) {
	a := call{input: []byte(cmd.Input.Reveal()), mon: cmd.Mon}
	if json.Unmarshal(cmd.JSON, &a.args) != nil {
		return a, command{}, a.refuse(einval, "command not known")
	}
	a.prefix = a.str("prefix")
	known, ok := commands()[a.prefix]
	if !ok {
		return a, known, a.refuse(einval, "command not known")
	}
	if a.str("format") != "json" {
		return a, known, a.refuse(einval, "bad or missing field 'format' (the fake answers in json only)")
	}
	types := map[string]string{"prefix": "string", "format": "string"}
	for f := range strings.FieldsSeq(known.fields) {
		name, kind, _ := strings.Cut(f, ":")
		kind, required := strings.CutSuffix(kind, "*")
		types[name] = kind
		if _, ok := a.args[name]; required && !ok {
			return a, known, a.refuse(einval, "bad or missing field '%s'", name)
		}
	}
	for name, value := range a.args {
		kind, ok := types[name]
		if !ok {
			return a, known, a.refuse(einval, "unknown field '%s'", name)
		}
		if !fits(value, kind) || kind == "float" && !pointed(cmd.JSON, name) {
			return a, known, a.refuse(einval, "bad or missing field '%s'", name)
		}
	}
	return a, known, nil
}

// pointed reports whether a number of a command has a point, without which a monitor takes it for another type.
func pointed(text []byte, name string) bool {
	var raw map[string]json.RawMessage
	return json.Unmarshal(text, &raw) == nil && bytes.ContainsRune(raw[name], '.')
}

func fits(value any, kind string) bool {
	switch v := value.(type) {
	case string:
		return kind == "string"
	case float64:
		return kind == "float" || kind == "int" && v == float64(int64(v))
	case bool:
		return kind == "bool"
	case []any:
		return kind == "list" && !slices.ContainsFunc(v, func(e any) bool { _, ok := e.(string); return !ok })
	}
	return false
}

func encode(data any) []byte {
	if b, ok := data.([]byte); ok {
		return b
	}
	if data == nil {
		return nil
	}
	b, _ := json.Marshal(data)
	return b
}

type object = map[string]any

func (c *Cluster) monDump(call) (any, string, error) {
	var mons []object
	for i, host := range c.MonHosts {
		var addrs []object
		if c.Release < "nautilus" { // which is the first with several
			v1 := host[strings.LastIndex(host, "v1:")+len("v1:"):]
			mons = append(mons, object{"rank": i, "name": string(rune('a' + i)), "addr": strings.TrimSuffix(v1, "]")})
			continue
		}
		for a := range strings.SplitSeq(strings.Trim(host, "[]"), ",") {
			kind, addr, _ := strings.Cut(strings.TrimSuffix(a, "/0"), ":")
			addrs = append(addrs, object{"type": kind, "addr": addr, "nonce": 0})
		}
		mons = append(mons, object{"rank": i, "name": string(rune('a' + i)), "public_addrs": object{"addrvec": addrs}})
	}
	dump := object{"epoch": 1, "fsid": c.FSID, "min_mon_release_name": c.Release, "mons": mons}
	c.cephx.dump(dump)
	return dump, "dumped monmap epoch 1", nil
}

func (c *Cluster) versions(call) (any, string, error) {
	text := fmt.Sprintf("ceph version %s (%040d) %s (stable)", c.Version, 0, c.Release)
	n := object{text: len(c.MonHosts) + c.OSDsUp}
	return object{"mon": object{text: len(c.MonHosts)}, "osd": object{text: c.OSDsUp}, "overall": n}, "", nil
}

func (c *Cluster) version(call) (any, string, error) {
	text := fmt.Sprintf("ceph version %s (%040d)", c.Version, 0)
	if c.Release >= "luminous" {
		text += " " + c.Release + " (stable)"
	}
	return object{"version": text}, "", nil
}

func (c *Cluster) fsid(call) (any, string, error) { return object{"fsid": c.FSID}, "", nil }

func (c *Cluster) minimalConf(call) (any, string, error) {
	return fmt.Appendf(nil, "# minimal ceph.conf for %s\n[global]\n\tfsid = %s\n\tmon_host = %s\n",
		c.FSID, c.FSID, strings.Join(c.MonHosts, " ")), "", nil
}
