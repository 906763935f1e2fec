package openstacktest

import (
	"net/http"
	"time"
)

// login answers password authentication of user admin.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type domain struct{ ID, Name string }
	var in struct {
		Auth struct {
			Identity struct {
				Methods  []string
				Password struct {
					User struct {
						Name, Password string
						Domain         domain
					}
				}
			}
			Scope struct {
				Project struct {
					Name, ID string
					Domain   domain
				}
			}
		}
	}
	if err := s.decode(r, &in); err != nil {
		complain(w, err)
		return
	}
	user := in.Auth.Identity.Password.User
	known := user.Domain.Name == "Default" || user.Domain.ID == "default"
	if user.Name != "admin" || user.Password != s.cfg.Password || !known || in.Auth.Scope.Project.Name != "admin" {
		answer(w, http.StatusUnauthorized, map[string]any{"error": map[string]any{"code": 401, "title": "Unauthorized",
			"message": "The request you have made requires authentication."}})
		return
	}
	token := "gAAAAAfake-" + s.id()
	s.tokens[token] = true
	w.Header().Set("X-Subject-Token", token)
	answer(w, http.StatusCreated, map[string]any{"token": map[string]any{
		"methods":    []string{"password"},
		"expires_at": s.now().Add(time.Hour).Format(time.RFC3339),
		"user": map[string]any{"id": "u1", "name": "admin",
			"domain": map[string]any{"id": "default", "name": "Default"}},
		"project": map[string]any{"id": project, "name": "admin",
			"domain": map[string]any{"id": "default", "name": "Default"}},
		"roles":   []any{map[string]any{"id": "r1", "name": "admin"}},
		"catalog": s.catalog(),
	}})
}

const project = "0123456789abcdef0123456789abcdef"

func (s *Server) catalog() []any {
	entry := func(kind, name, path string) any {
		var endpoints []any
		for _, i := range []string{"public", "internal", "admin"} {
			endpoints = append(endpoints, map[string]any{"id": name + i, "interface": i, "region": "RegionOne",
				"region_id": "RegionOne", "url": s.http.URL + path})
		}
		return map[string]any{"id": name, "type": kind, "name": name, "endpoints": endpoints}
	}
	return []any{entry("identity", "keystone", "/identity"), entry("image", "glance", "/image"),
		entry("volumev3", "cinderv3", "/volume/v3/"+project), entry("compute", "nova", "/compute/v2.1"),
		entry("placement", "placement", "/placement")}
}
