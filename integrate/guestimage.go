package integrate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cephstack/cephstack"
)

// sector is the unit of the size of a disk. A raw image is whole sectors.
const sector = 512

// leastImage is the size of the smallest image that is taken for bootable: a kernel alone is larger.
const leastImage = 1 << 20

// A format is how an image is told from a raw disk: a mark at an offset.
type format struct {
	offset     int
	mark, name string
	convert    string // the name that qemu-img has for the format; empty where qemu-img does not convert it
	next       string // what to do, where qemu-img does not convert it
}

// formats are those in which images of clouds come, apart from raw.
func formats() []format {
	const unpack = "unpack the image first"
	const disk = "take the disk out of the archive first"
	return []format{
		{0, "QFI\xfb\x00\x00\x00\x01", "a qcow image", "qcow", ""},
		{0, "QFI\xfb", "a qcow2 image", "qcow2", ""},
		{0, "KDMV", "a VMDK image", "vmdk", ""},
		{0, "COWD", "a VMDK image", "vmdk", ""},
		{0, "# Disk DescriptorFile", "a VMDK image", "vmdk", ""},
		{0x40, "\x7f\x10\xda\xbe", "a VDI image", "vdi", ""},
		{0, "conectix", "a VHD image", "vpc", ""},
		{0, "vhdxfile", "a VHDX image", "vhdx", ""},
		{0, "QED\x00", "a QED image", "qed", ""},
		{0, "WithoutFreeSpace", "a Parallels image", "parallels", ""},
		{0, "WithouFreSpacExt", "a Parallels image", "parallels", ""},
		{0, "LUKS\xba\xbe", "encrypted (LUKS)", "", "decrypt the image first"},
		{0, "\x1f\x8b", "compressed (gzip)", "", unpack},
		{0, "BZh", "compressed (bzip2)", "", unpack},
		{0, "\xfd7zXZ", "compressed (xz)", "", unpack},
		{0, "\x28\xb5\x2f\xfd", "compressed (zstd)", "", unpack},
		{0, "\x04\x22\x4d\x18", "compressed (lz4)", "", unpack},
		{0, "PK\x03\x04", "a zip archive", "", disk},
		{0, "7z\xbc\xaf\x27\x1c", "a 7z archive", "", disk},
		{257, "ustar", "a tar archive, such as an OVA", "", disk},
		{0x8001, "CD001", "an image of a CD (ISO 9660), from which systems are installed", "",
			"take the image of an installed system, such as a cloud image"},
	}
}

// checkImage refuses an image from which no guest boots, or of which Ceph cannot make copy-on-write clones. It
// looks at the first bytes, the last sector and the size, and leaves the image at its beginning.
func checkImage(image io.ReadSeeker) error {
	const most = 0x8001 + 5
	size, err := image.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("the guest image: %w", err)
	}
	head, err := readAt(image, 0, most)
	tail, tailErr := readAt(image, max(0, size-sector), sector)
	_, back := image.Seek(0, io.SeekStart)
	if err := cmp.Or(err, tailErr, back); err != nil {
		return fmt.Errorf("the guest image: %w", err)
	}
	if fault := imageFault(head, tail, size, nameOfImage(image)); fault != "" {
		return errors.New("the guest image " + fault)
	}
	return nil
}

// readAt reads at most n bytes from an offset on.
func readAt(image io.ReadSeeker, offset int64, n int) ([]byte, error) {
	if _, err := image.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(image, int64(n)))
}

// nameOfImage is the path of an image that is a file.
func nameOfImage(image io.ReadSeeker) string {
	if file, ok := image.(interface{ Name() string }); ok {
		return file.Name()
	}
	return "IMAGE"
}

// imageFault says why an image is refused, and what to do; nothing where the image looks bootable.
func imageFault(head, tail []byte, size int64, name string) string {
	if size == 0 {
		return "is empty: was it downloaded whole?"
	}
	for _, f := range append(formats(), format{-1, "conectix", "a VHD image", "vpc", ""}) {
		switch {
		case f.offset < 0 && !bytes.HasPrefix(tail, []byte(f.mark)):
		case f.offset >= 0 && !bytes.HasPrefix(head[min(len(head), f.offset):], []byte(f.mark)):
		case f.convert == "":
			return "is " + f.name + ", not raw; " + f.next
		default:
			return fmt.Sprintf("is %s, and copy-on-write clones in Ceph need a raw image; convert it: "+
				"qemu-img convert -f %s -O raw %s %s", f.name, f.convert, cephstack.ShellQuote(name),
				cephstack.ShellQuote(name+".raw"))
		}
	}
	const again = "download the image again"
	switch begin := head[:min(len(head), sector)]; {
	case isMarkup(begin):
		return "is a web page, such as a server's error, not an image; " + again
	case isText(begin):
		return "is a text, not an image; " + again
	case size < leastImage:
		return fmt.Sprintf("has %d bytes, and an image of less than %d bytes does not boot; %s", size, leastImage, again)
	case size%sector != 0:
		return fmt.Sprintf("has %d bytes, which are not whole sectors of %d bytes: it is not a raw disk, or a part of it is "+
			"missing; %s", size, sector, again)
	case !hasBootSector(head):
		return "has neither a boot sector (0x55AA at byte 510) nor a GPT: nothing boots from it; take the raw image of a " +
			"whole disk, not of a file system"
	}
	return ""
}

// hasBootSector reports whether a disk begins with a boot sector, or has a GPT.
func hasBootSector(head []byte) bool {
	if len(head) >= sector && head[510] == 0x55 && head[511] == 0xAA {
		return true
	}
	for _, sector := range []int{512, 4096} {
		if bytes.HasPrefix(head[min(len(head), sector):], []byte("EFI PART")) {
			return true
		}
	}
	return false
}

func isMarkup(begin []byte) bool {
	text := strings.ToLower(strings.TrimLeft(string(begin), "\ufeff \t\r\n"))
	for _, tag := range []string{"<!doctype", "<html", "<?xml", "<head", "<body", "<error"} {
		if strings.HasPrefix(text, tag) {
			return true
		}
	}
	return false
}

// isText reports whether all is text. A character that is cut off at the end does not count.
func isText(begin []byte) bool {
	for len(begin) > 0 {
		r, n := utf8.DecodeRune(begin)
		if r == utf8.RuneError && len(begin) >= utf8.UTFMax || !unicode.IsPrint(r) && !unicode.IsSpace(r) &&
			r != utf8.RuneError {
			return false
		}
		begin = begin[n:]
	}
	return true
}
