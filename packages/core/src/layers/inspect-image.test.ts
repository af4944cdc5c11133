import { describe, expect, test } from 'vitest'
import { memorySource } from '../binary/byte-source.ts'
import { DiskError } from '../problems/disk-error.ts'
import { buildVmdk, grain, grainBytes } from '../formats/vmdk/testing/build-vmdk.ts'
import { isBlocking } from '../problems/problem.ts'
import { memoryFiles, type MemoryFiles } from '../testing/memory-files.ts'
import { inspectImage } from './inspect-image.ts'

const text = (value: string) => new TextEncoder().encode(value)
const allLayers = ['L7', 'L6', 'L5', 'L4', 'L3', 'L2', 'L1', 'L0']

const flat = new Uint8Array(1024 * 1024).fill(7, 0, 4096)
const top = text('version=1\nCID=2\nparentCID=1\nparentFileNameHint="base.vmdk"\nRW 4096 ZERO\n')
const base = text('version=1\nCID=1\ncreateType="monolithicFlat"\nRW 2048 FLAT "base-flat.vmdk" 0\n')
const chain = { '/lib/top.vmdk': top, '/lib/base.vmdk': base, '/lib/base-flat.vmdk': flat }

describe('a report', () => {
  test('of a chain: every link with the files it reads, totals over the whole disk', async () => {
    const { ports, open } = memoryFiles(chain)
    const report = await inspectImage('/lib/top.vmdk', ports)
    expect(report).toMatchObject({ format: 'vmdk', virtualSize: 4096 * 512, fileSize: top.length })
    expect(report.chain.map(({ path, fileSize }) => [path, fileSize])).toEqual([
      ['/lib/top.vmdk', top.length],
      ['/lib/base.vmdk', base.length + flat.length],
    ])
    expect(report.layers.map(({ layer }) => layer)).toEqual(allLayers)
    expect(report.problems.filter(isBlocking)).toEqual([])
    const { dataBytes = 0, zeroBytes = 0, absentBytes = 0 } = report.allocation ?? {}
    expect([dataBytes, zeroBytes, absentBytes]).toEqual([0, 4096 * 512, 0])
    expect(report.place.filesystem).toBe('memory')
    expect(open.size).toBe(0)
  })

  test('of an image whose parent is gone: its own facts, the problem, no guess about the guest', async () => {
    const { ports, open } = memoryFiles({ '/lib/top.vmdk': top })
    const report = await inspectImage('/lib/top.vmdk', ports)
    expect(report).toMatchObject({ format: 'vmdk', virtualSize: 4096 * 512, guest: null, allocation: null })
    expect(report.chain).toHaveLength(1)
    expect(report.layers.map(({ layer }) => layer)).toEqual(allLayers)
    expect(report.problems.filter(isBlocking).map(({ id }) => id)).toEqual(['parent-missing'])
    expect(open.size).toBe(0)
  })

  test('of a damaged header: no size, the problem', async () => {
    const { ports } = memoryFiles({ '/lib/bad.vmdk': text('KDMV and nothing more') })
    const report = await inspectImage('/lib/bad.vmdk', ports)
    expect(report).toMatchObject({ format: 'vmdk', virtualSize: null, guest: null })
    expect(report.problems.map(({ id }) => id)).toEqual(['truncated'])
  })

  test('of an image cut among its grains: found by looking at where they lie', async () => {
    const image = buildVmdk({ grains: { 0: grain(1), 5: grain(2) } })
    const { ports } = memoryFiles({ '/lib/cut.vmdk': image.slice(0, -grainBytes) })
    const report = await inspectImage('/lib/cut.vmdk', ports)
    expect(report.allocation).toBe(null)
    expect(report.problems.filter(isBlocking).map(({ id }) => id)).toContain('truncated')
  })

  test('of a format that is only recognised', async () => {
    const { ports } = memoryFiles({ '/lib/disk.qed': text('QED\0 and so on') })
    const report = await inspectImage('/lib/disk.qed', ports)
    expect(report).toMatchObject({ format: 'qed', virtualSize: null })
    expect(report.problems.map(({ id, severity }) => [id, severity])).toEqual([
      ['unsupported-format', 'block'],
    ])
  })
})

describe('a step that fails is a problem of the report', () => {
  function failingPlace(files: MemoryFiles): MemoryFiles['ports'] {
    const place = async () => {
      throw new DiskError('input-output', { file: '/lib/top.vmdk', reason: 'EIO' })
    }
    return { ...files.ports, files: { ...files.ports.files, place } }
  }

  test('the host does not tell where the file lies', async () => {
    const report = await inspectImage('/lib/top.vmdk', failingPlace(memoryFiles(chain)))
    expect(report.problems.map(({ id }) => id)).toContain('input-output')
    expect(report.place).toMatchObject({ filesystem: null, media: null })
    expect(report.allocation).not.toBe(null)
  })

  test('the map of the file cannot be read', async () => {
    const disk = new Uint8Array(64 * 1024)
    const source = {
      ...memorySource(disk, '/lib/disk.img'),
      // eslint-disable-next-line require-yield
      async *extents(): AsyncGenerator<never> {
        throw new Error('SEEK_HOLE is not there')
      },
    }
    const report = await inspectImage('/lib/disk.img', memoryFiles({ '/lib/disk.img': source }).ports)
    expect(report.allocation).toBe(null)
    expect(report.guest).not.toBe(null)
    expect(report.problems.find(({ id }) => id === 'internal')?.message).toContain('SEEK_HOLE is not there')
  })
})

describe('what is thrown', () => {
  test('a file that is not there', async () => {
    const { ports } = memoryFiles({})
    await expect(inspectImage('/lib/gone.img', ports)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('a cancel', async () => {
    const { ports, open } = memoryFiles(chain)
    const signal = AbortSignal.abort()
    await expect(inspectImage('/lib/top.vmdk', ports, { signal })).rejects.toThrow('aborted')
    expect(open.size).toBe(0)
  })
})
