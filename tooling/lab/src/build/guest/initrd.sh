#!/bin/busybox sh
# Finds the lab's root disk and goes on there.
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
while read -r module; do /bin/busybox insmod "/lib/modules/$module" 2>/dev/null; done </lib/order
n=0
while [ ! -b /dev/vda ] && [ $n -lt 200 ]; do
  /bin/busybox usleep 50000
  n=$((n + 1))
done
/bin/busybox mount -t ext4 -o ro /dev/vda /newroot
/bin/busybox mount -o move /dev /newroot/dev
exec /bin/busybox switch_root /newroot /sbin/lab-init
