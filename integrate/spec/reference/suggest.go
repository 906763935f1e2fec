package reference

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// Suggest lists the paths of fields that are like a path that is not a field, the likeliest first:
// at most six. The list is empty where nothing is like the path.
func Suggest(path string) []string {
	const most = 6
	want := plain(path)
	var paths []string
	add := func(f Field) {
		if !slices.Contains(paths, f.Path) && len(paths) < most {
			paths = append(paths, f.Path)
		}
	}
	if want == "" {
		return nil
	}
	first, _, _ := strings.Cut(want, ".")
	last := want[strings.LastIndex(want, ".")+1:]
	for _, name := range []string{want, last} {
		for _, in := range []string{first + ".", ""} { // the same name elsewhere, first near by
			for _, f := range all() {
				if strings.HasPrefix(plain(f.Path), in) && strings.HasSuffix("."+plain(f.Path), "."+name) {
					add(f)
				}
			}
		}
		for _, f := range like(name) {
			add(f)
		}
	}
	return paths
}

// like are the fields whose path, or whose last name, is most like a text.
func like(text string) []Field {
	var found []Field
	for _, whole := range []bool{true, false} {
		names := map[string][]Field{}
		for _, f := range all() {
			name := plain(f.Path)
			if !whole {
				name = name[strings.LastIndex(name, ".")+1:]
			}
			names[name] = append(names[name], f)
		}
		said := spec.DidYouMean(text, names)
		_, said, _ = strings.Cut(said, `"`)
		said, _, _ = strings.Cut(said, `"`)
		found = append(found, names[said]...)
	}
	return found
}
