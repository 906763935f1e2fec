package osloconf_test

import (
	"fmt"

	"github.com/cephstack/cephstack/openstack/osloconf"
)

func Example() {
	f, err := osloconf.Parse([]byte(`[libvirt]
# VM Images format.
#images_type = default

cpu_mode = host-model # not a comment
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := f.Set("libvirt", "images_type", "rbd"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", f.Bytes())
	mode, _ := f.Lookup("libvirt", "cpu_mode")
	fmt.Println("cpu_mode is", mode)
	// Output:
	// [libvirt]
	// # VM Images format.
	// #images_type = default
	// images_type = rbd
	//
	// cpu_mode = host-model # not a comment
	// cpu_mode is host-model # not a comment
}

func ExampleParse() {
	_, err := osloconf.Parse([]byte("[DEFAULT]\n  enabled_backends = ceph\n"))
	fmt.Println(err)
	// Output: osloconf: line 2: unexpected continuation line (it starts with white space)
}

func ExampleFiles() {
	nova, _ := osloconf.Parse([]byte("[libvirt]\nvirt_type = kvm\nrbd_user = nova\n"))
	compute, _ := osloconf.Parse([]byte("[libvirt]\nvirt_type = qemu\n"))
	files := osloconf.Files{nova, compute}
	kind, _ := files.Lookup("libvirt", "virt_type")
	user, _ := files.Lookup("libvirt", "rbd_user")
	fmt.Println(kind, user)
	// Output: qemu nova
}
