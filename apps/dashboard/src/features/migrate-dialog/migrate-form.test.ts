import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import { FileName } from '@varve/protocol/primitives'
import { describe, expect, test } from 'vitest'
import { kindsOf, nameProblem } from '../../plans/target-formats.ts'
import { changeForm, defaultForm, toRequest } from './migrate-form.ts'

function host(
  name: string,
  state: HostView['state'],
  libraries: readonly (readonly [string, number, boolean])[],
) {
  return {
    name,
    state,
    libraries: libraries.map(([library, free, writable]) => ({ name: library, writable, place: { free } })),
  } as unknown as HostView
}

const row = { name: 'office/web01.vmdk', host: 'north' } as ImageRow
const hosts = [
  host('north', 'connected', [['images', 10, true]]),
  host('west', 'offline', [['images', 99, true]]),
  host('south', 'connected', [
    ['small', 5, true],
    ['big', 50, true],
    ['huge', 500, false],
  ]),
]

describe('defaults', () => {
  test('another connected host, its writable library with the most space, the ending of the format', () => {
    expect(defaultForm(row, hosts)).toEqual({
      targetHost: 'south',
      targetLibrary: 'big',
      name: 'web01.qcow2',
      format: 'qcow2',
      subformat: null,
      compression: 'none',
      thinPool: null,
      sparse: false,
      reading: {},
    })
  })

  test('a single host is its own target', () => {
    expect(defaultForm(row, hosts.slice(0, 1)).targetHost).toBe('north')
  })

  test('no hosts, nothing chosen', () => {
    expect(defaultForm(row, [])).toMatchObject({ targetHost: '', targetLibrary: '' })
  })
})

describe('changes', () => {
  const form = { ...defaultForm(row, hosts), compression: 'zstd' as const }

  test('another host brings its own library', () => {
    expect(changeForm(form, { targetHost: 'north' }, hosts).targetLibrary).toBe('images')
  })

  test('raw takes its ending and cannot be compressed', () => {
    expect(changeForm(form, { format: 'raw' }, hosts)).toMatchObject({
      name: 'web01.raw',
      compression: 'none',
    })
  })

  test('a format of several kinds starts with its usual one, and one kind is none to choose', () => {
    const vhdx = changeForm(form, { format: 'vhdx' }, hosts)
    expect(vhdx).toMatchObject({ name: 'web01.vhdx', subformat: 'dynamic' })
    expect(changeForm(changeForm(vhdx, { subformat: 'fixed' }, hosts), { name: 'a' }, hosts).subformat).toBe(
      'fixed',
    )
    expect(changeForm(vhdx, { format: 'qcow2' }, hosts).subformat).toBeNull()
    expect(kindsOf('vmdk')).toEqual([
      'monolithicSparse',
      'streamOptimized',
      'monolithicFlat',
      'twoGbMaxExtentSparse',
      'twoGbMaxExtentFlat',
    ])
    expect(kindsOf('parallels')).toEqual(['expanding', 'bundle'])
    expect(kindsOf('qcow2')).toEqual([])
  })

  test('a library of volumes takes raw disks without an ending, thin where there is a pool; back it is a file', () => {
    const [north] = hosts.slice(0, 1)
    const volumes = { kind: 'lvm', pools: [{ name: 'data', free: 5 }] } as const
    const library = { name: 'vms', writable: false, volumes, place: { free: 9 } }
    const host = { ...north, libraries: [...(north?.libraries ?? []), library] } as unknown as HostView
    const at = changeForm(form, { targetHost: 'north' }, [host])
    const thin = changeForm(
      { ...at, format: 'vmdk', subformat: 'streamOptimized' },
      { targetLibrary: 'vms' },
      [host],
    )
    expect(thin).toMatchObject({
      name: 'web01',
      format: 'raw',
      subformat: null,
      compression: 'none',
      thinPool: 'data',
      sparse: false,
    })
    expect(changeForm(thin, { name: 'mail' }, [host])).toMatchObject({ name: 'mail', thinPool: 'data' })
    expect(changeForm(thin, { targetLibrary: 'images' }, [host])).toMatchObject({
      name: 'web01.qcow2',
      format: 'qcow2',
      thinPool: null,
    })
  })

  test('a name of the person’s own is kept', () => {
    expect(changeForm(form, { name: 'mail' }, hosts).name).toBe('mail')
  })
})

test('the request is for this image, the name without spaces around it', () => {
  expect(toRequest({ ...defaultForm(row, hosts), name: ' a.qcow2 ' }, 'i1')).toMatchObject({
    image: 'i1',
    name: 'a.qcow2',
  })
})

test.each(['web01.qcow2', 'ä'.repeat(100), '', '.hidden', 'a/b', 'a\\b', 'a\nb', 'ä'.repeat(101)])(
  'the name %j is judged as the controller judges it',
  (name) => {
    expect(nameProblem(name) === null).toBe(FileName.safeParse(name).success)
  },
)
