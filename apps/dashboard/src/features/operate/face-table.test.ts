import { operationTable } from '@varve/operations/operation-table'
import type { ImageRow } from '@varve/protocol/images'
import { describe, expect, test } from 'vitest'
import { formProblem, whyNot, type Face, type Subject, type Values } from './face.ts'
import { faces } from './face-table.ts'

const row: ImageRow = {
  id: 'image-1',
  host: 'north',
  library: 'images',
  name: 'office/web01.qcow2',
  format: 'qcow2',
  subformat: null,
  virtualSize: 2 ** 30,
  allocated: 2 ** 20,
  fileSize: 2 ** 20,
  contents: '',
  strip: null,
  chainLength: 2,
  reclaimable: null,
  findings: { block: 0, warn: 0, info: 0 },
  modifiedAt: '2026-01-01T00:00:00Z',
  provenAt: null,
  hostState: 'connected',
}
const subject: Subject = {
  host: 'north',
  library: 'images',
  row,
  report: null,
  children: [],
  hostView: null,
  quarantine: 'q1',
  target: '/dev/loop5',
}

/** What somebody writes into the fields that have no default, so that the form is filled in. */
function filled(face: Face): Values {
  const values = face.defaults(subject)
  const texts = face.fields(subject, values).filter(({ kind }) => kind === 'text')
  return {
    ...values,
    ...Object.fromEntries(
      texts.flatMap(({ key }) =>
        values[key] === undefined || values[key] === '' ? [[key, samples[key] ?? 'other.qcow2']] : [],
      ),
    ),
  }
}

const samples: Values = { size: '40G', port: '10809' }

test('each operation is offered once', () => {
  const names = faces.map(({ operation }) => operation)
  expect(new Set(names).size).toBe(names.length)
})

describe.each(faces.map((face) => [face.operation, face] as const))('%s', (operation, face) => {
  test('its form gives a request that the operation takes', () => {
    const values = filled(face)
    expect(formProblem(face, subject, values)).toBeNull()
    const { request, paths } = operationTable[operation]
    const parsed = request.safeParse(face.request(subject, values))
    expect(parsed.error).toBeUndefined()
    // Nothing of the form is dropped on the way.
    expect(Object.keys(parsed.data ?? {})).toEqual(
      expect.arrayContaining(Object.keys(face.request(subject, values))),
    )
    expect(paths.length).toBeGreaterThan(0)
  })

  test('every choice that can be made gives one too', () => {
    const { request } = operationTable[operation]
    for (const field of face.fields(subject, face.defaults(subject))) {
      if (field.kind === 'text') continue
      const options = field.options.map(({ value }) => value)
      for (const value of options) {
        const change = { [field.key]: value }
        const values = face.change?.(filled(face), change, subject) ?? { ...filled(face), ...change }
        expect(
          request.safeParse(face.request(subject, values)).error,
          `${field.key}: ${value}`,
        ).toBeUndefined()
        expect(formProblem(face, subject, values)).toBeNull()
      }
    }
  })

  test('it is not offered while its host is away', () => {
    expect(whyNot(face, { ...subject, row: { ...row, hostState: 'offline' } })).toBe('north is offline')
  })
})

test('what others are made over is not deleted, what has no parent is not repointed, what cannot be read is not compared', () => {
  const why = (operation: string, change: Partial<Subject>) => {
    const face = faces.find((one) => one.operation === operation)
    return face ? whyNot(face, { ...subject, ...change }) : 'not offered'
  }
  expect(why('delete', {})).toBeNull()
  expect(why('delete', { children: ['a.qcow2', 'b.qcow2'] })).toBe(
    'a.qcow2 and 1 more cannot be read without it',
  )
  expect(why('chain-repoint', {})).toBeNull()
  expect(why('chain-repoint', { row: { ...row, chainLength: 1 } })).toBe('It has no parent')
  expect(why('chain-repoint', { row: { ...row, format: 'raw' } })).toBe('Raw images have no parents')
  expect(why('compare', { row: { ...row, virtualSize: null } })).toBe('Its disk cannot be read')
})

test('on Windows NTFS and ReFS in partitions get another size, and nothing that Linux alone does is offered', () => {
  const hostView = { state: 'connected', os: { platform: 'windows', name: 'Windows' } } as NonNullable<
    Subject['hostView']
  >
  const at = (index: number, type: string) => ({
    index,
    start: index * 2 ** 20,
    length: 2 ** 20,
    type,
    role: 'primary',
  })
  const holding = (...types: readonly string[]) => {
    const partitions = types.map((type, before) => at(before + 1, type))
    return {
      guest: {
        table: { kind: 'mbr', sure: 'consistent', sectorSize: 512, id: null, partitions, notes: [] },
        volumes: [],
        filesystems: partitions.map(({ start, length, type }) => ({ start, length, size: length, type })),
        problems: [],
      },
    } as unknown as NonNullable<Subject['report']>
  }
  for (const operation of ['grow', 'shrink']) {
    const face = faces.find((one) => one.operation === operation)
    const there = { ...subject, hostView, report: holding('fat32', 'ntfs', 'ext4') }
    expect(face?.defaults(there)).toMatchObject({ partition: '' })
    const fields = face?.fields(there, { ...face.defaults(there), partition: '2' }) ?? []
    const partition = fields.find(({ key }) => key === 'partition')
    expect(partition?.kind === 'choice' && partition.options.map(({ value }) => value)).toEqual([
      '',
      '2',
      'none',
    ])
    expect(fields.map(({ key }) => key)).not.toContain('behind')
    expect(fields.map(({ key }) => key)).not.toContain('table')
    expect(fields.map(({ key }) => key)).toContain('contents')
    expect(face?.defaults({ ...there, report: holding('ext4') })).toMatchObject({ partition: 'none' })
  }
})

test('disks get another size in formats that are written, what is in them on Linux, and are cut where something can go', () => {
  const why = (operation: string, change: Partial<Subject>) => {
    const face = faces.find((one) => one.operation === operation)
    return face ? whyNot(face, { ...subject, ...change }) : 'not offered'
  }
  const host = (platform: 'linux' | 'windows') =>
    ({ state: 'connected', os: { platform, name: 'Windows Server 2025' } }) as NonNullable<
      Subject['hostView']
    >
  const holding = (type: string, end: number, volume?: string) =>
    ({
      guest: {
        table: { kind: 'none', sure: 'consistent', sectorSize: 512, id: null, partitions: [], notes: [] },
        volumes: volume === undefined ? [] : [{ start: 0, length: end, type: volume, members: [] }],
        filesystems: [{ start: 0, length: end, size: end, type }],
        problems: [],
      },
    }) as unknown as NonNullable<Subject['report']>
  for (const operation of ['grow', 'shrink']) {
    expect(why(operation, { hostView: host('linux') })).toBeNull()
    expect(why(operation, { hostView: host('windows') })).toBeNull()
    const face = faces.find((one) => one.operation === operation)
    expect(face?.defaults({ ...subject, hostView: host('windows') })).toMatchObject({ partition: 'none' })
    expect(face?.defaults({ ...subject, hostView: host('linux') })).toMatchObject({ partition: '' })
    expect(why(operation, { row: { ...row, format: 'qed' } })).toMatch(/does not write/u)
    expect(why(operation, { children: ['a.qcow2'] })).toBe('a.qcow2 cannot be read without it')
  }
  expect(why('shrink', { report: holding('ext4', 2 ** 30) })).toBeNull()
  expect(why('shrink', { report: holding('refs', 2 ** 30) })).toBe(
    'It ends with ReFS, which cannot be made smaller',
  )
  expect(why('shrink', { report: holding('xfs', 2 ** 30) })).toBeNull()
  expect(why('shrink', { report: holding('xfs', 2 ** 29) })).toBeNull()
  expect(why('grow', { report: holding('xfs', 2 ** 30) })).toBeNull()
  expect(why('shrink', { report: holding('xfs', 2 ** 30, 'lvm2') })).toBeNull()
  expect(why('shrink', { report: holding('xfs', 2 ** 30, 'luks2') })).toContain('passphrase')
})

test('shrink has the files copied where the filesystem cannot become smaller, and offers that for ext', () => {
  const face = faces.find(({ operation }) => operation === 'shrink')
  if (!face) throw new Error('not offered')
  const asked = (
    type: string,
    values: Record<string, string> = {},
    inside: { volumes: object[]; filesystems: object[] } = {
      volumes: [],
      filesystems: [{ start: 0, length: 2 ** 30, size: 2 ** 30, type }],
    },
  ) => {
    const guest = {
      table: { kind: 'none', sure: 'consistent', sectorSize: 512, id: null, partitions: [], notes: [] },
      problems: [],
      ...inside,
    }
    const of = { ...subject, report: { guest } as unknown as NonNullable<Subject['report']> }
    const all = { ...face.defaults(of), ...values }
    return { keys: face.fields(of, all).map(({ key }) => key), ...face.request(of, all) }
  }
  expect(asked('xfs')).toMatchObject({ byFiles: true, keys: ['how', 'partition', 'way'] })
  expect(asked('ext4')).toMatchObject({ byFiles: false, keys: ['how', 'partition', 'way', 'contents'] })
  expect(asked('ext4', { way: 'files' })).toMatchObject({ byFiles: true })
  expect(asked('xfs', { partition: 'none' })).toMatchObject({ byFiles: false })
  expect(asked('btrfs')).toMatchObject({ byFiles: false, keys: ['how', 'partition', 'contents'] })
  const member = (name: string, start: number) => ({
    name,
    length: 2 ** 20,
    segments: [{ start, length: 2 ** 20 }],
  })
  const members = [member('root', 2 ** 20), member('swap', 2 ** 21), member('home', 2 ** 22)]
  const inGroup = (root: string, home: string) => ({
    volumes: [{ start: 0, length: 2 ** 30, type: 'lvm2', group: 'vg', members }],
    filesystems: members.map(({ segments }, at) => ({
      ...segments[0],
      size: 2 ** 20,
      type: [root, 'swap', home][at],
    })),
  })
  expect(asked('', {}, inGroup('xfs', 'xfs'))).toMatchObject({ byFiles: true })
  expect(asked('', {}, inGroup('xfs', 'btrfs'))).toMatchObject({ byFiles: false })
  expect(asked('', { volume: 'vg/root' }, inGroup('xfs', 'btrfs'))).toMatchObject({ byFiles: true })
  expect(asked('', { volume: 'vg/home' }, inGroup('xfs', 'btrfs'))).toMatchObject({ byFiles: false })
})

test('grow offers to move what lies behind, and a GPT in place of an MBR, where there is something to it', () => {
  const face = faces.find(({ operation }) => operation === 'grow')
  const at = (index: number, start: number) =>
    ({ index, start, length: 2 ** 29, role: 'primary', type: '0x83', bootable: false }) as const
  const report = {
    guest: {
      table: { kind: 'mbr', sure: 'consistent', sectorSize: 512, partitions: [at(1, 0), at(2, 2 ** 29)] },
      volumes: [],
      filesystems: [],
      problems: [],
    },
  } as unknown as NonNullable<Subject['report']>
  const seen = { ...subject, report }
  const keysOf = (values: Record<string, string>) => face?.fields(seen, values).map(({ key }) => key)
  const chosen = { size: '4G', partition: '1', behind: 'move', table: 'gpt' }
  expect(keysOf(chosen)).toEqual(['size', 'partition', 'behind', 'table', 'contents'])
  expect(face?.request(seen, chosen)).toMatchObject({ partition: 1, isMoving: true, toGpt: true })
  expect(keysOf({ ...chosen, partition: '2' })).not.toContain('behind')
  expect(face?.request(seen, { ...chosen, partition: '2' })).toMatchObject({ isMoving: false })
})

test('a form says what it lacks', () => {
  const compare = faces.find(({ operation }) => operation === 'compare')
  expect(compare && formProblem(compare, subject, { other: '' })).toBe('A name is needed.')
  expect(compare && formProblem(compare, subject, { other: '../x' })).toBe(
    'A name does not start with a dot.',
  )
  expect(compare && formProblem(compare, subject, { other: '/srv/x.img' })).toBeNull()
})

test('Windows attaches VHD and VHDX, and has checkpoints of them', () => {
  const hostView = { os: { platform: 'windows', name: 'Windows' } } as NonNullable<Subject['hostView']>
  const of = (operation: string, format: 'vhdx' | 'qcow2') => {
    const face = faces.find((one) => one.operation === operation)
    const about = { ...subject, hostView, row: { ...row, format } }
    if (!face) return null
    const start = face.defaults(about)
    return { why: whyNot(face, about), fields: face.fields(about, start), start }
  }
  expect([of('attach', 'vhdx')?.why, of('attach', 'qcow2')?.why]).toEqual([
    null,
    'Windows attaches VHD and VHDX alone',
  ])
  expect([of('mount', 'vhdx')?.why, of('mount', 'qcow2')?.why]).toEqual([
    null,
    'Windows attaches VHD and VHDX alone',
  ])
  expect(of('snapshot-create', 'vhdx')?.start).toMatchObject({ kind: 'internal' })
  for (const operation of ['snapshot-apply', 'snapshot-delete'])
    expect(of(operation, 'vhdx')).toMatchObject({ why: null, fields: [{ label: 'Name of the checkpoint' }] })
})

test('Windows compacts in place, and makes a checkpoint of a kind, where that is chosen', () => {
  const hostView = { os: { platform: 'windows', name: 'Windows' } } as NonNullable<Subject['hostView']>
  const about = { ...subject, hostView, row: { ...row, format: 'vhdx' as const } }
  const face = (operation: string) => {
    const found = faces.find((one) => one.operation === operation)
    if (!found) throw new Error(operation)
    return found
  }
  const reclaim = face('reclaim')
  const inPlace = { ...reclaim.defaults(about), how: 'in-place' }
  expect(reclaim.fields(about, inPlace).map(({ key }) => key)).toEqual(['what', 'how'])
  expect(reclaim.request(about, inPlace)).toMatchObject({ inPlace: true })
  expect(reclaim.request(about, reclaim.defaults(about))).toMatchObject({ inPlace: false })
  expect(reclaim.readyFor?.(inPlace)).toContain('Nothing of before is kept')
  // No other host, and no other format, has that way.
  expect(reclaim.request(subject, inPlace)).toMatchObject({ inPlace: false })
  expect(reclaim.fields(subject, inPlace).map(({ key }) => key)).toEqual(['what'])

  const create = face('snapshot-create')
  const production = { ...create.defaults(about), name: 'a', checkpoint: 'production' }
  expect(create.request(about, production)).toEqual({
    image: expect.any(String),
    name: 'a',
    kind: 'internal',
    checkpoint: 'production',
  })
  expect(create.request(about, { ...production, kind: 'external' })).not.toHaveProperty('checkpoint')
  expect(create.request(about, { ...production, checkpoint: '' })).not.toHaveProperty('checkpoint')
})
