package openstacktest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

// listServices gives the records of the volume or the compute service.
func listServices(prefix string) handle {
	return func(s *Server, r *http.Request) (int, any, error) {
		if err := s.queries(r, "host", "binary"); err != nil {
			return 0, nil, err
		}
		out := []any{}
		only, binary := r.URL.Query().Get("host"), r.URL.Query().Get("binary")
		for _, rec := range s.services {
			host, _, _ := strings.Cut(rec.Host, "@")
			if !strings.HasPrefix(rec.Binary, prefix) || only != "" && only != rec.Host && only != host ||
				binary != "" && binary != rec.Binary {
				continue
			}
			if rec.Up && !s.hung[rec] {
				rec.Updated = s.cfg.Now().UTC()
			}
			zone := rec.Zone
			if rec.Binary == "nova-compute" {
				zone = s.computeZone(rec)
			}
			one := map[string]any{"binary": rec.Binary, "host": rec.Host, "zone": zone,
				"status": word(rec.Enabled, "enabled", "disabled"), "state": word(rec.Up, "up", "down"),
				"updated_at": rec.Updated.Format(zoneless), "disabled_reason": reason(rec)}
			if minor(r, "compute") >= 53 {
				one["id"] = serviceID(rec)
			}
			out = append(out, one)
		}
		return http.StatusOK, map[string]any{"services": out}, nil
	}
}

// setService enables or disables a service of Nova, as from 2.53 on.
func setService(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Status string  `json:"status"`
		Reason *string `json:"disabled_reason"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	if minor(r, "compute") < 53 {
		return 0, nil, noSuch("Service", r.PathValue("id"))
	}
	for _, rec := range s.services {
		if !strings.HasPrefix(rec.Binary, "nova-") || serviceID(rec) != r.PathValue("id") {
			continue
		}
		switch {
		case in.Status != "enabled" && in.Status != "disabled":
			return 0, nil, refuse(http.StatusBadRequest, "Invalid input for field/attribute status. Value: %s. '%[1]s' is "+
				"not one of ['enabled', 'disabled']", in.Status)
		case in.Reason != nil && in.Status == "enabled":
			return 0, nil, refuse(http.StatusBadRequest, "Specifying 'disabled_reason' when status is 'enabled' is invalid.")
		case in.Reason != nil && (*in.Reason == "" || len(*in.Reason) > 255 || strings.TrimSpace(*in.Reason) != *in.Reason):
			return 0, nil, refuse(http.StatusBadRequest, "Invalid input for field/attribute disabled_reason.")
		}
		rec.Enabled, rec.Reason = in.Status == "enabled", ""
		if in.Reason != nil {
			rec.Reason = *in.Reason
		}
		return http.StatusOK, map[string]any{"service": map[string]any{"id": serviceID(rec), "binary": rec.Binary,
			"host": rec.Host, "zone": rec.Zone, "status": in.Status, "state": word(rec.Up, "up", "down"),
			"disabled_reason": reason(rec), "updated_at": rec.Updated.Format(zoneless), "forced_down": false}}, nil
	}
	return 0, nil, noSuch("Service", r.PathValue("id"))
}

// reason is why a service is disabled, as an answer tells it.
func reason(rec *api.ServiceRecord) any {
	if rec.Enabled || rec.Reason == "" {
		return nil
	}
	return rec.Reason
}

// serviceID is the ID of a record of Nova.
func serviceID(rec *api.ServiceRecord) string {
	sum := sha256.Sum256([]byte(rec.Binary + " " + rec.Host))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
