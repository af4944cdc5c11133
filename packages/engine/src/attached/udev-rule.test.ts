import { expect, test } from 'vitest'
import { udevRule } from './udev-rule.ts'

test('a rule names the device, its partitions and the mappings over them, and nothing else', () => {
  const lines = udevRule('a1', '/dev/nbd1').split('\n')
  expect(lines[1]).toContain('KERNEL=="nbd1|nbd1p*"')
  expect(lines[2]).toContain('ATTR{dm/name}=="varve-a1-*"')
  // As the rules of systemd and of LVM read them.
  expect(lines[1]).toContain('ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1"')
  expect(lines[2]).toContain('ENV{DM_UDEV_DISABLE_DISK_RULES_FLAG}="1"')
})
