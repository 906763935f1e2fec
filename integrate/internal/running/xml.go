package running

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strings"
)

// domainXML is what matters of libvirt's XML of a domain.
type domainXML struct {
	XMLName xml.Name  `xml:"domain"`
	ID      string    `xml:"id,attr,omitempty"`
	Name    string    `xml:"name"`
	UUID    string    `xml:"uuid"`
	Disks   []diskXML `xml:"devices>disk"`
}

// diskXML is a disk, or a layer below a disk.
type diskXML struct {
	Type    string     `xml:"type,attr"`
	Device  string     `xml:"device,attr,omitempty"`
	Auth    *authXML   `xml:"auth"`
	Source  *sourceXML `xml:"source"`
	Backing *diskXML   `xml:"backingStore"`
	Mirror  *diskXML   `xml:"mirror"`
	Target  *struct {
		Dev string `xml:"dev,attr"`
	} `xml:"target"`
	ReadOnly *struct{} `xml:"readonly"`
	Serial   string    `xml:"serial,omitempty"`
}

type sourceXML struct {
	Protocol string    `xml:"protocol,attr,omitempty"`
	Name     string    `xml:"name,attr,omitempty"`
	File     string    `xml:"file,attr,omitempty"`
	Dev      string    `xml:"dev,attr,omitempty"`
	Pool     string    `xml:"pool,attr,omitempty"`
	Volume   string    `xml:"volume,attr,omitempty"`
	Hosts    []hostXML `xml:"host"`
	Auth     *authXML  `xml:"auth"`
}

type hostXML struct {
	Name   string `xml:"name,attr,omitempty"`
	Port   string `xml:"port,attr,omitempty"`
	Socket string `xml:"socket,attr,omitempty"`
}

type authXML struct {
	User   string `xml:"username,attr"`
	Secret struct {
		Type  string `xml:"type,attr,omitempty"`
		UUID  string `xml:"uuid,attr,omitempty"`
		Usage string `xml:"usage,attr,omitempty"`
	} `xml:"secret"`
}

// deepest is how many layers a disk may have below it: libvirt itself has a limit of 200.
const deepest = 200

// parseXML reads the XML of the domain that was asked for.
func parseXML(text, uuid string) (domainXML, error) {
	var d domainXML
	if strings.TrimSpace(text) == "" {
		return d, errors.New("virsh gives no XML of it")
	}
	decoder := xml.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&d); err != nil {
		return d, fmt.Errorf("its XML cannot be parsed: %w", err)
	}
	if d.UUID != uuid {
		return d, errors.New("its XML is of another domain")
	}
	for _, disk := range d.Disks {
		for depth, layer := 0, disk.Backing; layer != nil; layer, depth = layer.Backing, depth+1 {
			if depth > deepest {
				return d, errors.New("a disk of its XML has too many layers")
			}
		}
	}
	return d, nil
}

// disks are the disks, each followed by the layers below it and what it is copied to.
func (d domainXML) disks() []Disk {
	var all []Disk
	for _, x := range d.Disks {
		top := x.disk()
		if top.Device = x.Device; top.Device == "" {
			top.Device = "disk"
		}
		if x.Target != nil {
			top.Target = x.Target.Dev
		}
		top.Serial, top.ReadOnly = x.Serial, x.ReadOnly != nil
		all = append(all, top)
		for layer := x.Backing; layer != nil; layer = layer.Backing {
			all = layer.below(all, top, "backing")
		}
		if x.Mirror != nil {
			all = x.Mirror.below(all, top, "mirror")
		}
	}
	return all
}

// below adds a layer of a disk. The end of a chain is an empty layer.
func (x *diskXML) below(all []Disk, top Disk, device string) []Disk {
	if x.Source == nil {
		return all
	}
	layer := x.disk()
	layer.Target, layer.Device, layer.ReadOnly = top.Target, device, device == "backing"
	return append(all, layer)
}

// disk is where the bytes are.
func (x *diskXML) disk() Disk {
	var d Disk
	s := x.Source
	if s == nil {
		return d
	}
	switch x.Type {
	case "network":
		d.Protocol, d.Image = s.Protocol, s.Name
		if d.RBD() {
			if i := strings.LastIndexByte(s.Name, '/'); i >= 0 {
				d.Pool, d.Image = s.Name[:i], s.Name[i+1:]
			}
		}
	case "volume":
		d.Protocol, d.Image = x.Type, s.Pool+"/"+s.Volume
	default:
		if d.Path = s.File; d.Path == "" {
			d.Path = s.Dev
		}
	}
	for _, h := range s.Hosts {
		d.Monitors = append(d.Monitors, h.monitor())
	}
	auth := x.Auth
	if auth == nil {
		auth = s.Auth
	}
	if auth != nil {
		d.User, d.SecretUUID, d.SecretUsage = auth.User, auth.Secret.UUID, auth.Secret.Usage
	}
	return d
}

func (h hostXML) monitor() string {
	switch name := strings.Trim(h.Name, "[]"); {
	case h.Name == "":
		return h.Socket
	case h.Port != "":
		return net.JoinHostPort(name, h.Port)
	default:
		return name
	}
}
