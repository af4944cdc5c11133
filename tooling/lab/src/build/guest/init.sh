#!/bin/bash
# PID 1 of the lab: kernel, devices, the host's folder; then runs what the host asks for over a virtio port.
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 LVM_SUPPRESS_FD_WARNINGS=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /run /host
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mkdir -p /run/lock /run/udev
mount -t tmpfs tmp /tmp
mount -o remount,rw /
ip link set lo up
/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add
udevadm settle
modprobe -a 9pnet_virtio 9p virtio_scsi sd_mod virtio_console
modprobe -a dm_mod dm_thin_pool dm_snapshot dm_crypt xfs btrfs loop raid1 fuse
modprobe nbd nbds_max=16 max_part=16
udevadm settle
# What a test runs first is in memory when the state is saved.
cat /usr/sbin/lvm /usr/bin/qemu-nbd /usr/local/bin/node /bin/bash /usr/bin/coreutils >/dev/null 2>&1
node -e 0
exec 3<>/dev/virtio-ports/lab
echo ready >&3
# The state is saved here; the host says what time it is by now.
read -r now checkout <&3
date -s "@$now" >/dev/null
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none host /host
mkdir -p "$checkout"
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro checkout "$checkout"
printf '#!/bin/sh\nexec node --disable-warning=ExperimentalWarning "%s/packages/cli/bin/varve.mjs" "$@"\n' "$checkout" >/usr/local/bin/varve
printf '#!/bin/sh\nexec node --disable-warning=ExperimentalWarning "%s/packages/agent-linux/bin/varve-agent.mjs" "$@"\n' "$checkout" >/usr/local/bin/varve-agent
chmod +x /usr/local/bin/varve /usr/local/bin/varve-agent
cd /root
echo up >&3
while read -r job <&3 && [ "$job" != off ]; do
  {
    bash "/host/$job/run" >"/host/$job/stdout" 2>"/host/$job/stderr" 3>&- </dev/null
    echo $? >"/host/$job/code"
    echo "$job" >&3
  } &
done
sync
busybox poweroff -f
