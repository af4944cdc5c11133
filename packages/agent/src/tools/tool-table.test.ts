import { describe, expect, test } from 'vitest'
import { parseVersion } from './tool-table.ts'

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
    ['no version here', null],
    ['', null],
  ])('%j → %j', (text, version) => {
    expect(parseVersion(text)).toBe(version)
  })
})
