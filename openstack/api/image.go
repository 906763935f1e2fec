package api

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// An Image is a Glance image.
type Image struct {
	ID, Name, Status, DiskFormat string
	Description                  string   // a property of the image
	Size                         int64    // bytes
	SHA512                       string   // os_hash_value when the algorithm is sha512
	Stores                       []string // the stores of Glance that hold it
	DirectURL                    string   // rbd://<fsid>/<pool>/<image>/snap when exposed
	Created                      time.Time

	Project    string   // ID of its owner
	Visibility string   // public, community, shared or private
	Hidden     bool     // os_hidden: ordinary lists leave it out
	Container  string   // container format: bare, …
	Locations  []string // URLs, in the order in which services try them, when exposed
	// Importing and FailedImports are stores to which an import still copies the image, or could not copy it.
	Importing, FailedImports []string
	MinDiskGiB               int
	Checksum                 string // MD5; empty where Glance has none, as for an image that was registered by its URL
}

type imageJSON struct {
	ID, Name, Status string
	Description      string
	Owner            string
	Visibility       string
	Hidden           bool   `json:"os_hidden"`
	DiskFormat       string `json:"disk_format"`
	Container        string `json:"container_format"`
	Size             int64
	MinDisk          int `json:"min_disk"`
	Checksum         string
	Algorithm        string `json:"os_hash_algo"`
	Hash             string `json:"os_hash_value"`
	Stores           string // comma-separated
	Importing        string `json:"os_glance_importing_to_stores"`
	Failed           string `json:"os_glance_failed_import"`
	DirectURL        string `json:"direct_url"`
	Locations        []struct{ URL string }
	Created          stamp `json:"created_at"`
}

func (i imageJSON) image() Image {
	out := Image{ID: i.ID, Name: i.Name, Status: i.Status, DiskFormat: i.DiskFormat, Size: i.Size,
		Stores: names(i.Stores), Description: i.Description, DirectURL: i.DirectURL, Created: time.Time(i.Created),
		Project: i.Owner, Visibility: i.Visibility, Hidden: i.Hidden, Container: i.Container,
		Importing: names(i.Importing), FailedImports: names(i.Failed), MinDiskGiB: i.MinDisk, Checksum: i.Checksum}
	if i.Algorithm == "sha512" {
		out.SHA512 = i.Hash
	}
	for _, l := range i.Locations {
		out.Locations = append(out.Locations, l.URL)
	}
	return out
}

// names are the names in a comma-separated list.
func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// Image reads one image, or ErrNotFound.
//
// Similar To: openstack image show
func (c *Cloud) Image(ctx context.Context, id string) (Image, error) {
	var out imageJSON
	_, err := c.do(ctx, call{op: "read image", object: id, method: http.MethodGet, service: c.image,
		path: []string{"images", id}, out: &out, id: &out.ID})
	return out.image(), err
}

// Images lists the images of a name. When name is empty, it is EachImage, collected.
//
// Similar To: openstack image list --name …
func (c *Cloud) Images(ctx context.Context, name string) ([]Image, error) {
	if name == "" {
		return collect(c.EachImage(kept(ctx)))
	}
	return collect(c.eachImage(kept(ctx), url.Values{"name": {name}}, func(i Image) bool { return i.Name == name }))
}

// EachImage reads the images of all projects page by page, whatever their visibility, and hidden images, too. An error
// is the last that it gives. Images whose deletion is delayed (pending_delete) are in no list of Glance.
//
// Similar To: openstack image list --long; --community; --hidden
func (c *Cloud) EachImage(ctx context.Context) iter.Seq2[Image, error] {
	// Of the community images of others, a list without a visibility has none, and of hidden images no list has any
	// that does not ask for them.
	return func(yield func(Image, error) bool) {
		for _, hidden := range []bool{false, true} {
			for _, community := range []bool{false, true} {
				only := url.Values{}
				if hidden {
					only.Set("os_hidden", "true")
				}
				if community {
					only.Set("visibility", "community")
				}
				part := func(i Image) bool { return (i.Visibility == "community") == community && i.Hidden == hidden }
				for i, err := range c.eachImage(ctx, only, part) {
					if !yield(i, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

func (c *Cloud) eachImage(ctx context.Context, only url.Values, keep func(Image) bool) iter.Seq2[Image, error] {
	k := call{op: "list images", object: only.Get("name"), service: c.image, path: []string{"images"}, query: only}
	return each(ctx, c, list[imageJSON]{call: k, key: "images"}, func(i imageJSON) (Image, bool) {
		out := i.image()
		return out, keep(out)
	})
}
