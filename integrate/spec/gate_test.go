package spec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGates(t *testing.T) {
	for gate, fault := range map[string]string{
		"": "", "health": "",
		"healt":  `"healt" is not health; leave gate out for none; did you mean "health"?`,
		"Health": `"Health" is not health; leave gate out for none; did you mean "health"?`,
		"quorum": `"quorum" is not health; leave gate out for none`,
	} {
		s := exampleSpec()
		s.Gate = gate
		assert.Equal(t, fault, faults(t, s)["gate"], gate)
	}
}
