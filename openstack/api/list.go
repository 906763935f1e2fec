package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// pageSize is how many objects a page of a long list shall have. It is the most that the services give by default;
// Glance gives 25 to whoever does not ask for more.
const pageSize = 1000

// A page is one answer of a list. An answer has one of the lists, and the others stay nil: so it is decoded in one
// pass, and only what the type of the items names is kept.
type page[T any] struct {
	Aggregates, Attachments, Backups, Flavors, Hypervisors, Images, Messages, Migrations, Servers, Services, Snapshots,
	Volumes []T
	VolumeTypes []T `json:"volume_types"`

	Next        json.RawMessage // Glance
	BackupLinks json.RawMessage `json:"backups_links"`
	FlavorLinks json.RawMessage `json:"flavors_links"`
	HyperLinks  json.RawMessage `json:"hypervisors_links"`
	MoveLinks   json.RawMessage `json:"migrations_links"`
	ServerLinks json.RawMessage `json:"servers_links"`
	SnapLinks   json.RawMessage `json:"snapshots_links"`
	VolumeLinks json.RawMessage `json:"volumes_links"`
	TypeLinks   json.RawMessage `json:"volume_type_links"`
}

// items are those of the list that was asked for; nil if the answer does not have it.
func (p *page[T]) items(key string) []T {
	return map[string][]T{"aggregates": p.Aggregates, "attachments": p.Attachments, "backups": p.Backups,
		"flavors": p.Flavors, "hypervisors": p.Hypervisors, "images": p.Images, "messages": p.Messages,
		"migrations": p.Migrations, "servers": p.Servers, "services": p.Services, "snapshots": p.Snapshots,
		"volumes": p.Volumes, "volume_types": p.VolumeTypes}[key]
}

// next gives the query of the link to the next page, or nil behind the last page. Glance writes the link in another
// form than Cinder and Nova. The link names the public endpoint, which may not be the endpoint in use: only the query
// is taken, so that no page is asked for elsewhere.
func (p *page[T]) next(key string) (url.Values, error) {
	href := ""
	if key == "images" && p.Next != nil {
		if err := json.Unmarshal(p.Next, &href); err != nil {
			return nil, err
		}
	}
	var links []struct{ Rel, Href string }
	if raw := map[string]json.RawMessage{"backups": p.BackupLinks, "flavors": p.FlavorLinks,
		"hypervisors": p.HyperLinks, "migrations": p.MoveLinks, "servers": p.ServerLinks, "snapshots": p.SnapLinks,
		"volumes": p.VolumeLinks, "volume_types": p.TypeLinks}[key]; raw != nil {
		if err := json.Unmarshal(raw, &links); err != nil {
			return nil, err
		}
	}
	for _, l := range links {
		if l.Rel == "next" {
			href = l.Href
		}
	}
	if href == "" {
		return nil, nil
	}
	u, err := url.Parse(href)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(u.RawQuery)
}

// A list is a call that reads a list, page by page.
type list[T any] struct {
	call
	key   string         // of the answer
	long  bool           // it is read page by page, and has no limit but those of its pages
	after func(T) string // the marker of an item, where the service gives no link to the next page
}

// walk reads all pages of a list until yield gives false.
func (l list[T]) walk(ctx context.Context, c *Cloud, yield func(T) bool) error {
	wrong := func(detail string) error { return &Error{Op: l.op, Object: c.named(l.object), Detail: detail} }
	k := l.call
	k.method = http.MethodGet
	seen, size, end := map[string]bool{}, int64(0), time.Now().Add(listTimes*c.timeout)
	long := l.long && ctx.Value(keptKey{}) == nil
	ctx = context.WithValue(ctx, sizeKey{}, &size)
	for {
		seen[k.query.Encode()] = true
		var answer page[T]
		k.out = &answer
		var kind *json.UnmarshalTypeError
		if _, err := c.do(ctx, k); errors.As(err, &kind) && kind.Field != "" {
			return wrong("the answer has no list of " + l.key)
		} else if err != nil {
			return err
		}
		items := answer.items(l.key)
		if items == nil {
			return wrong("the answer has no list of " + l.key)
		}
		for _, item := range items {
			if !yield(item) {
				return nil
			}
		}
		next, err := answer.next(l.key)
		if l.after != nil && len(items) > 0 {
			next = url.Values{}
			for name, values := range k.query {
				next[name] = values
			}
			next.Set("marker", l.after(items[len(items)-1]))
		}
		switch {
		case err != nil:
			return wrong("the link to the next page cannot be read")
		case len(items) == 0 || next == nil:
			return nil
		case seen[next.Encode()]:
			return wrong("the link to the next page leads to a page that was read before")
		case len(seen) >= mostPages || size > mostList && !long:
			return wrong(fmt.Sprintf("the list has more than %d pages or more than %d MiB", mostPages, mostList>>20))
		case time.Now().After(end) && !long:
			return wrong(fmt.Sprintf("the list did not end within %s", listTimes*c.timeout))
		}
		k.query = next
	}
}

// pages reads all pages of a list that is kept.
func pages[T any](ctx context.Context, c *Cloud, k call, key string) ([]T, error) {
	out := []T{}
	err := list[T]{call: k, key: key}.walk(ctx, c, func(item T) bool { out = append(out, item); return true })
	if err != nil {
		return nil, err
	}
	return out, nil
}

// each reads a long list, and makes an object of each item.
func each[T, U any](ctx context.Context, c *Cloud, l list[T], object func(T) (U, bool)) iter.Seq2[U, error] {
	return func(yield func(U, error) bool) {
		l.long = true
		if l.query == nil {
			l.query = url.Values{}
		}
		l.query.Set("limit", strconv.Itoa(pageSize))
		err := l.walk(ctx, c, func(item T) bool {
			o, ok := object(item)
			return !ok || yield(o, nil)
		})
		if err != nil {
			var none U
			yield(none, err)
		}
	}
}

// keptKey marks a long list that is kept after all: it has the limits of a list.
type keptKey struct{}

func kept(ctx context.Context) context.Context { return context.WithValue(ctx, keptKey{}, true) }

// collect gathers a long list that was begun with a kept context.
func collect[T any](all iter.Seq2[T, error]) ([]T, error) {
	out := []T{}
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}
