# shellcheck shell=bash
# The guest image: a raw FAT disk with syslinux, Debian's cloud kernel and a
# busybox initramfs. Small enough to boot in seconds without hardware help.

guest_modules='virtio_pci virtio_blk virtio_scsi sd_mod sr_mod ata_piix ahci ext4 isofs vfat
  nls_cp437 nls_ascii nls_utf8'

guest_key() { cat "$HERE/files/guest-init" "$HERE/lib/guest.sh" <(layer_key base) | sha256sum | cut -c1-16; }

build_guest() {
  local dir=$CACHE/guest
  [[ -s $CACHE/guest.img && $(cat "$CACHE/guest.key" 2>/dev/null) == "$(guest_key)" ]] && return
  rm -rf "$dir" "$CACHE/guest.key"
  mkdir -p "$dir"/{upper,work,root}
  unshare -m --propagation private "$LAB" _guest
  guest_disk "$dir"
  rm -rf "$dir"
  guest_key >"$CACHE/guest.key"
}

# guest_tree runs in a mount namespace of its own: unpacks the kernel and lays
# out the initramfs in $CACHE/guest/tree.
guest_tree() {
  local dir=$CACHE/guest root=$CACHE/guest/root tree=$CACHE/guest/tree kernel
  mount -t overlay overlay -o "lowerdir=$ROOTS/base,upperdir=$dir/upper,workdir=$dir/work" "$root"
  mount -t proc proc "$root/proc"
  apt_conf_into "$root"
  in_root "$root" apt-get -q update
  in_root "$root" apt-get -qy --no-install-recommends --download-only install linux-image-cloud-amd64
  in_root "$root" apt-get -qy --no-install-recommends install busybox-static e2fsprogs
  # What the kernel is made of: newer ones come in several packages.
  in_root "$root" sh -c 'for deb in /var/cache/apt/archives/linux-*.deb; do dpkg -x "$deb" /kernel; done'
  # Newer kernels come below /usr and with compressed modules.
  in_root "$root" sh -c '[ -d /kernel/lib ] || ln -s usr/lib /kernel/lib; find /kernel/lib/ -name "*.ko.xz" -exec busybox unxz {} +'
  kernel=$(ls "$root/kernel/lib/modules")
  in_root "$root" depmod -b /kernel "$kernel"
  cp "$(find "$root/kernel" -type f -name 'vmlinuz*' -print -quit)" "$dir/vmlinuz"
  mkdir -p "$tree"/{bin,sbin,etc,proc,sys,dev,run,tmp,mnt,lib64}
  ln -s bin "$tree/usr"
  cp "$root/bin/busybox" "$tree/bin/"
  install -m 0755 "$HERE/files/guest-init" "$tree/init"
  guest_copy_modules "$root/kernel/lib/modules/$kernel" "$tree/lib/modules/$kernel"
  in_root "$root" sh -c 'ldd /sbin/mke2fs' | grep -o '/lib[^ ]*' | while read -r library; do
    install -D "$root$library" "$tree$library"
  done
  cp "$root/sbin/mke2fs" "$tree/sbin/mke2fs"
  for kernel in ext2 ext3 ext4; do ln -s mke2fs "$tree/sbin/mkfs.$kernel"; done
  cp "$root/etc/mke2fs.conf" "$tree/etc/"
}

# guest_copy_modules FROM TO copies the modules and what they depend on.
guest_copy_modules() {
  local from=$1 to=$2 name path
  mkdir -p "$to"
  for name in $guest_modules; do
    for path in $(grep -E "(^|/)$name\.ko[^:]*:" "$from/modules.dep" | tr -d ':'); do
      install -D -m 0644 "$from/$path" "$to/$path"
    done
  done
  cp "$from"/modules.{order,builtin,dep} "$to/"
}

guest_disk() {
  local dir=$1 image=$CACHE/guest.img
  (cd "$dir/tree" && find . | cpio --quiet -o -H newc | gzip -9) >"$dir/initrd"
  cat >"$dir/syslinux.cfg" <<'CFG'
DEFAULT guest
LABEL guest
  KERNEL vmlinuz
  INITRD initrd
  APPEND console=tty0 console=ttyS0,115200 quiet loglevel=3 mitigations=off tsc=unstable panic=5
CFG
  rm -f "$image"
  truncate -s 64M "$image"
  mkfs.vfat -F 16 -n GUEST "$image" >/dev/null
  mcopy -i "$image" "$dir/vmlinuz" "$dir/initrd" "$dir/syslinux.cfg" ::
  syslinux --install "$image"
}
