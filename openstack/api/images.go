package api

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// An ImageRequest asks for an image.
type ImageRequest struct {
	Name       string
	DiskFormat string // such as raw
	// Description is a property of the image, if it is not empty.
	Description string
	// Store is the store that is to hold the image, where Glance has several. When
	// it is empty, Glance takes its default store.
	Store string
}

// UploadImage creates an image, uploads data and waits until the image is active.
// The data are read from their current position to their end. It is an error when
// the digest that Glance computed is not that of the data, or when the image is not
// in the store that was asked for. An image that could not be filled is returned
// with the error, so that the caller can delete it.
//
// Similar To: openstack image create --disk-format raw --file …; glance image-upload --store …
func (c *Cloud) UploadImage(ctx context.Context, r ImageRequest, data io.ReadSeeker) (Image, error) {
	const op = "upload image"
	var made imageJSON
	in := map[string]any{"name": r.Name, "disk_format": r.DiskFormat, "container_format": "bare"}
	if r.Description != "" {
		in["description"] = r.Description
	}
	_, err := c.do(ctx, call{op: op, object: r.Name, method: http.MethodPost, service: c.image, path: []string{"images"},
		out: &made, id: &made.ID,
		in: in})
	if err != nil {
		return made.image(), err
	}
	digest, err := c.fill(ctx, made.ID, r.Store, data)
	if err != nil {
		return made.image(), err
	}
	out, err := c.activeImage(ctx, op, made.ID)
	if err == nil && out.SHA512 != "" && out.SHA512 != digest {
		err = c.failed(op, made.ID, "the digest that Glance computed is not that of the data")
	}
	if err == nil && r.Store != "" && !slices.Contains(out.Stores, r.Store) {
		err = c.failed(op, made.ID, fmt.Sprintf("it is in %q, not in store %s", strings.Join(out.Stores, ","), r.Store))
	}
	if out.ID == "" {
		out = made.image()
	}
	return out, err
}

// fill uploads data into a store and gives the SHA-512 of the data.
func (c *Cloud) fill(ctx context.Context, id, store string, data io.ReadSeeker) (string, error) {
	const op = "upload image"
	start, err := data.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", fmt.Errorf("openstack API: %s %s: %w", op, id, err)
	}
	end, err := data.Seek(0, io.SeekEnd)
	if err != nil {
		return "", fmt.Errorf("openstack API: %s %s: %w", op, id, err)
	}
	sum := sha512.New()
	moving, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := newStall(stallTimes*c.timeout, cancel)
	defer idle.timer.Stop()
	body := &upload{Reader: idle.of(io.TeeReader(data, sum)), size: end - start, rewind: func() error {
		sum.Reset()
		_, err := data.Seek(start, io.SeekStart)
		return err
	}}
	if err := body.rewind(); err != nil {
		return "", fmt.Errorf("openstack API: %s %s: %w", op, id, err)
	}
	k := call{op: op, object: id, method: http.MethodPut, service: c.image, path: []string{"images", id, "file"},
		header: map[string]string{"Content-Type": "application/octet-stream"}}
	if store != "" {
		k.header["X-Image-Meta-Store"] = store
	}
	resp, err := c.send(withData(moving), k, &gophercloud.RequestOpts{RawBody: body})
	body.end() // the caller may use data again
	if err != nil {
		if errors.Is(context.Cause(moving), errStalled) {
			err = errStalled
		}
		return "", c.problem(ctx, k, resp, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// activeImage waits until an image can be used. Glance does not tell why an image
// cannot be used. Nova deletes the image of a snapshot that failed.
func (c *Cloud) activeImage(ctx context.Context, op, id string) (Image, error) {
	out := Image{ID: id}
	err := c.await(ctx, op, id, func(ctx context.Context) (string, bool, error) {
		now, err := c.Image(ctx, id)
		if err != nil {
			if errors.Is(err, ErrNotFound) {
				err = c.failed(op, id, "the image vanished before it was active")
			}
			return "", false, err
		}
		out = now
		if bad(out.Status) || out.Status == "deleted" || out.Status == "pending_delete" {
			return "", false, c.failed(op, id, "the image is "+out.Status)
		}
		return out.Status, out.Status == "active", nil
	})
	return out, err
}

// DownloadImage streams an image's data. The caller closes the stream. Ctx ends
// the stream too. The stream may be longer than the image should be, or not end: read
// no more of it than is expected.
//
// Similar To: openstack image save
func (c *Cloud) DownloadImage(ctx context.Context, id string) (io.ReadCloser, error) {
	k := call{op: "download image", object: id, method: http.MethodGet, service: c.image,
		path: []string{"images", id, "file"}}
	stream, cancel := context.WithCancelCause(withData(ctx))
	late := time.AfterFunc(c.timeout, func() { cancel(nil) }) // until the answer begins
	resp, err := c.send(stream, k, &gophercloud.RequestOpts{KeepResponseBody: true})
	if !late.Stop() {
		if err == nil {
			resp.Body.Close()
		}
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel(nil)
		return nil, c.problem(ctx, k, resp, err)
	}
	idle := newStall(stallTimes*c.timeout, cancel)
	fail := func(err error) error {
		if errors.Is(context.Cause(stream), errStalled) {
			err = errStalled
		}
		return c.problem(ctx, k, nil, err)
	}
	end := func() { idle.timer.Stop(); cancel(nil) }
	return &download{idle.of(resp.Body), resp.Body, fail, end}, nil
}

// A download lets go of its context when it is closed.
type download struct {
	io.Reader
	body io.Closer
	fail func(error) error
	end  func()
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.EOF is not wrapped
		err = d.fail(err)
	}
	return n, err
}

func (d *download) Close() error {
	defer d.end()
	return d.body.Close()
}

// DeleteImage deletes an image. It is not an error when there is no such image.
//
// Similar To: openstack image delete
func (c *Cloud) DeleteImage(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{op: "delete image", object: id, method: http.MethodDelete, service: c.image,
		path: []string{"images", id}})
	return unlessGone(err)
}
