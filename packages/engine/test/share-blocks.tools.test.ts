import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, statSync, statfsSync, writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { canMount, mountedPlace } from '@varve/test-kit/mounted-place'
import { runToolOk } from '@varve/test-kit/tools'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import type { DiskOutput } from '../src/run/requests.ts'
import { MiB, image, newImage, noise, writeMixed } from './fixtures.ts'

const sha256Of = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const size = 61 * MiB
/** Of that disk, the bytes in runs long enough to be shared. */
const shareable = 13 * MiB

function freeAt(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

function overwrite(path: string, bytes: Uint8Array, at = 0): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}

describe.skipIf(!(await canMount()))('a new image shares blocks with its source', () => {
  const filesystems = [
    ['XFS', ['mkfs.xfs', '-q', '-m', 'reflink=1']],
    ['Btrfs', ['mkfs.btrfs', '-q']],
  ] as const
  const targets: readonly Pick<DiskOutput, 'format' | 'subformat'>[] = [
    { format: 'raw' },
    { format: 'vmdk', subformat: 'monolithicFlat' },
    { format: 'vdi', subformat: 'fixed' },
    { format: 'qcow2' },
  ]

  describe.each(filesystems)('on %s', (_, make) => {
    test('which takes no room of its own, and stays as it is when one of them is written to', async () => {
      await using place = await mountedPlace(make)
      const source = place.file('a.raw')
      writeMixed(source, size)
      await runToolOk('sync', ['-f', place.path])
      const [before, stats] = [sha256Of(source), statSync(source)]
      const { digest } = await digestDisk(image(source))
      for (const target of targets) {
        const path = place.file(`b.${target.format}`)
        const free = freeAt(place.path)
        const outcome = await convertDisk(image(source), { ...newImage(path, target.format), ...target })
        await runToolOk('sync', ['-f', place.path])
        expect(outcome.sharedBytes).toBeGreaterThan(shareable)
        expect(free - freeAt(place.path)).toBeLessThan(8 * MiB)
        expect(outcome.digest).toBe(digest)
        expect((await digestDisk(image(path))).digest).toBe(digest)
        await runToolOk('qemu-img', ['compare', source, path])
      }
      expect(statSync(source)).toMatchObject({ mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs })
      overwrite(place.file('b.raw'), noise(MiB, 9))
      expect(sha256Of(source)).toBe(before)
      overwrite(source, noise(MiB, 10))
      expect((await digestDisk(image(place.file('b.qcow2')))).digest).toBe(digest)
    })

    test('flat VMDK → raw, in place of each of its files', async () => {
      await using place = await mountedPlace(make)
      writeMixed(place.file('a.raw'), size)
      const flat = { ...newImage(place.file('a.vmdk'), 'vmdk'), subformat: 'monolithicFlat' }
      const { digest } = await convertDisk(image(place.file('a.raw')), flat)
      const outcome = await convertDisk(image(flat.path), newImage(place.file('b.raw'), 'raw'))
      expect(outcome.sharedBytes).toBeGreaterThan(shareable)
      expect(outcome.digest).toBe(digest)
      expect(sha256Of(place.file('b.raw'))).toBe(sha256Of(place.file('a.raw')))
    })

    test('who asks for room of its own, or for a copy, gets it', async () => {
      await using place = await mountedPlace(make)
      writeMixed(place.file('a.raw'), size)
      const wishes: readonly Partial<DiskOutput>[] = [
        { choices: { preallocation: 'falloc' } },
        { reflink: false },
      ]
      for (const [index, wish] of wishes.entries()) {
        const output = { ...newImage(place.file(`b${index}.raw`), 'raw'), ...wish }
        const { sharedBytes } = await convertDisk(image(place.file('a.raw')), output)
        expect(sharedBytes).toBe(0)
        expect(sha256Of(output.path)).toBe(sha256Of(place.file('a.raw')))
      }
      expect(statSync(place.file('b0.raw')).blocks * 512).toBeGreaterThanOrEqual(size)
    })
  })

  test('between two filesystems it is a copy', async () => {
    await using place = await mountedPlace(['mkfs.xfs', '-q'])
    await using other = await mountedPlace(['mkfs.xfs', '-q'])
    writeMixed(place.file('a.raw'), size)
    const outcome = await convertDisk(image(place.file('a.raw')), newImage(other.file('b.raw'), 'raw'))
    expect(outcome.sharedBytes).toBe(0)
    expect(sha256Of(other.file('b.raw'))).toBe(sha256Of(place.file('a.raw')))
  })
})
