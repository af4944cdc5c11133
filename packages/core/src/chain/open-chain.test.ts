import { describe, expect, test } from 'vitest'
import { memorySource } from '../binary/byte-source.ts'
import { DiskError } from '../problems/disk-error.ts'
import { isBlocking } from '../problems/problem.ts'
import { memoryFiles } from '../testing/memory-files.ts'
import { inspectChain, openChain } from './open-chain.ts'

interface Vmdk {
  readonly cid: string
  readonly parent?: readonly [name: string, cid: string]
  readonly sectors?: number
}

/** A disk of zeros, of which only the links of the chain matter. */
function vmdk({ cid, parent, sectors = 4 }: Vmdk): Uint8Array {
  const link = parent ? `parentCID=${parent[1]}\nparentFileNameHint="${parent[0]}"` : 'parentCID=ffffffff'
  return new TextEncoder().encode(
    `# Disk DescriptorFile\nversion=1\nCID=${cid}\n${link}\nRW ${sectors} ZERO\n`,
  )
}

const hex = (value: number) => value.toString(16).padStart(8, '0')

/** What opening throws and what inspection finds; nothing may stay open. */
async function outcome(files: Record<string, Uint8Array>, path: string) {
  const { ports, open } = memoryFiles(files)
  const error: unknown = await openChain(path, ports).then(
    async (chain) => {
      await chain[Symbol.asyncDispose]()
      return null
    },
    (thrown: unknown) => thrown,
  )
  const { links, problems } = await inspectChain(path, ports)
  expect([...open]).toEqual([])
  const blocking = problems.filter(isBlocking).map(({ id }) => id)
  return { error, paths: links.map(({ link }) => link.path), blocking, problems }
}

describe('chains', () => {
  test('the image first, its base last, every file kept open and closed again', async () => {
    const { ports, open } = memoryFiles({
      '/lib/top.vmdk': vmdk({ cid: '3', parent: ['snapshots/mid.vmdk', '2'], sectors: 9 }),
      '/lib/snapshots/mid.vmdk': vmdk({ cid: '2', parent: ['base.vmdk', '1'] }),
      '/lib/snapshots/base.vmdk': vmdk({ cid: '1', sectors: 6 }),
    })
    {
      await using chain = await openChain('/lib/top.vmdk', ports)
      const paths = ['/lib/top.vmdk', '/lib/snapshots/mid.vmdk', '/lib/snapshots/base.vmdk']
      expect(chain.links.map(({ path }) => path)).toEqual(paths)
      expect(chain.files.map(({ path }) => path)).toEqual(paths)
      expect(chain.disk.virtualSize).toBe(9 * 512)
      expect(open.size).toBe(3)
    }
    expect(open.size).toBe(0)
  })
})

describe('chains that cannot be read', () => {
  test('a missing parent is named', async () => {
    const { error, blocking, paths } = await outcome(
      { '/lib/top.vmdk': vmdk({ cid: '2', parent: ['base.vmdk', '1'] }) },
      '/lib/top.vmdk',
    )
    expect(error).toMatchObject({
      code: 'parent-missing',
      details: { file: '/lib/top.vmdk', parent: 'base.vmdk' },
    })
    expect(blocking).toEqual(['parent-missing'])
    expect(paths).toEqual(['/lib/top.vmdk'])
  })

  test('a parent without a name is named by its content ID', async () => {
    const { error } = await outcome(
      { '/lib/top.vmdk': vmdk({ cid: '2', parent: ['', '1'] }) },
      '/lib/top.vmdk',
    )
    expect(error).toMatchObject({ code: 'parent-missing', details: { parent: 'content ID 00000001' } })
  })

  test('a missing parent of a parent is named with the file that wants it', async () => {
    const files = {
      '/lib/top.vmdk': vmdk({ cid: '2', parent: ['mid.vmdk', '1'] }),
      '/lib/mid.vmdk': vmdk({ cid: '1', parent: ['gone.vmdk', '9'] }),
    }
    const { error, paths } = await outcome(files, '/lib/top.vmdk')
    expect(error).toMatchObject({ code: 'parent-missing', file: '/lib/mid.vmdk' })
    expect(paths).toEqual(['/lib/top.vmdk', '/lib/mid.vmdk'])
  })

  test('an image that is its own parent', async () => {
    const { error, blocking } = await outcome(
      { '/lib/a.vmdk': vmdk({ cid: '1', parent: ['a.vmdk', '1'] }) },
      '/lib/a.vmdk',
    )
    expect(error).toMatchObject({ code: 'chain-loop' })
    expect(blocking).toEqual(['chain-loop'])
  })

  test('a loop further down shows its way round', async () => {
    const files = {
      '/lib/top.vmdk': vmdk({ cid: '3', parent: ['a.vmdk', '1'] }),
      '/lib/a.vmdk': vmdk({ cid: '1', parent: ['b.vmdk', '2'] }),
      '/lib/b.vmdk': vmdk({ cid: '2', parent: ['a.vmdk', '1'] }),
    }
    const { error } = await outcome(files, '/lib/top.vmdk')
    expect(error).toMatchObject({
      code: 'chain-loop',
      details: { path: ['/lib/a.vmdk', '/lib/b.vmdk', '/lib/a.vmdk'] },
    })
  })

  test('a loop through a hard link of another name', async () => {
    const own = vmdk({ cid: '1', parent: ['other-name.vmdk', '1'] })
    const { error } = await outcome({ '/lib/a.vmdk': own, '/lib/other-name.vmdk': own }, '/lib/a.vmdk')
    expect(error).toMatchObject({ code: 'chain-loop' })
  })

  test('256 images are read, one more is too long', async () => {
    const files: Record<string, Uint8Array> = { '/lib/0.vmdk': vmdk({ cid: hex(0) }) }
    for (let i = 1; i <= 256; i += 1) {
      files[`/lib/${i}.vmdk`] = vmdk({ cid: hex(i), parent: [`${i - 1}.vmdk`, hex(i - 1)] })
    }
    const { ports } = memoryFiles(files)
    await using chain = await openChain('/lib/255.vmdk', ports)
    expect(chain.links).toHaveLength(256)
    const bytes = new Uint8Array(2048).fill(1)
    await chain.disk.readInto(bytes, 0)
    expect(bytes.every((byte) => byte === 0)).toBe(true)
    const { error, blocking } = await outcome(files, '/lib/256.vmdk')
    expect(error).toMatchObject({ code: 'chain-too-long' })
    expect(blocking).toEqual(['chain-too-long'])
  })

  test('a parent that changed, and one that is no VMDK', async () => {
    const top = vmdk({ cid: '2', parent: ['base.vmdk', '1'] })
    const changed = await outcome(
      { '/lib/top.vmdk': top, '/lib/base.vmdk': vmdk({ cid: '7' }) },
      '/lib/top.vmdk',
    )
    expect(changed.error).toMatchObject({
      code: 'parent-mismatch',
      details: { expected: 'content ID 00000001', found: 'content ID 00000007' },
    })
    expect(changed.paths).toHaveLength(2)
    const raw = await outcome(
      { '/lib/top.vmdk': top, '/lib/base.vmdk': new Uint8Array(4096) },
      '/lib/top.vmdk',
    )
    expect(raw.error).toMatchObject({ code: 'corrupt', file: '/lib/base.vmdk' })
  })

  test.each(['json:{"driver":"nbd"}', 'nbd:host:1', 'https://host/x'])('%s is not followed', async (name) => {
    const { error, blocking } = await outcome(
      { '/lib/top.vmdk': vmdk({ cid: '2', parent: [name.replaceAll('"', "'"), '1'] }) },
      '/lib/top.vmdk',
    )
    expect(error).toMatchObject({ code: 'reference-refused' })
    expect(blocking).toEqual(['reference-refused'])
  })

  test('an empty parent', async () => {
    const files = {
      '/lib/top.vmdk': vmdk({ cid: '2', parent: ['base.vmdk', '1'] }),
      '/lib/base.vmdk': new Uint8Array(0),
    }
    const { error } = await outcome(files, '/lib/top.vmdk')
    expect(error).toBeInstanceOf(DiskError)
  })

  test('the damage of the image itself comes before what is wrong below', async () => {
    const text =
      '# Disk DescriptorFile\nversion=1\nCID=2\nparentCID=1\nparentFileNameHint="gone"\nRW 4 FLAT "gone-flat" 0\n'
    const { error, blocking } = await outcome(
      { '/lib/top.vmdk': new TextEncoder().encode(text) },
      '/lib/top.vmdk',
    )
    expect(error).toMatchObject({ code: 'extent-file-missing' })
    expect(blocking).toEqual(['extent-file-missing', 'parent-missing'])
  })
})

describe('a name that says raw over bytes that name other files', () => {
  const files = {
    '/lib/disk.img': vmdk({ cid: '2', parent: ['base.vmdk', '1'] }),
    '/lib/base.vmdk': vmdk({ cid: '1' }),
  }

  test('is refused, and the other file not opened', async () => {
    const { error, blocking, paths } = await outcome(files, '/lib/disk.img')
    expect(error).toMatchObject({ code: 'refused', file: '/lib/disk.img' })
    expect(blocking).toEqual(['refused'])
    expect(paths).toEqual(['/lib/disk.img'])
  })

  test('is read when somebody says the format, or when it names no others', async () => {
    const { ports } = memoryFiles({ ...files, '/lib/alone.img': vmdk({ cid: '1' }) })
    await using said = await openChain('/lib/disk.img', ports, { format: 'vmdk' })
    expect(said.links).toHaveLength(2)
    await using alone = await openChain('/lib/alone.img', ports)
    expect(alone.links.map(({ format }) => format)).toEqual(['vmdk'])
  })
})

describe('the top file', () => {
  test('not there, empty, or unreadable: thrown by inspection too', async () => {
    const { ports } = memoryFiles({ '/lib/empty.img': new Uint8Array(0) })
    await expect(inspectChain('/lib/gone.img', ports)).rejects.toMatchObject({ code: 'not-found' })
    await expect(inspectChain('/lib/empty.img', ports)).rejects.toMatchObject({ code: 'not-an-image' })
    const failing = {
      ...memorySource(new Uint8Array(4096), '/lib/bad.img'),
      readInto: async () => {
        throw new DiskError('input-output', { file: '/lib/bad.img', reason: 'EIO' })
      },
    }
    const bad = memoryFiles({ '/lib/bad.img': failing })
    await expect(inspectChain('/lib/bad.img', bad.ports)).rejects.toMatchObject({ code: 'input-output' })
    expect(bad.open.size).toBe(0)
  })

  test('the format that somebody said is obeyed, also raw', async () => {
    const { ports } = memoryFiles({ '/lib/x.vmdk': vmdk({ cid: '1' }) })
    await using asRaw = await openChain('/lib/x.vmdk', ports, { format: 'raw' })
    expect(asRaw.links.map(({ format }) => format)).toEqual(['raw'])
    await expect(openChain('/lib/x.vmdk', ports, { format: 'qcow2' })).rejects.toBeInstanceOf(DiskError)
  })

  test('a name that promises VMDK, over bytes that are not: refused, not raw', async () => {
    const { error, blocking } = await outcome({ '/lib/x.vmdk': new Uint8Array(4096) }, '/lib/x.vmdk')
    expect(error).toMatchObject({ code: 'corrupt' })
    expect(blocking).toEqual(['corrupt'])
  })

  test('raw of any size keeps its size', async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
    const { ports } = memoryFiles({ '/lib/x.img': bytes })
    await using chain = await openChain('/lib/x.img', ports)
    const found = new Uint8Array(1000)
    await chain.disk.readInto(found, 0)
    expect(chain.disk.virtualSize).toBe(1000)
    expect(found).toEqual(bytes)
    await expect(chain.disk.readInto(found, 1)).rejects.toMatchObject({ code: 'out-of-range' })
  })
})
