import { describe, expect, test } from 'vitest'
import { GuestDisk } from '../guest/guest-region.ts'
import { gptPatches } from '../testing/gpt-builder.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { gptBackupLength, gptEndingAt } from './gpt-end.ts'
import { readPartitionTable } from './partition-table.ts'

const mib = 1024 * 1024
const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'
const wholeOf = (size: number, patches: readonly Patch[]) => new GuestDisk(sparseDisk(size, patches)).whole()

describe.each([512, 4096])('a GPT with sectors of %d bytes', (sectorSize) => {
  const size = 64 * mib
  const perMib = mib / sectorSize
  const patches = gptPatches(
    [
      { type: linux, firstSector: perMib, lastSector: 9 * perMib - 1, name: 'boot' },
      { type: linux, firstSector: 9 * perMib, lastSector: 30 * perMib - 1, name: 'root' },
    ],
    { size, sectorSize },
  )

  test.each([31 * mib, 40 * mib, 80 * mib])('ends with a disk of %d bytes', async (diskSize) => {
    const before = await readPartitionTable(wholeOf(size, patches))
    const pieces = await gptEndingAt(wholeOf(Math.max(size, diskSize), patches), { sectorSize, diskSize })
    const kept = patches.filter(({ at }) => at < 20 * mib)
    const after = await readPartitionTable(wholeOf(diskSize, [...kept, ...pieces]))
    expect(after?.problems).toEqual([])
    expect(after?.table).toEqual({ ...before?.table, notes: ['both copies agree'] })
    const view = new DataView((pieces.at(-1)?.bytes ?? new Uint8Array(512)).slice().buffer)
    expect(view.getUint32(446 + 12, true)).toBe(diskSize / sectorSize - 1)
  })

  test('is whole after each piece, in one copy at least', async () => {
    const diskSize = 40 * mib
    const pieces = await gptEndingAt(wholeOf(size, patches), { sectorSize, diskSize })
    for (let written = 0; written <= pieces.length; written += 1) {
      const found = await readPartitionTable(wholeOf(size, [...patches, ...pieces.slice(0, written)]))
      expect(found?.table.partitions.map(({ name }) => name)).toEqual(['boot', 'root'])
    }
  })

  test('needs room behind its last partition for the backup', async () => {
    const least = 30 * mib + gptBackupLength(sectorSize)
    const whole = wholeOf(size, patches)
    expect(await gptEndingAt(whole, { sectorSize, diskSize: least })).toHaveLength(4)
    await expect(gptEndingAt(whole, { sectorSize, diskSize: least - sectorSize })).rejects.toMatchObject({
      code: 'refused',
      details: { layer: 'L4' },
    })
  })

  describe('and a partition that gets another end', () => {
    const rootTo = (end: number) => ({ index: 2, start: 9 * mib, end })
    const resizing = { sectorSize, diskSize: size }
    const endOf = async (written: readonly Patch[]) => {
      const found = await readPartitionTable(wholeOf(size, written))
      const root = found?.table.partitions.find(({ name }) => name === 'root')
      return { end: root && root.start + root.length, problems: found?.problems.map(({ id }) => id) }
    }

    test.each([20 * mib, 60 * mib])('has it in both copies: %d', async (end) => {
      const before = await readPartitionTable(wholeOf(size, patches))
      const pieces = await gptEndingAt(wholeOf(size, patches), { ...resizing, resized: rootTo(end) })
      const after = await readPartitionTable(wholeOf(size, [...patches, ...pieces]))
      expect(after?.problems).toEqual([])
      const [boot, root] = before?.table.partitions ?? []
      expect(after?.table.partitions).toEqual([boot, { ...root, length: end - 9 * mib }])
    })

    test('cut off after any piece, the same call goes on from what is whole', async () => {
      const resized = rootTo(20 * mib)
      const pieces = await gptEndingAt(wholeOf(size, patches), { ...resizing, resized })
      for (let written = 0; written <= pieces.length; written += 1) {
        const cut = [...patches, ...pieces.slice(0, written)]
        expect([20 * mib, 30 * mib]).toContain((await endOf(cut)).end)
        const rest = await gptEndingAt(wholeOf(size, cut), { ...resizing, resized })
        expect(await endOf([...cut, ...rest])).toEqual({ end: 20 * mib, problems: [] })
      }
    })

    test.each<[string, object]>([
      ['another number', { index: 3 }],
      ['another start', { start: 10 * mib }],
      ['an end before it', { end: 9 * mib }],
      ['half a sector', { end: 20 * mib + sectorSize / 2 }],
      ['an end behind the disk', { end: 64 * mib }],
      ['an end in the backup', { end: size - gptBackupLength(sectorSize) + sectorSize }],
      ['another one in the way', { index: 1, start: mib, end: 10 * mib }],
    ])('is refused: %s', async (_name, wrong) => {
      const resized = { ...rootTo(20 * mib), ...wrong }
      await expect(gptEndingAt(wholeOf(size, patches), { ...resizing, resized })).rejects.toMatchObject({
        code: 'refused',
        details: { layer: 'L4' },
      })
    })
  })

  test('is not written from a damaged primary', async () => {
    const [mbr, , table, backupTable, backup] = patches
    const whole = wholeOf(size, [mbr, table, backupTable, backup])
    await expect(gptEndingAt(whole, { sectorSize, diskSize: 40 * mib })).rejects.toMatchObject({
      code: 'refused',
    })
  })
})
