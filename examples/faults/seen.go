//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A picture is what a cloud in memory holds, by the ID of the change that is about it. Keys show as the names of
// their users, so that pictures of two clouds can be compared.
type picture map[string]string

// pictureOf looks into the fakes for what some changes are about.
func pictureOf(w *integratetest.World, changes []integrate.Change) (picture, error) {
	users, err := usersOf(w.Ceph["ceph"])
	if err != nil {
		return nil, err
	}
	var named []string
	for _, u := range users {
		named = append(named, u.Key, "the key of "+u.Entity)
	}
	names := strings.NewReplacer(named...)
	all := picture{}
	for _, c := range changes {
		text, err := objectOf(w, users, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.ID, err)
		}
		all[c.ID] = names.Replace(text)
	}
	return all, nil
}

// objectOf is what a change is about, as the fakes hold it.
func objectOf(w *integratetest.World, users map[string]cephUser, c integrate.Change) (string, error) {
	host := w.Machines[c.Target]
	switch c.Kind {
	case "pool":
		return poolOf(w.Ceph[c.Target], c.Name)
	case "user":
		u, ok := users[c.Name]
		if !ok {
			return "", nil
		}
		return fmt.Sprintf("%s %v", u.Key, u.Caps), nil
	case "file", "settings", "directory":
		return fileOf(host, c.Name), nil
	case "packages":
		r := host.Look(remote.Packages{Names: strings.Fields(c.Name)})
		return fmt.Sprint(r.Versions), r.Err
	case "secret":
		return w.Libvirt[c.Target].Held(c.Name).Reveal(), nil
	case "unit":
		return fmt.Sprint(restartsOf(host, c.Name)), nil
	case "volume-type":
		return typesOf(w.API.URL)
	}
	return "", errors.New("nobody here knows how to look at this kind")
}

func fileOf(h *remotetest.Host, path string) string {
	data, ok := h.Contents(path)
	if !ok {
		return ""
	}
	f := h.Look(remote.Stat{Path: path}).File
	return fmt.Sprintf("%v %s:%s %s", f.Mode, f.Owner, f.Group, data)
}

// restartsOf counts how often a unit was told to restart.
func restartsOf(h *remotetest.Host, unit string) (n int) {
	for _, op := range h.Log() {
		if r, ok := op.(remote.RestartUnit); ok && r.Unit == unit {
			n++
		}
	}
	return n
}

type cephUser struct {
	Entity, Key string
	Caps        map[string]string
}

// usersOf lists the users of a cluster.
func usersOf(c *cephtest.Cluster) (map[string]cephUser, error) {
	var list struct {
		Dump []cephUser `json:"auth_dump"`
	}
	if err := askCeph(c, `{"prefix":"auth ls","format":"json"}`, &list); err != nil {
		return nil, err
	}
	all := map[string]cephUser{}
	for _, u := range list.Dump {
		all[u.Entity] = u
	}
	return all, nil
}

// poolOf is a pool with what a Spec may ask of it; empty if there is no such pool.
func poolOf(c *cephtest.Cluster, name string) (string, error) {
	var list []struct {
		Name    string         `json:"pool_name"`
		Size    int            `json:"size"`
		PGs     int            `json:"pg_num"`
		Mode    string         `json:"pg_autoscale_mode"`
		Profile string         `json:"erasure_code_profile"`
		Apps    map[string]any `json:"application_metadata"`
		Options map[string]any `json:"options"`
	}
	if err := askCeph(c, `{"prefix":"osd pool ls","detail":"detail","format":"json"}`, &list); err != nil {
		return "", err
	}
	for _, p := range list {
		if p.Name == name {
			return fmt.Sprintf("%+v", p), nil
		}
	}
	return "", nil
}

func askCeph(c *cephtest.Cluster, command string, into any) error {
	reply, err := c.Command(context.Background(), ceph.Command{JSON: []byte(command)})
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(reply.Data.Reveal()), into)
}

// typesOf lists the volume types of a cloud, over plain HTTP.
func typesOf(identity string) (string, error) {
	const login = `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin",` +
		`"domain":{"id":"default"},"password":"fake-password"}}},` +
		`"scope":{"project":{"name":"admin","domain":{"id":"default"}}}}}`
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(identity+"/v3/auth/tokens", "application/json", strings.NewReader(login))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ URL, Interface string }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("login: %s: %w", resp.Status, err)
	}
	for _, s := range answer.Token.Catalog {
		if s.Type == "volumev3" {
			return getText(client, s.Endpoints[0].URL+"/types?is_public=None", resp.Header.Get("X-Subject-Token"))
		}
	}
	return "", errors.New("the catalog has no volumev3")
}

func getText(client *http.Client, url, token string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("X-Auth-Token", token)
	resp, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var list struct {
		Types []struct {
			Name  string            `json:"name"`
			Specs map[string]string `json:"extra_specs"`
		} `json:"volume_types"`
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return "", err
	}
	if err := json.Unmarshal(body.Bytes(), &list); err != nil || resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("volume types: %s: %s", resp.Status, body.Bytes())
	}
	var all []string
	for _, t := range list.Types {
		all = append(all, fmt.Sprint(t.Name, t.Specs))
	}
	slices.Sort(all)
	return strings.Join(all, "\n"), nil
}
