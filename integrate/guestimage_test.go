package integrate

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// disk is a raw disk with marks at some offsets.
func disk(size int, marks map[int]string) []byte {
	data := make([]byte, size)
	for at, mark := range marks {
		copy(data[at:], mark)
	}
	return data
}

// TestImagesThatBoot: a boot sector or a GPT, in whole sectors.
func TestImagesThatBoot(t *testing.T) {
	for name, data := range map[string][]byte{
		"a boot sector":                disk(1<<20, map[int]string{510: "\x55\xaa"}),
		"FAT with a boot loader":       disk(1<<20, map[int]string{0: "\xeb\x3c\x90MSDOS5.0", 510: "\x55\xaa"}),
		"a GPT":                        disk(1<<20, map[int]string{512: "EFI PART"}),
		"a GPT of sectors of 4096":     disk(2<<20, map[int]string{4096: "EFI PART"}),
		"sectors that are not of 4096": disk(1<<20+512, map[int]string{510: "\x55\xaa"}),
	} {
		r := bytes.NewReader(data)
		_, err := r.Seek(17, io.SeekStart)
		require.NoError(t, err)
		require.NoError(t, checkImage(r), name)
		assert.Equal(t, len(data), r.Len(), "%s: it is at its beginning", name)
	}
}

// TestImagesThatAreRefused: the error says what the image is, and what to do.
func TestImagesThatAreRefused(t *testing.T) {
	boots := map[int]string{510: "\x55\xaa"}
	with := func(at int, mark string) []byte { return disk(1<<20, map[int]string{510: "\x55\xaa", at: mark}) }
	for says, data := range map[string][]byte{
		"is empty": nil,
		"is a qcow image, and copy-on-write clones in Ceph need a raw image; convert it: " +
			"qemu-img convert -f qcow -O raw IMAGE IMAGE.raw": with(0, "QFI\xfb\x00\x00\x00\x01"),
		"qemu-img convert -f qcow2 -O raw IMAGE IMAGE.raw": with(0, "QFI\xfb\x00\x00\x00\x03"),
		"is a VMDK image": with(0, "KDMV\x01"),
		"qemu-img convert -f vmdk -O raw IMAGE IMAGE.raw": []byte("# Disk DescriptorFile\nversion=1\n"),
		"is a VDI image": with(0x40, "\x7f\x10\xda\xbe"),
		"qemu-img convert -f vpc -O raw IMAGE IMAGE.raw": with(0, "conectix"),
		"is a VHD image, and": disk(1<<20, map[int]string{510: "\x55\xaa",
			1<<20 - 512: "conectix"}),
		"is a VHDX image":      with(0, "vhdxfile"),
		"is a QED image":       with(0, "QED\x00"),
		"is a Parallels image": with(0, "WithouFreSpacExt"),
		"is encrypted (LUKS), not raw; decrypt the image":     with(0, "LUKS\xba\xbe\x00\x02"),
		"is compressed (gzip), not raw; unpack the image":     []byte("\x1f\x8b\x08"),
		"is compressed (bzip2)":                               []byte("BZh91AY"),
		"is compressed (xz)":                                  []byte("\xfd7zXZ\x00"),
		"is compressed (zstd)":                                []byte("\x28\xb5\x2f\xfd\x04"),
		"is compressed (lz4)":                                 []byte("\x04\x22\x4d\x18"),
		"is a zip archive":                                    with(0, "PK\x03\x04"),
		"is a 7z archive":                                     with(0, "7z\xbc\xaf\x27\x1c"),
		"is a tar archive, such as an OVA, not raw; take the": with(257, "ustar\x0000"),
		"is an image of a CD (ISO 9660)":                      with(0x8001, "CD001\x01"),
		"is a web page, such":                                 []byte("<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code>"),
		"is a text, not an image; download":                   []byte("{\"error\": \"zu groß\"}\n"),
		"has 512 bytes, and an image of less than 1048576":    disk(512, boots),
		"has 1048577 bytes, which are not whole sectors":      disk(1<<20+1, boots),
		"has neither a boot sector (0x55AA at byte 510) nor":  disk(1<<20, map[int]string{1080: "\x53\xef"}),
	} {
		err := checkImage(bytes.NewReader(data))
		require.ErrorContains(t, err, "the guest image ", says)
		assert.ErrorContains(t, err, says)
	}
}

// TestCommandsThatConvertNameTheFile, safe to paste.
func TestCommandsThatConvertNameTheFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "my image.qcow2")
	require.NoError(t, os.WriteFile(name, disk(1<<20, map[int]string{0: "QFI\xfb\x00\x00\x00\x03"}), 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	assert.ErrorContains(t, checkImage(f), "qemu-img convert -f qcow2 -O raw '"+name+"' '"+name+".raw'")
}

// A broken image cannot be read, or not be rewound.
type broken struct {
	io.ReadSeeker
	read, seek int // the call that fails
}

var errBroken = errors.New("input/output error")

func (b *broken) Read(p []byte) (int, error) {
	if b.read--; b.read == 0 {
		return 0, errBroken
	}
	return b.ReadSeeker.Read(p)
}

func (b *broken) Seek(offset int64, whence int) (int64, error) {
	if b.seek--; b.seek == 0 {
		return 0, errBroken
	}
	return b.ReadSeeker.Seek(offset, whence)
}

// TestImagesThatCannotBeRead, at whichever place.
func TestImagesThatCannotBeRead(t *testing.T) {
	for at := 1; at <= 4; at++ {
		data := strings.NewReader(string(disk(1<<20, map[int]string{510: "\x55\xaa"})))
		require.ErrorIs(t, checkImage(&broken{ReadSeeker: data, seek: at}), errBroken, "seek %d", at)
		if at <= 2 {
			require.ErrorIs(t, checkImage(&broken{ReadSeeker: data, read: at}), errBroken, "read %d", at)
		}
	}
}
