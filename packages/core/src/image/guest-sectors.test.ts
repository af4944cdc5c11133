import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../testing/memory-files.ts'
import { gptPatches } from '../testing/gpt-builder.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { guestChoices } from '../rules/guest-choices.ts'
import { guestSectors, sectorsLostIn } from './guest-sectors.ts'
import { inspectImage } from '../layers/inspect-image.ts'
import { readGuestContents } from '../scan/read-guest.ts'

const size = 16 * 1024 * 1024
const efi = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
const bios = '21686148-6449-6E6F-744E-656564454649'
const gpt = (sectorSize: number, types: readonly string[] = [efi]) =>
  gptPatches(
    types.map((type, i) => ({ type, firstSector: 256 + i * 64, lastSector: 256 + i * 64 + 63 })),
    { size, sectorSize },
  )

async function guestOf(patches: readonly Patch[]) {
  return await readGuestContents(sparseDisk(size, patches))
}

/** The boot sector of a FAT16 with sectors of that size. */
function fat(bytesPerSector: number): Patch {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  bytes[0] = 0xeb
  view.setUint16(11, bytesPerSector, true)
  bytes[13] = 1
  view.setUint16(14, 1, true)
  bytes[16] = 1
  view.setUint16(17, 128, true)
  view.setUint16(19, Math.min(0xffff, size / bytesPerSector), true)
  bytes[21] = 0xf8
  view.setUint16(22, 128, true)
  view.setUint16(510, 0xaa55, true)
  return { at: 0, bytes }
}

describe('the sectors of a guest', () => {
  test.each([
    ['a GPT at 4 KiB', gpt(4096), {}, 4096],
    ['a GPT at 512', gpt(512), {}, 512],
    ['a filesystem made for 4,096', [fat(4096)], {}, 4096],
    ['a filesystem made for 512', [fat(512)], {}, 512],
    ['the image alone', [], { logicalSectorSize: 4096 }, 4096],
    ['nothing', [], {}, null],
  ] as const)('by %s', async (_, patches, details, wanted) => {
    const guest = await guestOf(patches)
    expect(guestSectors({ guest, details })?.size ?? null).toBe(wanted)
  })

  test.each(['vmdk', 'vhd', 'vdi', 'ova', 'parallels', 'raw', 'qcow2'] as const)(
    'are lost in %s',
    (format) => {
      const lost = sectorsLostIn(format, { because: 'its GPT counts in them' })
      expect(lost?.message).toContain('4,096')
      expect(lost?.message).toContain('not find its partitions')
    },
  )

  test('are kept in VHDX, when the disk has whole ones', async () => {
    const report = { guest: await guestOf(gpt(4096)), details: {} }
    expect(sectorsLostIn('vhdx', { because: '' })).toBeNull()
    expect(guestChoices('vhdx', { ...report, virtualSize: size })).toEqual({ logicalSectorSize: 4096 })
    expect(guestChoices('vhdx', { ...report, virtualSize: size + 512 })).toEqual({})
    expect(guestChoices('qcow2', { ...report, virtualSize: size })).toEqual({})
  })
})

test('info says it, as a warning where the format cannot keep them', async () => {
  const bytes = new Uint8Array(size)
  for (const { at, bytes: part } of gpt(4096)) bytes.set(part, at)
  const { ports } = memoryFiles({ '/a.raw': bytes })
  const { problems } = await inspectImage('/a.raw', ports)
  expect(problems).toMatchObject([{ id: 'guest-sectors-4096', severity: 'info', layer: 'L3' }])
})

test.each([1024 * 1024, 100_000, 0])(
  'what is reclaimable is at most the %i bytes on the host',
  async (allocated) => {
    const bytes = new Uint8Array(size)
    const { at, bytes: boot } = fat(512)
    bytes.set(boot, at)
    const { ports } = memoryFiles({ '/a.raw': bytes })
    const open = async (path: string) => ({ ...(await ports.files.open(path)), allocated })
    const packed = await inspectImage('/a.raw', { ...ports, files: { ...ports.files, open } })
    const plain = await inspectImage('/a.raw', ports)
    expect(plain.reclaimable).toBeGreaterThan(size / 2)
    expect(packed.reclaimable).toBeLessThanOrEqual(allocated)
    expect(packed.reclaim[0]?.bytes).toBe(packed.reclaimable)
  },
)

test.each([
  [[efi], { firmware: 'efi' }],
  [[efi, bios], {}],
  [[bios], {}],
] as const)('an OVA of a disk with partitions %j says %j', async (types, wanted) => {
  const guest = await guestOf(gpt(512, types))
  expect(guestChoices('ova', { guest, details: {}, virtualSize: size })).toEqual(wanted)
})
