import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deviceNow, isFree, isHeldFor } from './attached-device.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'varve-test-'))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

/** Files of procfs and sysfs, as Linux 6.1 has them. */
async function kernelWith(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return { proc: join(root, 'proc'), sys: join(root, 'sys') }
}

test('a loop device tells its file, whatever its name, and its partitions in bytes', async () => {
  const roots = await kernelWith({
    'sys/block/loop3/size': '131072\n',
    'sys/block/loop3/ro': '1\n',
    'sys/block/loop3/loop/backing_file': `/lib/it's "a"\n.raw\n`,
    'sys/block/loop3/loop3p10/partition': '10\n',
    'sys/block/loop3/loop3p10/start': '62048\n',
    'sys/block/loop3/loop3p10/size': '8\n',
    'sys/block/loop3/loop3p2/partition': '2\n',
    'sys/block/loop3/loop3p2/start': '2048\n',
    'sys/block/loop3/loop3p2/size': '60000\n',
  })
  const now = deviceNow('/dev/loop3', roots)
  expect(now).toEqual({
    file: `/lib/it's "a"\n.raw`,
    holder: null,
    size: 64 * 1024 ** 2,
    isReadOnly: true,
    partitions: [
      { number: 2, device: '/dev/loop3p2', start: 1024 ** 2, size: 60_000 * 512 },
      { number: 10, device: '/dev/loop3p10', start: 62_048 * 512, size: 4096 },
    ],
  })
  const one = { how: 'loop', id: 'a1' } as const
  expect(isHeldFor({ ...one, image: `/lib/it's "a"\n.raw` }, now, '/run')).toBe(true)
  expect(isHeldFor({ ...one, image: `/lib/it's "a"` }, now, '/run')).toBe(false)
})

test('a file that has lost its name is still behind its device', async () => {
  const roots = await kernelWith({
    'sys/block/loop0/size': '8\n',
    'sys/block/loop0/loop/backing_file': '/lib/a.raw (deleted)\n',
  })
  const now = deviceNow('/dev/loop0', roots)
  expect(isHeldFor({ how: 'loop', id: 'a1', image: '/lib/a.raw' }, now, '/run')).toBe(true)
})

test('an nbd device is ours when the process that it hangs on names the attachment', async () => {
  const roots = await kernelWith({
    'sys/block/nbd0/size': '8\n',
    'sys/block/nbd0/pid': '42\n',
    'proc/42/cmdline': 'nbd-client\0-unix\0/run/varve/attached/a1.sock\0/dev/nbd0\0',
  })
  const now = deviceNow('/dev/nbd0', roots)
  const one = { how: 'nbd-client', image: '/lib/a.qcow2' } as const
  expect(isHeldFor({ ...one, id: 'a1' }, now, '/run/varve/attached')).toBe(true)
  expect(isHeldFor({ ...one, id: 'a' }, now, '/run/varve/attached')).toBe(false)
  expect(isHeldFor({ ...one, id: 'a1' }, now, '/tmp')).toBe(false)
  expect(now && isFree(now)).toBe(false)
})

test.each(['/dev/sda', '/dev/nbd9', '/dev/loop0p1', ''])(
  '%j is no device that could be attached',
  async (device) => {
    const roots = await kernelWith({ 'sys/block/sda/size': '8\n', 'sys/block/nbd0/size': '0\n' })
    expect(deviceNow(device, roots)).toBeNull()
  },
)

test('a device with nothing behind it is free', async () => {
  const now = deviceNow('/dev/nbd0', await kernelWith({ 'sys/block/nbd0/size': '0\n' }))
  expect(now && isFree(now)).toBe(true)
})
