import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { blockSize, buildVhd, type VhdRecipe } from './testing/build-vhd.ts'

const path = '/lib/disk.vhd'

async function read(recipe: VhdRecipe, choices: ReadingChoices = {}) {
  const { ports, open } = memoryFiles({ [path]: buildVhd(recipe) })
  const { links, problems } = await inspectChain(path, ports, { choices })
  const { report } = await checkImage(path, ports, { choices })
  let bytes: Uint8Array | null = null
  const contents: string[] = []
  if (!problems.some(({ severity }) => severity === 'block')) {
    await using chain = await openChain(path, ports, { choices })
    bytes = new Uint8Array(chain.disk.virtualSize).fill(0xee)
    await chain.disk.readInto(bytes, 0)
    for await (const { content, length } of chain.disk.extents({ start: 0, end: bytes.length }))
      contents.push(`${content} ${length / 512}`)
  }
  expect([...open]).toEqual([])
  return { bytes, contents, problems, report, size: links[0].facts.virtualSize }
}

/** Sectors of a block, each filled with its number and one more. */
const numbered = Uint8Array.from({ length: blockSize }, (_, index) => Math.floor(index / 512) + 1)
const sectorsIn = (bytes: Uint8Array | null) =>
  Array.from({ length: (bytes?.length ?? 0) / 512 }, (_, sector) => bytes?.[sector * 512])

describe('sectors that the bitmap of a dynamic disk does not mark', () => {
  // Sectors 0, 1 and 7 are marked; of the others, 2 is zero.
  const data = numbered.slice()
  data.fill(0, 2 * 512, 3 * 512)
  const recipe: VhdRecipe = {
    currentSize: 3 * blockSize,
    blocks: [
      null,
      { bitmap: Uint8Array.of(0b1100_0001), data },
      { bitmap: Uint8Array.of(0xff), data: numbered },
    ],
  }
  const blank = Array<number>(8).fill(0)
  const whole = [1, 2, 3, 4, 5, 6, 7, 8]

  test('are zeros, as the specification says; how many hold bytes is a question', async () => {
    const { bytes, contents, problems, report } = await read(recipe)
    expect(sectorsIn(bytes)).toEqual([...blank, 1, 2, 0, 0, 0, 0, 0, 8, ...whole])
    expect(contents).toEqual(['absent 8', 'data 2', 'zero 5', 'data 9'])
    expect(problems).toEqual([
      expect.objectContaining({
        id: 'vhd-unmarked-sectors',
        severity: 'warn',
        asks: true,
        settledBy: 'vhd-bitmap',
        message: expect.stringMatching(/^4 sectors hold/u),
      }),
    ])
    expect(report.findings).toEqual([
      expect.objectContaining({
        id: 'vhd-unmarked-sectors',
        kind: 'remark',
        message: expect.stringMatching(/^4 /u),
      }),
    ])
    expect(report.checked).toContain('sector bitmaps')
  })

  test.each([
    ['honour', [...blank, 1, 2, 0, 0, 0, 0, 0, 8, ...whole], /read as zeros, as chosen/u],
    ['ignore', [...blank, 1, 2, 0, 4, 5, 6, 7, 8, ...whole], /bytes that are stored, as chosen/u],
  ] as const)('are read as somebody chose: %s', async (vhdBitmap, sectors, said) => {
    const { bytes, problems } = await read(recipe, { vhdBitmap })
    expect(sectorsIn(bytes)).toEqual(sectors)
    expect(problems).toEqual([
      expect.objectContaining({ severity: 'info', message: expect.stringMatching(said) }),
    ])
    expect(problems[0]).not.toHaveProperty('asks')
  })

  test('no word is lost where the two readings are one', async () => {
    const zeros = { bitmap: new Uint8Array(1), data: new Uint8Array(blockSize) }
    const { problems, report, contents } = await read({ currentSize: 2 * blockSize, blocks: [zeros, zeros] })
    expect([problems, report.findings]).toEqual([[], []])
    expect(contents).toEqual(['zero 16'])
  })

  test('behind the end of the disk they count for nothing', async () => {
    const { problems } = await read({
      currentSize: 512,
      blocks: [{ bitmap: Uint8Array.of(0x80), data: numbered }],
    })
    expect(problems).toEqual([])
  })

  test('a look at a large disk is spread over it and says so', async () => {
    const block = { bitmap: new Uint8Array(1), data: numbered }
    const count = 10_000
    const { problems } = await read({ currentSize: count * blockSize, blocks: Array(count).fill(block) })
    expect(problems[0]?.message).toMatch(/^At least 26672 sectors hold/u)
  })
})

describe('the two sizes of a footer', () => {
  // 2 × 4 × 17 sectors: 136, where the current size is 144.
  const geometry = [2, 4, 17] as const
  const [byGeometry, current] = [136 * 512, 144 * 512]
  const content = new Uint8Array(current)
  content.fill(7, 0, 512)
  const end = content.slice()
  end[current - 1] = 1
  /** One partition of the MBR, from sector 1 to the end of the larger disk. */
  const partitioned = content.slice()
  partitioned.fill(0, 0, 512)
  partitioned.set([0x80, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 143, 0, 0, 0], 446)
  partitioned.set([0x55, 0xaa], 510)
  const disk = (creator: string, bytes = content): VhdRecipe => ({
    type: 'fixed',
    creator,
    currentSize: current,
    geometry,
    content: bytes,
  })

  test.each([
    ['vpc ', byGeometry],
    ['qemu', byGeometry],
    ['vbox', current],
    ['vs  ', current],
    ['    ', current],
  ])('%j: one is read, and both are said, for other programs take the other', async (creator, size) => {
    const { problems, report, bytes } = await read(disk(creator))
    expect(bytes?.length).toBe(size)
    expect(problems).toEqual([expect.objectContaining({ id: 'vhd-two-sizes', severity: 'info' })])
    expect(problems[0]?.message).toMatch(
      new RegExp(`${byGeometry} bytes.*${current} bytes.*Read are ${size} `, 'u'),
    )
    expect(problems[0]).not.toHaveProperty('asks')
    expect(report.findings).toEqual([])
  })

  test.each(['win ', 'qem2', 'd2v ', 'tap', 'CTXS', 'wa'])(
    '%j: all take the current size',
    async (creator) => {
      const { problems, report, size } = await read(disk(creator))
      expect([problems, report.findings, size]).toEqual([[], [], current])
    },
  )

  test.each([
    ['bytes that are not zero', end, /data up to byte 73728 is left out/u],
    ['the end of a partition', partitioned, /partition that reaches to byte 73728 is left out/u],
  ])('%s behind the smaller one: a question', async (_what, bytes, said) => {
    const { problems, report } = await read(disk('vpc ', bytes))
    expect(report.findings).toEqual([expect.objectContaining({ id: 'vhd-two-sizes', kind: 'remark' })])
    expect(problems).toEqual([
      expect.objectContaining({
        severity: 'warn',
        asks: true,
        settledBy: 'vhd-size',
        message: expect.stringMatching(said),
      }),
    ])
    expect((await read(disk('vbox', bytes))).problems[0]?.severity).toBe('info')
    for (const vhdSize of ['geometry', 'current'] as const) {
      const chosen = await read(disk('vpc ', bytes), { vhdSize })
      expect(chosen.bytes).toEqual(bytes.subarray(0, vhdSize === 'current' ? current : byGeometry))
      expect(chosen.problems[0]).not.toHaveProperty('asks')
      expect(chosen.problems[0]?.message).toMatch(/as chosen/u)
    }
  })

  test('the largest geometry says nothing, also when somebody chooses it', async () => {
    const largest = { ...disk('vpc '), geometry: [65_535, 16, 255] as const }
    expect(await read(largest, { vhdSize: 'geometry' })).toMatchObject({ problems: [], size: current })
  })

  test('a size that the file does not hold is refused, with the other one named', async () => {
    const short = { ...disk('vpc ', content.slice(0, 130 * 512)), currentSize: 130 * 512 }
    const { problems } = await read(short)
    expect(problems).toEqual([
      expect.objectContaining({
        id: 'truncated',
        severity: 'block',
        remedy: expect.stringMatching(/--read vhd-size=current/u),
      }),
    ])
    expect((await read(short, { vhdSize: 'current' })).bytes?.length).toBe(130 * 512)
    const cut = { ...disk('win ', content.slice(0, byGeometry)) }
    expect((await read(cut)).problems).toEqual([
      expect.objectContaining({ id: 'truncated', remedy: expect.stringMatching(/^Copy/u) }),
    ])
  })
})
