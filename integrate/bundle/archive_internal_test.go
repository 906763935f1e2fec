package bundle

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
)

// TestASecretDoesNotSpoilJSON, whatever characters it has, and is not in it either.
func TestASecretDoesNotSpoilJSON(t *testing.T) {
	for _, secret := range []string{"1234", "12345678", "true", `": "`, ",", "}", "[", "status", `\u00`, "redacted"} {
		r := &integrate.Result{Format: 1, Outcomes: []integrate.Outcome{{Change: integrate.Change{ID: "a " + secret},
			Status: integrate.Failed, Seconds: 0.51234, Error: secret}, {Seconds: 12345678.5}}}
		events := NewRecorder()
		events.Observe(integrate.ChangeFinished{Outcome: integrate.Outcome{Err: errors.New("it is " + secret)}})
		c := Contents{Secrets: []cephstack.Redacted{cephstack.Redact(secret)}, Result: r, Events: events}
		for _, f := range c.files(t.Context(), Options{}.filled()) {
			switch f.name {
			case "result.json", "events.jsonl":
				assert.True(t, json.Valid([]byte(f.text)), "%s: %s", secret, f.text)
				if len(secret) > 3 && secret[0] == '1' {
					assert.NotContains(t, f.text, secret)
				}
			}
		}
	}
}
