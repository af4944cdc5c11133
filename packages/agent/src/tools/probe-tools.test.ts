import { describe, expect, test } from 'vitest'
import { parseVersion } from './probe-tools.ts'

describe('parseVersion', () => {
  test.each([
    ['qemu-img version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright', '7.2.22'],
    ['nbdinfo 1.14.2\nlibnbd 1.14.2', '1.14.2'],
    ['e2fsck 1.47.0 (5-Feb-2023)', '1.47.0'],
    ['  LVM version:     2.03.16(2) (2022-05-18)', '2.03.16'],
    ['zfs-2.1.11-1+deb12u1', '2.1.11-1+deb12u1'],
    ['btrfs-progs v6.2', '6.2'],
    ['sfdisk from util-linux 2.38.1', '2.38.1'],
    ['GPT fdisk (sgdisk) version 1.0.9', '1.0.9'],
    ['WARNING: the module is not loaded for 6.1.0-28-amd64\n7.0.10r158379', '7.0.10r158379'],
    ['mdadm - v4.2 - 2021-12-30', '4.2'],
    ['ntfsfix v2022.10.3\n\nAttempt to fix', '2022.10.3'],
    ['lsof version information:\n    revision: 4.95.0\n    latest revision: https://x', '4.95.0'],
    ['tool version 7', '7'],
    ['less 590', '590'],
    ['Usage: fsck.fat [OPTIONS] DEVICE\n  -F NUM  use FAT 12, 16 or 32\n  -b SECTOR (512)', null],
    ['Built on 2021-12-30 with 16 threads', null],
    ['usage: mkfs [-c count]', null],
    ['no version here', null],
    ['', null],
  ])('%j → %j', (text, version) => {
    expect(parseVersion(text)).toBe(version)
  })
})
