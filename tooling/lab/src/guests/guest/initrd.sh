#!/bin/busybox sh
# Finds the root of the guest, by its label or as a volume of LVM, and goes on there.
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
while read -r module; do $b insmod "/lib/modules/$module"; done </lib/order
root=$($b sed -n 's/.*guestroot=\([^ ]*\).*/\1/p' /proc/cmdline)
tries=0
while :; do
  case $root in
    LABEL=*) device=$($b findfs "$root" 2>/dev/null) && break ;;
    *)
      /bin/lvm vgchange -q -ay --config 'activation{udev_sync=0 udev_rules=0} global{locking_type=1}' >/dev/null 2>&1
      device=$root
      [ -b "$device" ] && break
      ;;
  esac
  tries=$((tries + 1))
  [ $tries -gt 200 ] && { echo "BOOT-FAILED: no $root" >/dev/ttyS0; $b poweroff -f; }
  $b usleep 50000
done
$b mount -t ext4 "$device" /newroot && $b mount -o move /dev /newroot/dev && exec $b switch_root /newroot /sbin/init
echo 'BOOT-FAILED: the root is not mounted' >/dev/ttyS0
$b poweroff -f
