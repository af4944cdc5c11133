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

  test('is not written from a damaged primary', async () => {
    const [mbr, , table, backupTable, backup] = patches
    const whole = wholeOf(size, [mbr, table, backupTable, backup])
    await expect(gptEndingAt(whole, { sectorSize, diskSize: 40 * mib })).rejects.toMatchObject({
      code: 'refused',
    })
  })
})
