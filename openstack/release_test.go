package openstack_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

func TestParseRelease(t *testing.T) {
	for in, want := range map[string]openstack.Release{"Zed": "zed", "2022.2": "zed", " havana ": "havana",
		"2013.2":   "havana",
		"antelope": "2023.1", "2023.1": "2023.1", "Hibiscus": "2026.2", "2019.2": "train", "YOGA": "yoga"} {
		got, err := openstack.ParseRelease(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "grizzly", "2027.1", "zedd", "2023"} {
		_, err := openstack.ParseRelease(in)
		assert.Error(t, err, in)
	}
}

func TestBefore(t *testing.T) {
	order := []openstack.Release{"havana", "juno", "liberty", "train", "zed", "2023.1", "2024.2", "2026.2"}
	for i, a := range order {
		for j, b := range order {
			assert.Equal(t, i < j, a.Before(b), "%s before %s", a, b)
		}
	}
}

func ExampleParseRelease() {
	r, err := openstack.ParseRelease("2022.2")
	fmt.Println(r, err)
	fmt.Println(r.Before("2023.1"))
	// Output:
	// zed <nil>
	// true
}
