import { describe, expect, test } from 'vitest'
import { DiskError, isDiskError } from '../problems/disk-error.ts'
import { memoryFiles } from '../testing/memory-files.ts'
import { referenceOpener, takenProblem, type TakenBy } from './open-reference.ts'

const from = '/lib/vm/child.vmdk'

interface Scene {
  readonly there: readonly string[]
  readonly names: readonly string[]
  readonly namesDrivers?: boolean
  /** Files that may be opened lie below; all when not said. */
  readonly root?: string
}

/** The path that is opened and why, or the code of what is thrown. */
async function taken({ there, names, namesDrivers = false, root = '/' }: Scene) {
  const { ports, open } = memoryFiles(
    Object.fromEntries([from, ...there].map((path, index) => [path, Uint8Array.of(index)])),
  )
  const openReference = referenceOpener({ from, files: ports.files, namesDrivers })
  try {
    await using file = (await openReference(names)).file
    const { by, written } = await openReference(names)
    expect(names).toContain(written)
    expect(file.path.startsWith(root)).toBe(true)
    return [file.path, by]
  } catch (error) {
    if (!isDiskError(error)) throw error
    expect([...open]).toEqual([])
    return error.code
  }
}

describe('where a file is looked for', () => {
  test.each<[string, string, string, TakenBy | null]>([
    ['as written', 'disk-flat.vmdk', '/lib/vm/disk-flat.vmdk', null],
    ['with percent signs, which mean nothing', 'a%20b.vmdk', '/lib/vm/a%20b.vmdk', null],
    ['with a backslash that is a part of its name', 'a\\b.vmdk', '/lib/vm/a\\b.vmdk', null],
    ['with colons in its name', 'vm-10:00.vmdk', '/lib/vm/vm-10:00.vmdk', null],
    ['with what looks like a drive in its name', 'C:\\x.vmdk', '/lib/vm/C:\\x.vmdk', null],
    ['with what looks like a scheme in its name', 'file:x.vmdk', '/lib/vm/file:x.vmdk', null],
    ['with what looks like a share in its name', '\\\\srv', '/lib/vm/\\\\srv', null],
    ['with one letter before a colon', 'a:b.vmdk', '/lib/vm/a:b.vmdk', null],
    ['.\\x', '.\\x.vmdk', '/lib/vm/x.vmdk', 'separators'],
    ['in a folder behind a backslash', 'parts\\x.vmdk', '/lib/vm/parts/x.vmdk', 'separators'],
    ['..\\x', '..\\base\\x.vmdk', '/lib/vm/../base/x.vmdk', 'separators'],
    ['on a drive', 'C:\\VMs\\old\\x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['on a drive with slashes', 'd:/VMs/old/x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['on a drive without a folder', 'C:x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['on a drive of Windows 11', '\\\\?\\C:\\VMs\\x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['on a volume', '\\\\?\\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\\x.vhdx', '/lib/vm/x.vhdx', 'place'],
    ['on a share', '\\\\nas\\vms\\x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['on a VMFS', '/vmfs/volumes/5f0e/vm/x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['in a datastore', '[datastore1] vm/x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['at the top of a datastore', '[datastore1] x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['in a file: URL of Windows', 'file:///C:/VMs/x.vmdk', '/lib/vm/x.vmdk', 'place'],
    ['in capitals', 'X.VMDK', '/lib/vm/x.vmdk', 'case'],
    ['in small letters', 'x-s001.vmdk', '/lib/vm/X-S001.VMDK', 'case'],
    ['in folders in other case', 'Parts\\Disk\\X.vmdk', '/lib/vm/parts/disk/x.vmdk', 'case'],
    ['on a drive and in capitals', 'C:\\VMS\\X.VMDK', '/lib/vm/x.vmdk', 'case'],
    ['with accents composed otherwise', 'fu\u0308r.vmdk', '/lib/vm/f\u00fcr.vmdk', 'case'],
  ])('%s', async (_what, name, path, by) => {
    expect(await taken({ there: [path], names: [name] })).toEqual([path, by])
  })

  test('what every name says comes before what any might mean', async () => {
    const there = ['/lib/vm/x.vhd', '/lib/base/x.vhd']
    const names = ['C:\\VMs\\x.vhd', '../base/x.vhd']
    const path = '/lib/vm/../base/x.vhd'
    expect(await taken({ there: [...there, path], names })).toEqual([path, null])
  })

  test('a name as it is written comes before the same in other case', async () => {
    expect(await taken({ there: ['/lib/vm/X.vhd', '/lib/vm/x.vhd'], names: ['x.vhd'] })).toEqual([
      '/lib/vm/x.vhd',
      null,
    ])
  })
})

describe('what is not taken', () => {
  test.each<[string, Scene, string]>([
    [
      'one of two that differ in case',
      { there: ['/lib/vm/A.vmdk', '/lib/vm/a.vmdk'], names: ['a.VMDK'] },
      'not-found',
    ],
    ['the image itself for a file elsewhere', { there: [], names: ['/old/child.vmdk'] }, 'not-found'],
    ['the image itself in other case', { there: [], names: ['CHILD.vmdk'] }, 'not-found'],
    ['a folder for a file', { there: [], names: ['C:\\VMs\\'] }, 'not-found'],
    ['the folder above', { there: [], names: ['C:\\VMs\\..'] }, 'not-found'],
    ['a driver for a file', { there: [], names: ['nbd:host:10809'] }, 'reference-refused'],
    ['a document for a file', { there: [], names: ['json:{"driver":"null-co"}'] }, 'reference-refused'],
    [
      'a file whose name a driver has, where names may be drivers',
      { there: ['/lib/vm/nbd:host:10809'], names: ['nbd:host:10809'], namesDrivers: true },
      'reference-refused',
    ],
    [
      'the end of what names a driver',
      { there: ['/lib/vm/x.qcow2'], names: ['https://host/x.qcow2'], namesDrivers: true },
      'reference-refused',
    ],
    ['more folders than a name has', { there: ['/lib/vm/x'], names: [`${'A/'.repeat(40)}y`] }, 'not-found'],
  ])('%s', async (_what, scene, code) => {
    expect(await taken(scene)).toBe(code)
  })

  test.each([
    ['a.VMDK', ['A.vmdk', 'a.vmdk']],
    ['C:\\VMs\\a.VMDK', ['A.vmdk', 'a.vmdk']],
    ['PARTS/x.vmdk', ['parts/x.vmdk', 'Parts/x.vmdk'], ['Parts', 'parts']],
  ])('%s: several that fit are named', async (name, there, named = there) => {
    const files = Object.fromEntries(
      [from, ...there.map((file) => `/lib/vm/${file}`)].map((path, at) => [path, Uint8Array.of(at)]),
    )
    const open = referenceOpener({ from, files: memoryFiles(files).ports.files })
    const error: unknown = await open([name]).catch((reason: unknown) => reason)
    expect(isDiskError(error, 'not-found') && error.details.candidates?.toSorted()).toEqual(named.toSorted())
    const missing = new DiskError('parent-missing', { file: from, parent: name, candidates: named })
    for (const file of named) expect(missing.message).toContain(JSON.stringify(file))
    expect(missing.remedy).toMatch(/^Rename the one that is meant/u)
  })

  test('one in a folder too large to know whether another fits', async () => {
    const there = Array.from({ length: 10_000 }, (_, index) => `/lib/vm/${index}.vmdk`)
    expect(await taken({ there: [...there, '/lib/vm/x.vmdk'], names: ['X.vmdk'] })).toBe('not-found')
  })

  test('a file that is there and refused is not replaced by one beside', async () => {
    const { ports } = memoryFiles({
      [from]: Uint8Array.of(0),
      '/lib/vm/x.vmdk': Uint8Array.of(1),
      '/old/x.vmdk/y': Uint8Array.of(2),
    })
    const open = referenceOpener({ from, files: ports.files })
    await expect(open(['/old/x.vmdk'])).rejects.toMatchObject({ code: 'not-an-image' })
  })
})

describe('what is said about it', () => {
  const problem = async (name: string, isVerified: boolean) => {
    const { ports } = memoryFiles({ [from]: Uint8Array.of(0), '/lib/vm/x.vmdk': Uint8Array.of(1) })
    const found = await referenceOpener({ from, files: ports.files })([name])
    return takenProblem(found, { from, isVerified })
  }

  test('nothing when the file is where the name says', async () => {
    expect(await problem('x.vmdk', false)).toBeNull()
  })

  test('both names, and a question when nothing tells whether it is the one', async () => {
    expect(await problem('C:\\old\\x.vmdk', true)).toMatchObject({
      id: 'other-name-taken',
      severity: 'info',
      file: from,
      message: expect.stringMatching(/C:\\\\old\\\\x\.vmdk.*\/lib\/vm\/x\.vmdk/u),
    })
    expect(await problem('C:\\old\\x.vmdk', false)).toMatchObject({ severity: 'warn', asks: true })
    expect(await problem('.\\x.vmdk', false)).toMatchObject({ severity: 'info' })
    expect(await problem('.\\x.vmdk', false)).not.toHaveProperty('asks')
  })
})
