package openstacktest

import (
	"cmp"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

type image struct {
	api.Image
	data []byte
}

func digest(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}

func imageRoutes() map[string]handle {
	return map[string]handle{"POST /images": createImage, "GET /images": listImages, "GET /images/{id}": showImage}
}

func createImage(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Name            string `json:"name"`
		DiskFormat      string `json:"disk_format"`
		ContainerFormat string `json:"container_format"`
		Description     string `json:"description"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.ContainerFormat != "bare" || !strings.Contains(" raw qcow2 iso vmdk vdi vhd ", " "+in.DiskFormat+" ") {
		return 0, nil, refuse(http.StatusBadRequest,
			"Failed validating 'enum' in schema: disk_format %q, container_format %q", in.DiskFormat, in.ContainerFormat)
	}
	i := s.images.add(s.id(), image{})
	i.ID, i.Name, i.Status, i.DiskFormat = s.images.order[len(s.images.order)-1], in.Name, "queued", in.DiskFormat
	i.Description, i.Created = in.Description, s.now()
	return http.StatusCreated, i.json(), nil
}

func (i *image) json() map[string]any {
	out := map[string]any{"id": i.ID, "name": i.Name, "status": i.Status, "disk_format": i.DiskFormat,
		"container_format": "bare",
		"created_at":       i.Created.Format(time.RFC3339),
		"size":             nil, "os_hash_algo": nil, "os_hash_value": nil, "visibility": cmp.Or(i.Visibility, "shared"),
		"os_hidden": i.Hidden, "owner": cmp.Or(i.Project, project), "min_disk": i.MinDiskGiB, "checksum": nil}
	if i.Container != "" {
		out["container_format"] = i.Container
	}
	if i.Checksum != "" {
		out["checksum"] = i.Checksum
	}
	if len(i.Locations) > 0 {
		all := []any{}
		for _, url := range i.Locations {
			all = append(all, map[string]any{"url": url, "metadata": map[string]any{}})
		}
		out["locations"] = all
	}
	if len(i.Importing) > 0 {
		out["os_glance_importing_to_stores"] = strings.Join(i.Importing, ",")
	}
	if len(i.FailedImports) > 0 {
		out["os_glance_failed_import"] = strings.Join(i.FailedImports, ",")
	}
	if i.Description != "" {
		out["description"] = i.Description
	}
	if i.Status == "active" {
		out["size"], out["os_hash_algo"], out["os_hash_value"] = i.Size, "sha512", i.SHA512
		if len(i.Stores) > 0 {
			out["stores"] = strings.Join(i.Stores, ",")
		}
		if i.DirectURL != "" {
			out["direct_url"] = i.DirectURL
		}
	}
	return out
}

func listImages(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "name", "marker", "limit", "os_hidden", "visibility"); err != nil {
		return 0, nil, err
	}
	q := r.URL.Query()
	name, visibility, hidden := q.Get("name"), q.Get("visibility"), q.Get("os_hidden") == "true"
	found, next := page(s, r, &s.images, func(i *image) bool {
		seen := cmp.Or(i.Visibility, "shared")
		// Without a visibility, Glance leaves out the community images of other projects.
		mine := visibility == seen || visibility == "" && (seen != "community" || cmp.Or(i.Project, project) == project)
		return (name == "" || i.Name == name) && i.Hidden == hidden && mine
	})
	out := []any{}
	for _, i := range found {
		out = append(out, i.json())
	}
	answer := map[string]any{"images": out, "first": "/v2/images", "schema": "/v2/schemas/images"}
	if next != "" {
		answer["next"] = "/v2/images?" + next
	}
	return http.StatusOK, answer, nil
}

func showImage(s *Server, r *http.Request) (int, any, error) {
	i := s.images.byID[r.PathValue("id")]
	if i == nil {
		return 0, nil, noSuch("Image", r.PathValue("id"))
	}
	return http.StatusOK, i.json(), nil
}

// glanceError writes an error as Glance does, in HTML.
func glanceError(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(code)
	fmt.Fprintf(w, "<html>\n <head>\n  <title>%d %s</title>\n </head>\n"+
		" <body>\n  <h1>%d %s</h1>\n  %s<br /><br />\n\n\n </body>\n</html>",
		code, http.StatusText(code), code, http.StatusText(code), text)
}

const unknownStore = "Unknown scheme in the store identifier"

// storesFor are the stores of an image that was uploaded into the named store, or
// into the default store when the name is empty. A hook may change them.
func (s *Server) storesFor(asked string) (stores []string, ok bool) {
	switch {
	case asked == "" && len(s.cfg.Stores) > 0:
		return s.cfg.Stores[:1], true
	case asked == "":
		return nil, true
	case len(s.cfg.Stores) > 0:
		return []string{asked}, slices.Contains(s.cfg.Stores, asked)
	case s.cfg.Hooks.ImageUploaded != nil:
		return []string{asked}, true
	}
	return nil, true // without several stores, Glance ignores the name
}

// putImage takes image data. They need a Content-Length, because uwsgi cannot take
// chunks.
func (s *Server) putImage(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	data, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.images.byID[id]
	switch {
	case err != nil:
		glanceError(w, http.StatusBadRequest, "Client disconnected before sending all data to backend")
		return
	case r.Header.Get("Content-Type") != "application/octet-stream":
		glanceError(w, http.StatusUnsupportedMediaType, "Unsupported content type")
		return
	case r.ContentLength < 0:
		s.violation("PUT of image %s in chunks", id)
		glanceError(w, http.StatusLengthRequired, "The data have no Content-Length")
		return
	case i == nil:
		glanceError(w, http.StatusNotFound, "Failed to find image "+id)
		return
	case i.Status != "queued":
		glanceError(w, http.StatusConflict, "Image status transition from "+i.Status+" to saving is not allowed")
		return
	}
	stores, ok := s.storesFor(r.Header.Get("X-Image-Meta-Store"))
	if !ok {
		glanceError(w, http.StatusBadRequest, unknownStore)
		return
	}
	i.Status = "saving"
	now := i.Image
	now.Stores = stores
	s.mu.Unlock()
	err = s.call(func() error {
		if s.cfg.Hooks.ImageUploaded == nil {
			return nil
		}
		return s.cfg.Hooks.ImageUploaded(&now, data)
	})
	s.mu.Lock()
	if err != nil {
		i.Status = "queued"
		if errors.Is(err, ErrNoStore) {
			glanceError(w, http.StatusBadRequest, unknownStore)
			return
		}
		glanceError(w, http.StatusInternalServerError, "Failed to upload image data due to internal error: "+err.Error())
		return
	}
	now.Status, now.Size, now.SHA512 = "active", int64(len(data)), digest(data)
	i.Image, i.data = now, data
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) getImage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	i := s.images.byID[r.PathValue("id")]
	if i == nil || i.Status != "active" {
		s.mu.Unlock()
		glanceError(w, http.StatusNotFound, "No image found with ID "+r.PathValue("id"))
		return
	}
	data := i.data
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data)
}

func (s *Server) deleteImage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	i := s.images.byID[r.PathValue("id")]
	if i == nil {
		s.mu.Unlock()
		glanceError(w, http.StatusNotFound, "Failed to find image "+r.PathValue("id")+" to delete")
		return
	}
	now := i.Image
	s.mu.Unlock()
	err := s.call(func() error {
		if s.cfg.Hooks.ImageDeleted == nil {
			return nil
		}
		return s.cfg.Hooks.ImageDeleted(now)
	})
	if err != nil {
		text := "Image " + now.ID + " could not be deleted because it is in use"
		if !errors.Is(err, ErrBusy) {
			text += ": " + err.Error()
		}
		glanceError(w, http.StatusConflict, text)
		return
	}
	s.mu.Lock()
	s.images.remove(now.ID)
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}
