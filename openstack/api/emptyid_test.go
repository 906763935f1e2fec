package api_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// TestAnEmptyIDIsAnError: each method of a Cloud that takes IDs or names refuses empty ones before it changes anything:
// a DELETE of /volumes/ may mean all of them. That is not "not found", which deletions take for success.
func TestAnEmptyIDIsAnError(t *testing.T) {
	// Where an empty word has a meaning: all of them, or that Nova chooses.
	meant := []string{"Servers", "Images", "Attachments", "Unconfirmed", "ComputeServices", "LiveMigrate"}
	var changes atomic.Int64
	cloud, server := dial(t, openstacktest.Config{})
	server.Interrupt(func(r *http.Request) (int, string, bool) {
		if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/auth/tokens") {
			changes.Add(1)
		}
		return 0, "", false
	})
	methods := reflect.TypeFor[*api.Cloud]()
	tried := 0
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		args, words := []reflect.Value{reflect.ValueOf(cloud)}, 0
		for k := 1; k < m.Type.NumIn(); k++ {
			switch in := m.Type.In(k); {
			case in == reflect.TypeFor[context.Context]():
				args = append(args, reflect.ValueOf(t.Context()))
			case in.Kind() == reflect.String:
				words++
				args = append(args, reflect.ValueOf(""))
			default:
				args = append(args, reflect.Zero(in))
			}
		}
		last := m.Type.NumOut() - 1
		if words == 0 || slices.Contains(meant, m.Name) || last < 0 || m.Type.Out(last) != reflect.TypeFor[error]() {
			continue
		}
		tried++
		began := time.Now()
		out := m.Func.Call(args)
		assert.Less(t, time.Since(began), 20*time.Second, "%s: nothing is waited for", m.Name)
		err, _ := out[last].Interface().(error)
		assert.Error(t, err, m.Name)
		assert.NotErrorIs(t, err, api.ErrNotFound, m.Name)
		assert.Zero(t, changes.Swap(0), "%s: %s", m.Name, fmt.Sprint(err))
	}
	assert.Greater(t, tried, 25)
}
