import { describe, expect, test } from 'vitest'
import { memorySource, readRange } from '../binary/byte-source.ts'
import { memoryFiles } from '../testing/memory-files.ts'
import { driverFor } from '../chain/drivers.ts'
import { editedSource } from './edited-source.ts'
import type { ImageFacts, LayerIdentity } from './image-facts.ts'
import { extension } from '../formats/qcow2/encode-header.ts'
import { extensionHead, headerStart } from '../formats/qcow2/header.ts'
import { changedRuns, nameLikeBefore, type NewParent } from './repoint.ts'

function facts(format: ImageFacts['format'], identity: LayerIdentity = { kind: 'none' }): ImageFacts {
  return {
    format,
    subformat: null,
    virtualSize: 1024 ** 2,
    clusterSize: null,
    identity,
    parent: null,
    parts: [],
    snapshots: [],
    details: {},
    problems: [],
  }
}

function parent(path: string, relative: string | null, about = facts('qcow2')): NewParent {
  return { path, relative, facts: about, modifiedMs: 0, freshId: '12345678-1234-4234-8234-123456789abc' }
}

const unknownType = 0x1234_5678

/** A header of version 2 with an unknown extension and 512-byte clusters: the least room there is. */
function small(name: string): Uint8Array {
  const bytes = new Uint8Array(2048)
  const kept = extension(unknownType, Uint8Array.of(1, 2, 3))
  const end = extensionHead.write({ type: 0, length: 0 })
  const nameAt = 72 + kept.length + end.length
  const header = headerStart.write({
    magic: 0x5146_49fb,
    version: 2,
    backingFileOffset: nameAt,
    backingFileSize: name.length,
    clusterBits: 9,
    virtualSize: 1024 ** 2,
    cryptMethod: 0,
    l1Size: 0,
    l1TableOffset: 512,
    refcountTableOffset: 1024,
    refcountTableClusters: 1,
    snapshotCount: 0,
    snapshotsOffset: 0,
  })
  bytes.set(header)
  bytes.set(kept, 72)
  bytes.set(end, 72 + kept.length)
  bytes.set(new TextEncoder().encode(name), nameAt)
  bytes.fill(0xee, 512)
  return bytes
}

async function repointed(bytes: Uint8Array, to: NewParent): Promise<Uint8Array> {
  const { ports } = memoryFiles({ '/a.qcow2': bytes })
  const driver = await driverFor('qcow2')
  await using file = await ports.files.open('/a.qcow2')
  const plan = await driver.repoint?.(file, to, ports)
  const edited = editedSource(file.source, plan?.writes ?? [])
  return await readRange(edited, { start: 0, end: edited.size })
}

describe('qcow2', () => {
  test('a longer name moves, extensions stay, the old name is gone, nothing behind the first cluster changes', async () => {
    const old = small('old-name-of-the-parent.raw')
    const name = `${'y'.repeat(200)}.raw`
    const now = await repointed(old, parent(`/far/${name}`, `../far/${name}`, facts('raw')))
    const text = new TextDecoder('latin1').decode(now.subarray(0, 512))
    expect(text).toContain(`../far/${name}`)
    expect(text).not.toContain('old-name')
    expect(text).toContain('\u0012\u0034\u0056\u0078\0\0\0\u0003\u0001\u0002\u0003')
    expect(now.subarray(512)).toEqual(old.subarray(512))
    const { ports } = memoryFiles({ '/a.qcow2': now })
    await using file = await ports.files.open('/a.qcow2')
    const read = await (await driverFor('qcow2')).inspect(file, ports)
    expect(read.parent).toMatchObject({ names: [`../far/${name}`], format: 'raw' })
  })

  test('a name for which the first cluster has no room is refused', async () => {
    const to = parent(`/${'y'.repeat(600)}`, `${'y'.repeat(600)}`)
    await expect(repointed(small('old'), to)).rejects.toMatchObject({ code: 'refused' })
  })

  test.each(['sparsebundle', 'asif'] as const)('a %s cannot be its parent', async (format) => {
    const to = parent('/b', 'b', facts(format))
    await expect(repointed(small('old'), to)).rejects.toMatchObject({ code: 'refused' })
  })
})

test('names stay relative or absolute as they were', () => {
  const to = parent('/far/b.raw', '../far/b.raw')
  expect(nameLikeBefore('old.raw', to)).toBe('../far/b.raw')
  expect(nameLikeBefore('/old.raw', to)).toBe('/far/b.raw')
  expect(nameLikeBefore('C:\\old.raw', to)).toBe('/far/b.raw')
  expect(nameLikeBefore('old.raw', parent('/far/b.raw', null))).toBe('/far/b.raw')
})

test('an edited source reads as the file would, longer where it gets longer', async () => {
  const source = memorySource(Uint8Array.of(1, 2, 3, 4))
  const edited = editedSource(source, [
    { at: 1, bytes: Uint8Array.of(9, 8) },
    { at: 6, bytes: Uint8Array.of(7) },
  ])
  expect(await readRange(edited, { start: 0, end: 7 })).toEqual(Uint8Array.of(1, 9, 8, 4, 0, 0, 7))
  expect(await readRange(edited, { start: 2, end: 4 })).toEqual(Uint8Array.of(8, 4))
})

test('changed runs are what differs, and what goes past the end', () => {
  const runs = changedRuns(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 5, 3, 0, 4), 100)
  expect(runs).toEqual([
    { at: 101, bytes: Uint8Array.of(5) },
    { at: 103, bytes: Uint8Array.of(0, 4) },
  ])
})
