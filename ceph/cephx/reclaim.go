package cephx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

const reclaimOption = "auth_allow_insecure_global_id_reclaim"

// InsecureReclaim names the monitors of a cluster that let a client take the global ID of another client over without
// proof (CVE-2021-20288). Each monitor is asked for the value that it goes by: health checks may be muted or switched
// off, and the file or the command line of a monitor goes before the configuration of the cluster. Monitors before
// Octopus tell only what the cluster configures. Monitors that do not know the option have not been mended.
//
// Similar To: ceph tell mon.<name> config get auth_allow_insecure_global_id_reclaim
func (a *Auth) InsecureReclaim(ctx context.Context, release string) ([]string, error) {
	mons, err := a.mons(ctx)
	if err != nil || release != "" && release < "nautilus" {
		return mons, err
	}
	requests := make([]ceph.Request, len(mons))
	for i, name := range mons {
		if release != "" && release < "octopus" {
			requests[i] = command("config get", fields{"who": "mon." + name, "key": reclaimOption})
			continue
		}
		requests[i] = command("config get", fields{"var": reclaimOption})
		requests[i].Command.Mon = name
	}
	var insecure []string
	for i, answer := range a.cluster.Batch(ctx, requests...) {
		value, err := reclaims(answer)
		switch {
		case err != nil:
			return nil, fmt.Errorf("whether mon.%s lets a client take a global ID over cannot be told: %w", mons[i], err)
		case value:
			insecure = append(insecure, mons[i])
		}
	}
	return insecure, nil
}

// reclaims reads the value of the option: a JSON object from a monitor, and the bare value from the configuration.
func reclaims(answer ceph.Answer) (bool, error) {
	if errors.Is(answer.Err, ceph.ErrNotFound) {
		return true, nil // the monitor does not know the option
	} else if answer.Err != nil {
		return false, answer.Err
	}
	text := strings.TrimSpace(answer.Reply.Data.Reveal())
	var all map[string]string
	if json.Unmarshal([]byte(text), &all) == nil {
		text = all[reclaimOption]
	}
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("ceph config get: the answer is not the JSON expected")
}
