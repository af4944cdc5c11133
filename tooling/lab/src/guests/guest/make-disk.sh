# Makes a bootable disk in the lab. $1: `bios` (MBR, ext4) or `uefi` (GPT, ESP, LVM, ext4); $2: the raw file, absolute; /host/grub: images of GRUB.
set -euo pipefail
kind=$1 disk=$2
work=$(mktemp -d /root/guest-XXXXXX)
mkdir -p "$work"/initrd/{bin,lib/modules,proc,sys,dev,newroot} "$work"/root/{bin,sbin,proc,sys,dev,boot/grub,etc,tmp,run,data}
cp /bin/busybox "$work/initrd/bin/"
cp /bin/busybox "$work/root/bin/"
cp /host/guest/initrd.sh "$work/initrd/init"
cp /host/guest/init.sh "$work/root/sbin/init"
chmod +x "$work/initrd/init" "$work/root/sbin/init"
for name in crc32c_generic virtio_pci virtio_blk ahci sd_mod ext4 dm_mod; do
  modprobe -D "$name" 2>/dev/null | awk '$1 == "insmod" {print $2}'
done | awk '!seen[$0]++' >"$work/files"
while read -r file; do
  cp "$file" "$work/initrd/lib/modules/"
  basename "$file"
done <"$work/files" >"$work/initrd/lib/order"
if [ "$kind" = uefi ]; then
  cp "$(command -v lvm)" "$work/initrd/bin/"
  ldd "$(command -v lvm)" | grep -o '/[^ ]*' | while read -r file; do cp -L --parents "$file" "$work/initrd/"; done
fi
(cd "$work/initrd" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$work/root/boot/initrd.gz"
cp /host/guest/vmlinuz "$work/root/boot/vmlinuz"
# What a person has: names, links, a file with holes, attributes.
cd "$work/root/data"
head -c 300000 /dev/urandom >random
ln random linked
ln -s random pointing
truncate -s 5M sparse
setfattr -n user.note -v kept random
mkdir -p 'ein Ordner/ñandú'
echo words >'ein Ordner/ñandú/file'
cd /
config() {
  printf 'serial --unit=0 --speed=115200\nterminal_output console serial\nset timeout=0\n'
  printf 'menuentry guest { set gfxpayload=keep\n linux /boot/vmlinuz guestroot=%s console=ttyS0 console=tty0 quiet panic=5\n initrd /boot/initrd.gz }\n' "$1"
}
rm -f "$disk"
if [ "$kind" = bios ]; then
  config LABEL=guestroot >"$work/root/boot/grub/grub.cfg"
  truncate -s 66M "$disk"
  sfdisk -q "$disk" <<<$'label: dos\nlabel-id: 0x11111111\nstart=2048,size=64M,type=83,bootable'
  loop=$(losetup -fP --show "$disk")
  mke2fs -q -t ext4 -L guestroot -d "$work/root" "${loop}p1"
  losetup -d "$loop"
  dd if=/host/grub/boot.img of="$disk" bs=1 count=440 conv=notrunc status=none
  dd if=/host/grub/bios.img of="$disk" bs=512 seek=1 conv=notrunc status=none
else
  config /dev/mapper/guest-root >"$work/root/boot/grub/grub.cfg"
  truncate -s 80M "$disk"
  sfdisk -q "$disk" <<<$'label: gpt\nstart=2048,size=8M,type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B,name=ESP\ntype=E6D6D379-F507-44C2-A23C-238F2A3DF928,name=lvm'
  loop=$(losetup -fP --show "$disk")
  udevadm settle
  mkfs.vfat -F 12 -n ESP "${loop}p1" >/dev/null
  mkdir -p /mnt/esp
  mount "${loop}p1" /mnt/esp
  mkdir -p /mnt/esp/EFI/BOOT
  cp /host/grub/uefi.efi /mnt/esp/EFI/BOOT/BOOTX64.EFI
  umount /mnt/esp
  pvcreate -q "${loop}p2"
  vgcreate -q -s 1M guest "${loop}p2"
  lvcreate -q -Wn -Zn -n root -L 64M guest
  mke2fs -q -t ext4 -U 22222222-2222-4222-8222-222222222222 -L guestroot -d "$work/root" /dev/guest/root
  vgchange -q -an guest
  losetup -d "$loop"
fi
udevadm settle
rm -rf "$work"
