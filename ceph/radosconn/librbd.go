//go:build cgo

package radosconn

// #cgo LDFLAGS: -lrbd -lrados
// #include <stdlib.h>
// #include <rbd/librbd.h>
import "C"

import (
	"cmp"
	"slices"
	"strconv"
	"unsafe"

	"github.com/ceph/go-ceph/rados"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/words"
)

// These few calls go to librbd directly: go-ceph's rbd package compiles only
// with a build tag that names the installed release, and each program that
// imports this one would have to know it.

// rbdError is a negative errno of librbd.
type rbdError int

func (e rbdError) Error() string  { return "librbd: errno " + strconv.Itoa(-int(e)) }
func (e rbdError) ErrorCode() int { return int(e) }

func result(ret C.int) error {
	if ret < 0 {
		return rbdError(ret)
	}
	return nil
}

func initPool(ioctx *rados.IOContext) error {
	return result(C.rbd_pool_init(C.rados_ioctx_t(ioctx.Pointer()), false))
}

// grow calls fn with more and more room until the list fits.
func grow(fn func(room C.size_t) (C.int, C.size_t)) C.int {
	for room := C.size_t(64); ; {
		ret, need := fn(room)
		if ret != -erange {
			return ret
		}
		room = max(2*room, need)
	}
}

func imageNames(ioctx *rados.IOContext) (names []string, err error) {
	ret := grow(func(room C.size_t) (C.int, C.size_t) {
		list, n := make([]C.rbd_image_spec_t, room), room
		ret := C.rbd_list2(C.rados_ioctx_t(ioctx.Pointer()), &list[0], &n)
		if ret >= 0 {
			for _, s := range list[:n] {
				names = append(names, C.GoString(s.name))
			}
			C.rbd_image_spec_list_cleanup(&list[0], n)
		}
		return ret, n
	})
	return names, result(ret)
}

func trash(ioctx *rados.IOContext) (out []ceph.TrashEntry, err error) {
	ret := grow(func(room C.size_t) (C.int, C.size_t) {
		list, n := make([]C.rbd_trash_image_info_t, room), room
		ret := C.rbd_trash_list(C.rados_ioctx_t(ioctx.Pointer()), &list[0], &n)
		if ret >= 0 {
			for _, t := range list[:n] {
				out = append(out, ceph.TrashEntry{ID: C.GoString(t.id), Name: C.GoString(t.name)})
			}
			C.rbd_trash_list_cleanup(&list[0], n)
		}
		return ret, n
	})
	return out, result(ret)
}

// inspect describes an image; data is the pool that its data is in.
func inspect(ioctx *rados.IOContext, name string) (img ceph.Image, data int64, err error) {
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	var image C.rbd_image_t
	if err := result(C.rbd_open_read_only(C.rados_ioctx_t(ioctx.Pointer()), cName, &image, nil)); err != nil {
		return img, 0, err
	}
	defer C.rbd_close(image)
	var size, features C.uint64_t
	if err := result(C.rbd_get_size(image, &size)); err != nil {
		return img, 0, err
	}
	if err := result(C.rbd_get_features(image, &features)); err != nil {
		return img, 0, err
	}
	img.Size, img.Features = int64(size), words.Features(uint64(features))
	if img.Parent, err = parent(image); err != nil {
		return img, 0, err
	}
	img.Snapshots, err = snapshots(image)
	return img, int64(C.rbd_get_data_pool_id(image)), err
}

// watchers lists who has an image open for writing.
func watchers(ioctx *rados.IOContext, name string) (out map[int64]string, err error) {
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	var image C.rbd_image_t
	if err := result(C.rbd_open_read_only(C.rados_ioctx_t(ioctx.Pointer()), cName, &image, nil)); err != nil {
		return nil, err
	}
	defer C.rbd_close(image)
	out = map[int64]string{}
	ret := grow(func(room C.size_t) (C.int, C.size_t) {
		list, n := make([]C.rbd_image_watcher_t, room), room
		ret := C.rbd_watchers_list(image, &list[0], &n)
		if ret >= 0 {
			for _, w := range list[:n] {
				out[int64(w.id)] = C.GoString(w.addr)
			}
			C.rbd_watchers_list_cleanup(&list[0], n)
		}
		return ret, n
	})
	return out, result(ret)
}

func parent(image C.rbd_image_t) (*ceph.Parent, error) {
	var from C.rbd_linked_image_spec_t
	var snap C.rbd_snap_spec_t
	switch ret := C.rbd_get_parent(image, &from, &snap); {
	case ret == -enoent:
		return nil, nil
	case ret < 0:
		return nil, rbdError(ret)
	}
	defer C.rbd_linked_image_spec_cleanup(&from)
	defer C.rbd_snap_spec_cleanup(&snap)
	return &ceph.Parent{Pool: C.GoString(from.pool_name), Image: C.GoString(from.image_name),
		Snapshot: C.GoString(snap.name)}, nil
}

// snapshots lists what users took, without the snapshots of groups, mirrors
// and trash.
func snapshots(image C.rbd_image_t) (out []ceph.Snapshot, err error) {
	list, err := snapInfos(image)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	defer C.rbd_snap_list_end(&list[0])
	// The list ends with an entry without a name.
	users := slices.SortedFunc(slices.Values(list[:len(list)-1]),
		func(a, b C.rbd_snap_info_t) int { return cmp.Compare(a.id, b.id) })
	for _, s := range users {
		var space C.rbd_snap_namespace_type_t
		if err := result(C.rbd_snap_get_namespace_type(image, s.id, &space)); err != nil {
			return nil, err
		}
		if space != C.RBD_SNAP_NAMESPACE_TYPE_USER {
			continue
		}
		var protected C.int
		if err := result(C.rbd_snap_is_protected(image, s.name, &protected)); err != nil {
			return nil, err
		}
		out = append(out, ceph.Snapshot{Name: C.GoString(s.name), Size: int64(s.size), Protected: protected != 0})
	}
	return out, nil
}

// snapInfos gives librbd's list with its end mark; nothing when it is empty.
func snapInfos(image C.rbd_image_t) (list []C.rbd_snap_info_t, err error) {
	ret := grow(func(room C.size_t) (C.int, C.size_t) {
		n := C.int(room)
		list = make([]C.rbd_snap_info_t, room)
		ret := C.rbd_snap_list(image, &list[0], &n)
		return ret, C.size_t(max(n, 0))
	})
	if ret <= 0 {
		return nil, result(ret)
	}
	return list[:ret+1], nil
}
