import { mkdir, readdir, readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { requires, runTool } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import type { WriteChoices } from '../../image/image-choices.ts'
import { nodePorts } from '../../testing/node-files.ts'
import { writeDisk } from '../../testing/write-disk.ts'
import { parsePropertyList } from '../../text/property-list.ts'
import type { PropertyValue } from '../../text/property-value.ts'
import { parseXml } from '../../text/xml.ts'
import type { XmlElement } from '../../text/xml-element.ts'
import { pvmWriter } from '../pvm/writer.ts'
import { describeUtm } from '../utm/config.ts'
import { utmWriter } from '../utm/writer.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3
const driveOf = '6F0C8E2A-7B1D-4C3E-9A55-3D4DB60589AB'

function patchyDisk(size: number): Buffer {
  const disk = Buffer.alloc(size)
  for (let run = 0; run < 5; run += 1) disk.fill(`run ${run}`, run * 5 * MiB, run * 5 * MiB + 100_000)
  return disk
}

interface Written {
  readonly subformat?: string
  readonly choices?: WriteChoices
  readonly name?: string
}

/** Writes a bundle as the engine does and gives its definition. */
async function writeMachine(
  format: 'utm' | 'pvm',
  disk: Buffer,
  { subformat, choices = {}, name = `web 1.${format}` }: Written = {},
) {
  const place = await tempPlace()
  const folder = place.file(name)
  const writer = format === 'utm' ? utmWriter : pvmWriter
  const definition = `${folder}/${format === 'utm' ? 'config.plist' : 'config.pvs'}`
  await mkdir(folder)
  await mkdir(`${folder}/${format === 'utm' ? 'Data' : 'harddisk1.hdd'}`)
  const shape = { compression: 'none', choices, writers: 2, ...(subformat && { subformat }) } as const
  const size = await writeDisk(writer, definition, disk, { ...shape, name })
  return { place, folder, definition, size, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() }
}

async function readBack(path: string): Promise<Buffer> {
  await using chain = await openChain(path, nodePorts)
  const back = Buffer.alloc(chain.disk.virtualSize)
  await chain.disk.readInto(back, 0)
  return back
}

/** Each key by its path, with the type of its value. */
function keysOf(value: PropertyValue, path = ''): string[] {
  if (value instanceof Map)
    return [...(value as ReadonlyMap<string, PropertyValue>)].flatMap(([key, inner]) =>
      keysOf(inner, `${path}/${key}`),
    )
  if (Array.isArray(value))
    return [
      `${path}: array`,
      ...(value as readonly PropertyValue[]).flatMap((each) => keysOf(each, `${path}[]`)),
    ]
  return [`${path}: ${typeof value}`]
}

const plist = (bytes: Uint8Array) => parsePropertyList(bytes, { file: 'x', structure: 'x' })
const sample = (name: string) =>
  plist(new Uint8Array(readFileSync(new URL(`../utm/testing/${name}`, import.meta.url))))

/** What UTM takes from every configuration of its backend (`decode`, not `decodeIfPresent`). */
const required = (name: string, optional: readonly string[]) =>
  keysOf(sample(name)).filter((key) => !optional.some((each) => key.startsWith(each)))

describe('a written UTM bundle', () => {
  const disk = patchyDisk(32 * MiB)

  test.each([
    ['qemu', {}, `${driveOf}.qcow2`],
    ['apple', {}, `${driveOf}.img`],
  ])('of the kind %s is read back', async (subformat, choices, image) => {
    await using machine = await writeMachine('utm', disk, { subformat, choices })
    expect(await readdir(machine.folder)).toEqual(expect.arrayContaining(['config.plist', 'Data']))
    expect(await readdir(`${machine.folder}/Data`)).toEqual([image])
    expect((await readBack(machine.folder)).equals(disk)).toBe(true)
    const measured = { virtualSize: disk.length, dataBytes: 5 * 128 * 1024, compression: 'none', subformat }
    expect(machine.size).toBeLessThanOrEqual(
      subformat === 'apple' ? disk.length + 16_384 : utmWriter.measure(measured),
    )
    const { links } = await inspectChain(machine.folder, nodePorts)
    expect(links[0].facts).toMatchObject({ format: 'utm', virtualSize: disk.length, problems: [] })
    expect(links[0].facts.details).toMatchObject({
      name: 'web 1',
      memory: '4.00 GiB',
      net1: expect.any(String),
    })
  })

  test('has every key of the sample of its backend, with values of the same type', async () => {
    await using machine = await writeMachine('utm', disk, { choices: { architecture: 'aarch64' } })
    const keys = keysOf(plist(await readFile(machine.definition)))
    const free = ['/Information/Icon:', '/Information/Notes']
    expect(keys).toEqual(expect.arrayContaining(required('qemu-v4.plist', free)))
    expect(keys).toEqual(
      expect.arrayContaining(
        required('qemu-v4-m68k.plist', [...free, '/QEMU/TSO']).filter((key) => !key.startsWith('/Network[')),
      ),
    )
    await using apple = await writeMachine('utm', disk, { subformat: 'apple' })
    const optional = ['/System/MacPlatform']
    expect(keysOf(plist(await readFile(apple.definition)))).toEqual(
      expect.arrayContaining(required('apple-v4.plist', optional)),
    )
  })

  test('is the machine that was asked for', async () => {
    const choices = { cpus: 3, memory: 2 * GiB, firmware: 'efi', guest: 'windows' } as const
    await using machine = await writeMachine('utm', disk, { choices, name: 'a & <b>.utm' })
    const text = await readFile(machine.definition, 'utf8')
    expect(text).toMatchSnapshot()
    await using arm = await writeMachine('utm', disk, {
      choices: { architecture: 'aarch64', guest: 'windows' },
    })
    const config = plist(await readFile(arm.definition))
    expect(keysOf(config)).toContain('/QEMU/UEFIBoot: boolean')
    expect(describeUtm(config, 'x')).toMatchObject({ firmware: 'efi', architecture: 'aarch64' })
    expect(await readFile(arm.definition, 'utf8')).toMatch(/<string>NVMe<\/string>/u)
  })

  test('of Apple is golden too', async () => {
    await using machine = await writeMachine('utm', disk, { subformat: 'apple', choices: { cpus: 2 } })
    expect(await readFile(machine.definition, 'utf8')).toMatchSnapshot()
  })

  test.each([
    ['an ARM machine without UEFI', undefined, { architecture: 'aarch64', firmware: 'bios' }],
    ['x86-64 in the kind apple', 'apple', { architecture: 'x86_64' }],
    ['BIOS in the kind apple', 'apple', { firmware: 'bios' }],
    ['Windows in the kind apple', 'apple', { guest: 'windows' }],
  ] as const)('%s is refused', (_, subformat, choices) => {
    const options = { virtualSize: MiB, compression: 'none', subformat, choices } as const
    expect(() => utmWriter.stateSize(options)).toThrow(expect.objectContaining({ code: 'refused' }))
  })

  test.skipIf(!requires('qemu-img'))('holds what QEMU finds whole', async () => {
    await using machine = await writeMachine('utm', disk)
    const image = `${machine.folder}/Data/${driveOf}.qcow2`
    expect((await runTool('qemu-img', ['check', '-f', 'qcow2', image])).exitCode).toBe(0)
  })
})

describe('a written Parallels bundle', () => {
  const disk = patchyDisk(40 * MiB)

  test('is read back, by its folder, its configuration and its disk', async () => {
    await using machine = await writeMachine('pvm', disk)
    expect((await readdir(machine.folder)).toSorted()).toEqual(['config.pvs', 'harddisk1.hdd'])
    expect((await readdir(`${machine.folder}/harddisk1.hdd`)).toSorted()).toEqual([
      'DiskDescriptor.xml',
      'harddisk1.hdd',
      'harddisk1.hdd.0.{5fbaabe3-6958-40ff-92a7-860e329aab41}.hds',
    ])
    for (const path of [
      machine.folder,
      machine.definition,
      `${machine.folder}/harddisk1.hdd`,
      `${machine.folder}/harddisk1.hdd/harddisk1.hdd`,
    ])
      expect((await readBack(path)).equals(disk), path).toBe(true)
    const { links } = await inspectChain(machine.folder, nodePorts)
    expect(links[0].facts).toMatchObject({
      format: 'pvm',
      virtualSize: disk.length,
      details: { name: 'web 1', cpus: 2, firmware: 'bios', disk1: 'harddisk1.hdd, SATA' },
      problems: [],
    })
  })

  test('is the machine that was asked for, with the elements of the real ones', async () => {
    const choices = { cpus: 3, memory: 2 * GiB, architecture: 'aarch64', guest: 'windows' } as const
    await using machine = await writeMachine('pvm', disk, { choices, name: 'a & <b>.pvm' })
    const text = await readFile(machine.definition, 'utf8')
    expect(text).toMatchSnapshot()
    const paths = (element: XmlElement, path = ''): string[] => [
      `${path}/${element.name}`,
      ...element.children.flatMap((child) => paths(child, `${path}/${element.name}`)),
    ]
    const found = paths(parseXml(await readFile(machine.definition), { file: 'x', structure: 'x' }))
    expect(new Set(found).size).toBeGreaterThan(60)
  })

  test('a name that no configuration holds is refused', async () => {
    await expect(writeMachine('pvm', disk, { name: 'bell \u0007.pvm' })).rejects.toMatchObject({
      code: 'refused',
    })
    await expect(writeMachine('utm', disk, { name: 'bell \u0007.utm' })).rejects.toMatchObject({
      code: 'refused',
    })
  })
})

test('the same disk, name and id give the same bytes', async () => {
  const disk = patchyDisk(24 * MiB)
  await using one = await writeMachine('utm', disk)
  await using two = await writeMachine('utm', disk)
  expect((await readFile(one.definition)).equals(await readFile(two.definition))).toBe(true)
})
