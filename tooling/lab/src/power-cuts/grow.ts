import type { PowerCuts } from './cut-power.ts'

/** Growing a GPT disk with an ext4, as qcow2. */
export const growing: Pick<PowerCuts, 'name' | 'prepare' | 'operation' | 'facts'> = {
  name: 'g.qcow2',
  prepare: `truncate -s 64M g.raw
    sfdisk -q g.raw <<<$'label: gpt\\nsize=60M'
    L=$(losetup -fP --show g.raw); udevadm settle; mke2fs -q -t ext4 -d /etc $\{L}p1; losetup -d $L
    varve convert g.raw g.qcow2 --yes; rm g.raw`,
  operation: 'varve grow g.qcow2 --to 160M --contents --yes',
  facts: `set -e; varve check g.qcow2 >&2
    varve mount g.qcow2:1 /mnt/guest --yes >&2; cd /mnt/guest
    find . -printf '%y %m %U:%G %s %n %P -> %l\\n' | grep -v '^d .*lost+found' | sort | sha256sum
    find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
    cd /; varve umount /mnt/guest --yes >&2`,
}
