package cephcli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/remote"
)

const (
	listOp = "rbd ls"
	initOp = "rbd pool init"

	trashOp = "rbd trash ls"

	statusOp = "rbd status"

	eperm = 1
)

func (c programs) rbd(args ...string) remote.Run {
	return c.program(cmp.Or(c.options.RBD, "rbd"), args...)
}

// InitPool implements ceph.Images.
//
// Similar To: rbd pool init <pool>
func (c programs) InitPool(ctx context.Context, pool string) error {
	results, err := c.do(ctx, initOp, pool, c.rbd("pool", "init", "--pool", pool))
	if err == nil && strings.Contains(string(results[0].Stderr), "different application") {
		err = &ceph.CommandError{Op: initOp, Object: pool, Code: eperm,
			Status: "pool already registered to a different application"}
	}
	return err
}

// List implements ceph.Images.
//
// Similar To: rbd ls <pool>
func (c programs) List(ctx context.Context, pool string) ([]string, error) {
	results, err := c.do(ctx, listOp, pool, c.rbd("ls", "--pool", pool, "--format", "json"))
	if err != nil {
		return nil, err
	}
	return imageNames(results[0].Data)
}

// imageNames reads the JSON that rbd ls writes.
func imageNames(data []byte) ([]string, error) {
	var names []string
	err := decode(listOp, data, &names)
	slices.Sort(names)
	return names, err
}

// Inspect implements ceph.Images, with one exchange.
//
// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
func (c programs) Inspect(ctx context.Context, pool, name string) (ceph.Image, error) {
	const op = "rbd info"
	results, err := c.do(ctx, op, pool+"/"+name,
		c.rbd("info", "--pool", pool, "--image", name, "--format", "json"),
		c.rbd("snap", "ls", "--pool", pool, "--image", name, "--format", "json"))
	if err != nil {
		return ceph.Image{}, err
	}
	var info struct {
		Size     int64        `json:"size"`
		Features []string     `json:"features"`
		DataPool string       `json:"data_pool"`
		Parent   *ceph.Parent `json:"parent"` // pool, image, snapshot, whatever the case
	}
	var snaps []snapshot
	if err := cmp.Or(decode(op, results[0].Data, &info), decode("rbd snap ls", results[1].Data, &snaps)); err != nil {
		return ceph.Image{}, err
	}
	img := ceph.Image{Pool: pool, Name: name, Size: info.Size, Features: info.Features, DataPool: info.DataPool,
		Parent: info.Parent}
	slices.SortFunc(snaps, func(a, b snapshot) int { return cmp.Compare(a.ID, b.ID) })
	for _, s := range snaps {
		img.Snapshots = append(img.Snapshots, ceph.Snapshot{Name: s.Name, Size: s.Size,
			Protected: fmt.Sprint(s.Protected) == "true"})
	}
	return img, nil
}

// A snapshot is an entry of rbd snap ls.
type snapshot struct {
	ID        uint64 `json:"id"`
	Name      string `json:"name"`
	Size      int64  `json:"size"`
	Protected any    `json:"protected"` // "true", or true
}

// Trash implements ceph.Images.
//
// Similar To: rbd trash ls --all <pool>
func (c programs) Trash(ctx context.Context, pool string) ([]ceph.TrashEntry, error) {
	results, err := c.do(ctx, trashOp, pool, c.rbd("trash", "ls", "--pool", pool, "--all", "--format", "json"))
	if err != nil {
		return nil, err
	}
	return trashEntries(results[0].Data)
}

// trashEntries reads the JSON that rbd trash ls writes.
func trashEntries(data []byte) ([]ceph.TrashEntry, error) {
	var list []ceph.TrashEntry // id and name, whatever the case
	err := decode(trashOp, data, &list)
	return list, err
}

// Watchers implements ceph.Images.
//
// Similar To: rbd status <pool>/<name>
func (c programs) Watchers(ctx context.Context, pool, name string) (map[int64]string, error) {
	results, err := c.do(ctx, statusOp, pool+"/"+name,
		c.rbd("status", "--pool", pool, "--image", name, "--format", "json"))
	if err != nil {
		return nil, err
	}
	return watchers(results[0].Data)
}

// watchers reads the JSON that rbd status writes.
func watchers(data []byte) (map[int64]string, error) {
	var status struct {
		Watchers *[]struct {
			Client  int64  `json:"client"`
			Address string `json:"address"`
		} `json:"watchers"`
	}
	if err := decode(statusOp, data, &status); err != nil {
		return nil, err
	}
	if status.Watchers == nil {
		return nil, fmt.Errorf("ceph %s: the answer is not the JSON expected", statusOp)
	}
	list := map[int64]string{}
	for _, w := range *status.Watchers {
		list[w.Client] = w.Address
	}
	return list, nil
}

func decode(op string, data []byte, into any) error {
	if string(bytes.TrimSpace(data)) == "null" || json.Unmarshal(data, into) != nil {
		return fmt.Errorf("ceph %s: the answer is not the JSON expected", op)
	}
	return nil
}
