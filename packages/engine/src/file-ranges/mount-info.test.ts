import { expect, test } from 'vitest'
import { findMount, parseMountInfo } from './mount-info.ts'

const text = [
  '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard',
  '36 27 0:32 / /srv/my\\040images rw shared:1 master:2 - btrfs /dev/mapper/vg-images rw,subvolid=5',
  '37 27 0:33 / /srv rw - tmpfs none rw',
  '38 37 8:1 / /srv rw - xfs /dev/sda1 rw',
  'half a line',
  '',
].join('\n')

test('each line gives its device, place, type and source', () => {
  expect(parseMountInfo(text)[1]).toEqual({
    device: '0:32',
    mountPoint: '/srv/my images',
    filesystem: 'btrfs',
    source: '/dev/mapper/vg-images',
    isReadOnly: false,
  })
  expect(parseMountInfo(text)).toHaveLength(4)
})

test.each([
  ['/srv/my images/a.qcow2', 'btrfs'],
  ['/srv/my images', 'btrfs'],
  ['/srv/my imagesque', 'xfs'],
  ['/srv/x', 'xfs'],
  ['/srvx', 'ext4'],
  ['/', 'ext4'],
])('%s lies on %s', (path, filesystem) => {
  expect(findMount(parseMountInfo(text), path)?.filesystem).toBe(filesystem)
})
