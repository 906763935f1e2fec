// Package ciphers reads what the map of the monitors says of the types of CephX keys.
package ciphers

import (
	"encoding/json"
	"errors"
)

// Ciphers are the types of keys that a cluster takes.
type Ciphers struct {
	Allowed   []string // of keys that may log in
	Preferred string   // of new keys
	Service   string   // of the tickets that clients get
	Choice    bool     // false: the release knows aes only
}

// Aes is the type of all keys before Ceph 19.2.6 and 20.2.4.
const Aes = "aes"

// Parse reads the answer to the command mon dump. A cluster whose map says nothing knows aes only.
func Parse(monDump []byte) (Ciphers, error) {
	type cipher struct {
		Name string `json:"name"`
	}
	var dump struct {
		FSID      string    `json:"fsid"`
		Allowed   *[]cipher `json:"auth_allowed_ciphers"`
		Preferred cipher    `json:"auth_preferred_cipher"`
		Service   cipher    `json:"auth_service_cipher"`
	}
	if json.Unmarshal(monDump, &dump) != nil || dump.FSID == "" {
		return Ciphers{}, errors.New("ceph mon dump: the answer is not the JSON expected")
	}
	if dump.Allowed == nil {
		return Ciphers{Allowed: []string{Aes}, Preferred: Aes, Service: Aes}, nil
	}
	c := Ciphers{Preferred: dump.Preferred.Name, Service: dump.Service.Name, Choice: true}
	for _, a := range *dump.Allowed {
		c.Allowed = append(c.Allowed, a.Name)
	}
	if c.Preferred == "" {
		return Ciphers{}, errors.New("ceph mon dump: no cipher is preferred")
	}
	return c, nil
}
