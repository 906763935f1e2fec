package openstacktest

import (
	"net/http"
	"slices"
)

// tagRoutes are the routes of the tags of VMs.
func tagRoutes() map[string]handle {
	return map[string]handle{
		"PUT /servers/{id}/tags/{tag}":    tagServer,
		"DELETE /servers/{id}/tags/{tag}": untagServer,
	}
}

func tagServer(s *Server, r *http.Request) (int, any, error) {
	v, tag := s.servers.byID[r.PathValue("id")], r.PathValue("tag")
	switch {
	case v == nil:
		return 0, nil, noSuch("Instance", r.PathValue("id"))
	case slices.Contains(v.Tags, tag):
		return http.StatusNoContent, nil, nil
	}
	v.Tags = append(slices.Clone(v.Tags), tag)
	return http.StatusCreated, nil, nil
}

func untagServer(s *Server, r *http.Request) (int, any, error) {
	v, tag := s.servers.byID[r.PathValue("id")], r.PathValue("tag")
	if v == nil || !slices.Contains(v.Tags, tag) {
		return 0, nil, noSuch("Tag", tag)
	}
	v.Tags = slices.DeleteFunc(slices.Clone(v.Tags), func(t string) bool { return t == tag })
	return http.StatusNoContent, nil, nil
}
