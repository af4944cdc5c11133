/** An operation whose power is cut, and how one sees what it left. */
export interface Subject {
  /** Lays the image at /mnt/disk/pristine/NAME; the folder is empty. */
  readonly prepare: string
  /** The image's name. */
  readonly name: string
  /** The operation on the image, which is in the working folder. */
  readonly operation: string
  /** Prints what tells a result from the original. */
  readonly mark: string
  /** Prints the same for an image as it was and for a result, when nothing in it is lost; fails when it is damaged. */
  readonly facts: string
}

/** A GPT disk with an ext4 that holds /etc, and a large file that is gone again. */
const disk = (mib: number) => `truncate -s ${mib}M g.raw
  sfdisk -q g.raw <<<$'label: gpt\\nsize=${mib - 4}M'
  L=$(losetup -fP --show g.raw); udevadm settle; mke2fs -q -t ext4 -d /etc $\{L}p1
  mkdir -p /mnt/guest; mount $\{L}p1 /mnt/guest; dd if=/dev/urandom of=/mnt/guest/gone bs=1M count=24 status=none; sync; rm /mnt/guest/gone
  umount /mnt/guest; losetup -d $L
  qemu-img convert -O qcow2 g.raw g.qcow2; rm g.raw`

/** What the ext4 in it holds; every tool that says so is not ours. */
const files = `set -e; qemu-img check -q g.qcow2; rm -f /mnt/look.raw
  qemu-img convert -O raw g.qcow2 /mnt/look.raw; sfdisk -V -q /mnt/look.raw >&2
  read -r start size <<<$(sfdisk -J /mnt/look.raw | jq -r '.partitiontable.partitions[0] | "\\(.start * 512) \\(.size * 512)"')
  L=$(losetup -rf --show --offset $start --sizelimit $size /mnt/look.raw); e2fsck -fn $L >&2
  mkdir -p /mnt/guest; mount -o ro,noload $L /mnt/guest
  (cd /mnt/guest; find . -printf '%y %m %U:%G %s %n %P -> %l\\n' | grep -v '^d .*lost+found' | sort | sha256sum
   find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  umount /mnt/guest; losetup -d $L || true; rm /mnt/look.raw`

const diskSize = `qemu-img info --output json g.qcow2 | jq '."virtual-size"'`

/** Those whose power is cut. */
export const subjects = {
  grow: {
    name: 'g.qcow2',
    prepare: disk(96),
    operation: 'varve grow g.qcow2 --to 160M --contents --yes',
    mark: diskSize,
    facts: files,
  },
  shrink: {
    name: 'g.qcow2',
    prepare: disk(160),
    operation: 'varve shrink g.qcow2 --to 96M --contents --yes',
    mark: diskSize,
    facts: files,
  },
  reclaim: {
    name: 'g.qcow2',
    prepare: disk(96),
    operation: 'varve reclaim g.qcow2 --yes',
    mark: `[ "$(stat -c %b g.qcow2)" -lt 40000 ] && echo small || echo large`,
    facts: files,
  },
} as const satisfies Record<string, Subject>

export type SubjectName = keyof typeof subjects
