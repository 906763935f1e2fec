package libvirtsecret

import (
	"encoding/xml"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/libvirtsecret/internal/words"
)

// ErrUsageType means that a secret is not of usage type ceph. Test with
// errors.Is.
var ErrUsageType = errors.New("libvirtsecret: not of usage type ceph")

type secretXML struct {
	XMLName     xml.Name `xml:"secret"`
	Ephemeral   string   `xml:"ephemeral,attr"`
	Private     string   `xml:"private,attr"`
	UUID        string   `xml:"uuid"`
	Description string   `xml:"description,omitempty"`
	Usage       usageXML `xml:"usage"`
}

type usageXML struct {
	Type string `xml:"type,attr"`
	Name string `xml:"name"`
}

// XML gives libvirt's description of s. The description has no place for the
// value.
func (s Secret) XML() ([]byte, error) {
	return xml.MarshalIndent(secretXML{
		Ephemeral: yesNo(s.Ephemeral), Private: yesNo(s.Private),
		UUID: s.UUID, Description: s.Description, Usage: usageXML{Type: "ceph", Name: s.UsageID},
	}, "", "  ")
}

// ParseXML reads libvirt's description of a secret. The value is not in it. A
// secret of another usage type is ErrUsageType.
func ParseXML(data []byte) (Secret, error) {
	var x secretXML
	if err := xml.Unmarshal(data, &x); err != nil {
		return Secret{}, errors.New("libvirtsecret: secret XML: " + words.Printable(err.Error(), ""))
	}
	s := Secret{
		UUID: x.UUID, UsageID: x.Usage.Name, Description: x.Description,
		Ephemeral: x.Ephemeral == "yes", Private: x.Private == "yes",
	}
	if x.Usage.Type != "ceph" {
		return Secret{}, fmt.Errorf("%w: %s", ErrUsageType, words.Printable(x.UUID, ""))
	}
	return s, nil
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
