package libvirtsecret_test

import (
	"fmt"

	"github.com/cephstack/cephstack/libvirtsecret"
)

func ExampleDeriveUUID() {
	fmt.Println(libvirtsecret.DeriveUUID("4b5c8c0a-ff60-454b-a1b4-9747aa737d19", "client.cinder"))
	// Output: 1b63f79f-dd5b-5d25-bd38-f038b744ec2f
}

func ExampleUsageID() {
	fmt.Println(libvirtsecret.UsageID("4b5c8c0a-ff60-454b-a1b4-9747aa737d19", "client.cinder"))
	// Output: ceph 4b5c8c0a-ff60-454b-a1b4-9747aa737d19 client.cinder secret
}

func ExampleValue() {
	value, err := libvirtsecret.ParseValue("AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==\n")
	fmt.Println(value, err)
	fmt.Println(len(value.Reveal()))
	// Output:
	// [redacted] <nil>
	// 40
}

func ExampleSecret_XML() {
	secret := libvirtsecret.Secret{UUID: "1b63f79f-dd5b-5d25-bd38-f038b744ec2f", UsageID: "ceph client.cinder secret"}
	xml, _ := secret.XML()
	fmt.Println(string(xml))
	// Output:
	// <secret ephemeral="no" private="no">
	//   <uuid>1b63f79f-dd5b-5d25-bd38-f038b744ec2f</uuid>
	//   <usage type="ceph">
	//     <name>ceph client.cinder secret</name>
	//   </usage>
	// </secret>
}
