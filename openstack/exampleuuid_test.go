package openstack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/openstack"
)

func TestExampleUUID(t *testing.T) {
	for _, uuid := range []string{
		"457eb676-33da-42ec-9a8c-9293d545c337",
		"c91ce26f-403d-4058-9c38-6b56e1c428e0",
		"514c9fca-8cbe-11e2-9c52-3bc8c7819472",
	} {
		assert.True(t, openstack.ExampleUUID(uuid))
		assert.True(t, openstack.ExampleUUID(strings.ToUpper(uuid)))
	}
	assert.False(t, openstack.ExampleUUID("1b63f79f-dd5b-5d25-bd38-f038b744ec2f"))
	assert.False(t, openstack.ExampleUUID(""))
}
