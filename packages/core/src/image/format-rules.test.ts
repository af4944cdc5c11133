import { expect, test } from 'vitest'
import { formatNames, formatRules, type FormatName, type FormatRules } from './format-rules.ts'

const KiB = 1024
const MiB = 1024 ** 2
const TiB = 1024 ** 4

function rules(format: FormatName): FormatRules {
  return formatRules[format]
}

test('largest disk of each format', () => {
  expect(Object.fromEntries(formatNames.map((format) => [format, rules(format).maxVirtualSize]))).toEqual({
    raw: null,
    qcow2: null,
    vmdk: 62 * TiB,
    vhd: 2_190_433_320_960,
    vhdx: 64 * TiB,
    vdi: 562_949_819_203_584,
    parallels: null,
    udif: null,
    sparseimage: null,
    sparsebundle: null,
    asif: 4096 * TiB,
    qcow: null,
    qed: 64 * TiB,
    cloop: null,
    bochs: null,
    ewf: null,
    ova: null,
    utm: null,
    pvm: null,
  })
})

test('unit of allocation of each format that has one', () => {
  const units = formatNames.flatMap((format) => {
    const unit = rules(format).allocationUnit
    return unit ? [[format, unit.min, unit.usual, unit.max] as const] : []
  })
  expect(units).toEqual([
    ['qcow2', 512, 64 * KiB, 2 * MiB],
    ['vmdk', 4 * KiB, 64 * KiB, 1024 * MiB],
    ['vhd', 512, 2 * MiB, 2048 * MiB],
    ['vhdx', MiB, 32 * MiB, 256 * MiB],
    ['vdi', MiB, MiB, MiB],
    ['parallels', 512, MiB, 2048 * MiB],
    ['sparsebundle', 512, 8 * MiB, 2048 * MiB],
    ['asif', MiB, MiB, MiB],
    ['qcow', 512, 4 * KiB, 64 * KiB],
    ['qed', 4 * KiB, 64 * KiB, 64 * MiB],
    ['ewf', 32 * KiB, 32 * KiB, 16 * MiB],
  ])
})

test('name of the QEMU driver', () => {
  const drivers = formatNames.map((format) => rules(format).qemuDriver)
  const named = ['raw', 'qcow2', 'vmdk', 'vpc', 'vhdx', 'vdi', 'parallels', 'dmg', null, null, null]
  expect(drivers).toEqual([...named, 'qcow', 'qed', 'cloop', 'bochs', null, null, null, null])
})

test('how children name their parents, and whether they can tell the wrong one', () => {
  const links = formatNames.map((format) => [rules(format).parentLink, rules(format).verifiesParent] as const)
  expect(new Map(formatNames.map((format, i) => [format, links[i]]))).toEqual(
    new Map([
      ['raw', ['none', false]],
      ['qcow2', ['path', false]],
      ['vmdk', ['path+content-id', true]],
      ['vhd', ['uuid+locators', true]],
      ['vhdx', ['uuid+locators', true]],
      ['vdi', ['uuid', true]],
      ['parallels', ['bundle', false]],
      ['udif', ['none', false]],
      ['sparseimage', ['none', false]],
      ['sparsebundle', ['none', false]],
      ['asif', ['none', false]],
      ['qcow', ['path', false]],
      ['qed', ['path', false]],
      ['cloop', ['none', false]],
      ['bochs', ['none', false]],
      ['ewf', ['none', false]],
      ['ova', ['none', false]],
      ['utm', ['none', false]],
      ['pvm', ['none', false]],
    ]),
  )
})

test('only formats with a parent link have differencing images or overlays', () => {
  for (const format of formatNames) {
    const { allocation, parentLink, snapshots } = rules(format)
    if (format === 'bochs') continue
    expect(allocation.includes('differencing'), format).toBe(parentLink !== 'none')
    expect(/overlay|bundle/u.test(snapshots), format).toBe(parentLink !== 'none')
  }
})

test('extensions are lower case, and what a name promises is one of them', () => {
  for (const format of formatNames) {
    const { extensions, promises } = rules(format)
    expect(extensions.length).toBeGreaterThan(0)
    expect(extensions.every((extension) => extension === extension.toLowerCase())).toBe(true)
    expect(promises.every((extension) => extensions.includes(extension))).toBe(true)
  }
})

test('a sparse format has a unit, raw has none', () => {
  expect(rules('raw').allocationUnit).toBe(null)
  for (const format of formatNames) {
    const unit = rules(format).allocationUnit
    if (unit) expect(unit.min <= unit.usual && unit.usual <= unit.max).toBe(true)
  }
})
