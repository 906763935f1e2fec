package openstacktest

import (
	"maps"
	"net/http"
	"slices"
)

type volumeType struct {
	ID    string            `json:"id"`
	Name  string            `json:"name"`
	Extra map[string]string `json:"extra_specs"`
}

func listTypes(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "is_public", "marker", "limit"); err != nil {
		return 0, nil, err
	}
	found, next := page(s, r, &s.types, nil)
	return http.StatusOK, map[string]any{"volume_types": found, "volume_type_links": links(r, next)}, nil
}

func createType(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Type struct {
			Name   string            `json:"name"`
			Public bool              `json:"os-volume-type-access:is_public"`
			Extra  map[string]string `json:"extra_specs"`
		} `json:"volume_type"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	if slices.ContainsFunc(s.types.all(), func(t *volumeType) bool { return t.Name == in.Type.Name }) {
		return 0, nil, refuse(http.StatusConflict, "Volume Type %s already exists.", in.Type.Name)
	}
	id := s.id()
	return http.StatusOK, map[string]any{"volume_type": s.types.add(id, volumeType{id, in.Type.Name, in.Type.Extra})}, nil
}

func deleteType(s *Server, r *http.Request) (int, any, error) {
	t := s.types.byID[r.PathValue("id")]
	if t == nil {
		return 0, nil, noSuch("Volume type", r.PathValue("id"))
	}
	if slices.ContainsFunc(s.volumes.all(), func(v *volume) bool { return v.Type == t.Name }) {
		return 0, nil, refuse(http.StatusBadRequest, "Target volume type is still in use.")
	}
	s.types.remove(t.ID)
	return http.StatusAccepted, nil, nil
}

// setSpecs adds to the extra specs of a volume type. It refuses a type that has
// volumes, as Cinder does by default.
func setSpecs(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Extra map[string]string `json:"extra_specs"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	t := s.types.byID[r.PathValue("id")]
	if t == nil {
		return 0, nil, noSuch("Volume type", r.PathValue("id"))
	}
	if slices.ContainsFunc(s.volumes.all(), func(v *volume) bool { return v.Type == t.Name }) {
		return 0, nil, refuse(http.StatusBadRequest, "Volume Type is currently in use.")
	}
	maps.Copy(t.Extra, in.Extra)
	return http.StatusOK, map[string]any{"extra_specs": t.Extra}, nil
}
