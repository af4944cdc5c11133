import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { corpusEntries, unpackCorpus } from '@varve/test-kit/corpus'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeDisk } from '../testing/write-disk.ts'
import { nodePorts } from '../testing/node-files.ts'
import { openChain, openLayers } from '../chain/open-chain.ts'
import { dynamicHeader, footer, footerSize, locatorEntry } from './vhd/header.ts'
import { vhdWriter } from './vhd/writer.ts'
import { decodeEntry, entrySize } from './vhdx/bat.ts'
import { readVhdxMetadata } from './vhdx/metadata.ts'
import { vhdxWriter } from './vhdx/writer.ts'
import { walkChain } from '../chain/walk-chain.ts'

const entries = corpusEntries()?.filter(({ file }) => file.startsWith('fat-')) ?? null

describe.skipIf(entries === null)('an overlay of the parent that Windows made one of', () => {
  let place: TempPlace
  beforeAll(async () => {
    place = await tempPlace()
    unpackCorpus(entries ?? [], place.path)
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  async function diskOf(path: string): Promise<Uint8Array> {
    await using chain = await openChain(path, nodePorts)
    const bytes = new Uint8Array(chain.disk.virtualSize)
    await chain.disk.readInto(bytes, 0)
    return bytes
  }

  /** Writes the disk of the sample over its parent, with our writer. */
  async function writeLike(ending: 'vhd' | 'vhdx'): Promise<{ sample: string; own: string }> {
    const [parent, sample, own] = ['fat-parent', 'fat-differential', 'own'].map((name) =>
      join(place.path, `${name}.${ending}`),
    ) as [string, string, string]
    await using walked = await walkChain(parent, nodePorts)
    await using layers = await openLayers(walked, nodePorts)
    const below = new Uint8Array(layers.disk.virtualSize)
    await layers.disk.readInto(below, 0)
    const [{ facts, file }] = walked.links
    const { modifiedMs } = file.fingerprint
    const named = { path: parent, relative: `fat-parent.${ending}`, facts, modifiedMs }
    const backing = { name: `fat-parent.${ending}`, format: ending, parent: named }
    const format = ending === 'vhd' ? vhdWriter : vhdxWriter
    await writeDisk(format, own, await diskOf(sample), { compression: 'none', choices: { backing }, below })
    return { sample, own }
  }

  test('VHD: footer, header, table and locators say the same', async () => {
    const { sample, own } = await writeLike('vhd')
    const [first, second] = await Promise.all([sample, own].map(fieldsOfVhd))
    expect(second).toEqual(first)
    expect(await diskOf(own)).toEqual(await diskOf(sample))
  })

  test('VHDX: parameters, sizes, disk, locator and table say the same', async () => {
    const { sample, own } = await writeLike('vhdx')
    const [first, second] = await Promise.all([sample, own].map(fieldsOfVhdx))
    expect(second).toEqual(first)
    expect(await diskOf(own)).toEqual(await diskOf(sample))
  })
})

/** All but what is its own: identity, times, checksums, places, absolute paths. */
async function fieldsOfVhd(path: string) {
  const bytes = await readFile(path)
  const end = footer.read(bytes.subarray(-footerSize), path)
  const { features, fileFormatVersion, dataOffset, creatorApplication, creatorVersion, creatorHostOs } = end
  const { originalSize, currentSize, cylinders, heads, sectorsPerTrack, diskType, savedState } = end
  const head = dynamicHeader.read(bytes, path, dataOffset ?? 0)
  const { headerVersion, maxTableEntries, blockSize, parentUniqueId, locators } = head
  const named: Record<string, string> = {}
  for (let index = 0; index < 8; index += 1) {
    const { platformCode, ...at } = locatorEntry.read(locators, path, index * locatorEntry.size)
    if (at.platformDataLength === 0) continue
    const text = bytes.subarray(at.platformDataOffset, at.platformDataOffset + at.platformDataLength)
    named[platformCode] =
      platformCode === 'W2ru'
        ? text.toString('utf16le')
        : `absolute path, whole sectors: ${at.platformDataSpace % 512 === 0}`
  }
  const table = Array.from({ length: maxTableEntries }, (_, index) =>
    bytes.readUInt32BE(head.tableOffset + index * 4) === 0xffff_ffff ? 'absent' : 'there',
  )
  const places = {
    features,
    fileFormatVersion,
    dataOffset,
    creatorApplication,
    creatorVersion,
    creatorHostOs,
  }
  const sizes = { originalSize, currentSize, cylinders, heads, sectorsPerTrack, diskType, savedState }
  const copy = bytes.subarray(0, footerSize).equals(bytes.subarray(-footerSize))
  return {
    ...places,
    ...sizes,
    headerVersion,
    maxTableEntries,
    blockSize,
    parentUniqueId,
    named,
    table,
    copy,
  }
}

async function fieldsOfVhdx(path: string) {
  await using walked = await walkChain(path, nodePorts)
  const [{ file }] = walked.links
  const {
    type,
    virtualSize,
    logicalSectorSize,
    physicalSectorSize,
    virtualDiskId,
    bat,
    parent,
    regions,
    header,
  } = await readVhdxMetadata(file)
  const bytes = await readFile(path)
  const states: Record<number, number> = {}
  for (let index = 0; index < bat.entryCount; index += 1) {
    const { state } = decodeEntry(
      new DataView(bytes.buffer, bytes.byteOffset + regions.bat.start),
      index * entrySize,
    )
    if (state !== 0) states[index] = state
  }
  const { logLength, logVersion, version } = header
  const [relative] = parent?.names ?? []
  const disk = { type, virtualSize, logicalSectorSize, physicalSectorSize, virtualDiskId, bat }
  return { ...disk, relative, linkage: parent?.identity, states, logLength, logVersion, version }
}
