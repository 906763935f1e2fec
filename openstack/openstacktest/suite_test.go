package openstacktest_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

func TestFake(t *testing.T) {
	openstacktest.TestCloud(t, func(t *testing.T) (*api.Cloud, openstacktest.Fixture) {
		s := openstacktest.Start(t, openstacktest.Config{})
		s.AddAggregate(api.Aggregate{Name: "fast", Hosts: []string{"compute2"}, Metadata: map[string]string{"ssd": "true"}})
		cfg, err := s.CloudConfig(t.TempDir())
		require.NoError(t, err)
		c, err := api.Dial(t.Context(), cfg)
		require.NoError(t, err)
		return c, openstacktest.Fixture{Hosts: []string{"compute1", "compute2"}, Flavor: "tiny",
			Image: bytes.Repeat([]byte("boot"), 4096)}
	})
}

// CEPHSTACK_LAB_CLOUDS names a clouds.yaml with a cloud "lab", and
// CEPHSTACK_LAB_IMAGE a raw image that boots there. CEPHSTACK_LAB_FLAVOR,
// CEPHSTACK_LAB_HOSTS (comma-separated) and CEPHSTACK_LAB_TYPE (a volume type)
// are optional.
func TestLab(t *testing.T) {
	clouds, image := os.Getenv("CEPHSTACK_LAB_CLOUDS"), os.Getenv("CEPHSTACK_LAB_IMAGE")
	if clouds == "" || image == "" {
		t.Skip("CEPHSTACK_LAB_CLOUDS and CEPHSTACK_LAB_IMAGE do not name a real cloud and an image that boots there: not " +
			"run against one")
	}
	openstacktest.TestCloud(t, func(t *testing.T) (*api.Cloud, openstacktest.Fixture) {
		c, err := api.Dial(t.Context(), api.Config{Cloud: "lab", CloudsFile: clouds})
		require.NoError(t, err)
		data, err := os.ReadFile(image)
		require.NoError(t, err)
		return c, openstacktest.Fixture{Hosts: strings.Split(or("CEPHSTACK_LAB_HOSTS", "compute1,compute2"), ","),
			Flavor: or("CEPHSTACK_LAB_FLAVOR", "tiny"),
			Image:  data, Type: os.Getenv("CEPHSTACK_LAB_TYPE"), Prefix: "conformance-" + time.Now().UTC().Format("150405"),
			Timeout: 10 * time.Minute}
	})
}

func or(variable, standard string) string {
	if v := os.Getenv(variable); v != "" {
		return v
	}
	return standard
}
