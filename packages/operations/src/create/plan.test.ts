import { targetProfileNames } from '@varve/core/rules/target-profiles'
import { describe, expect, test } from 'vitest'
import { createOperation, type CreateFacts } from './plan.ts'
import { CreateRequest } from './request.ts'

const GiB = 1024 ** 3
const MiB = 1024 ** 2
const facts: CreateFacts = {
  host: 'here',
  state: 'free',
  parent: null,
  freeBytes: 100 * GiB,
  filesystem: 'ext4',
  problems: [],
  below: [],
}
const parent = {
  path: '/vms/base.qcow2',
  format: 'qcow2',
  logicalSectorSize: null,
  virtualSize: 40 * GiB,
} as const

function plan(request: object, change: Partial<CreateFacts> = {}) {
  const asked = CreateRequest.parse({ target: '/vms/new.qcow2', ...request })
  return createOperation.plan(asked, { ...facts, ...change })
}

const kind = { target: '/vms/new.qcow2', format: 'qcow2', subformat: null }
const staged = { ...kind, staging: { $from: 'create', field: 'staging' } }
const unknown = { bytes: null, seconds: null }
const newImage = { ...kind, staging: { $fresh: 'id' }, compression: 'none', options: {}, guest: {} }

describe('the plan of create', () => {
  test('writes a blank image, proves and names it', () => {
    expect(plan({ size: 40 * GiB, format: 'qcow2' })).toEqual({
      kind: 'plan',
      operation: 'create',
      summary: 'Create new.qcow2, qcow2 of 40.0 GiB',
      steps: [
        {
          id: 'create',
          host: 'here',
          action: 'create-image',
          input: { size: 40 * GiB, image: { ...newImage, backing: null } },
          after: [],
          needs: [],
          estimate: unknown,
        },
        {
          id: 'prove',
          host: 'here',
          action: 'prove-image',
          input: { image: staged, expected: { $from: 'create', field: 'digest' }, durability: 'synced' },
          after: ['create'],
          needs: [],
          estimate: unknown,
        },
        {
          id: 'publish',
          host: 'here',
          action: 'publish-image',
          input: { ...staged, file: { $from: 'create', field: 'file' }, durability: 'synced' },
          after: ['prove'],
          needs: [],
          estimate: unknown,
        },
      ],
      warnings: [],
      subjects: [{ host: 'here', path: '/vms/new.qcow2' }],
      estimate: unknown,
    })
  })

  test('an overlay is as large as its parent unless more is asked for', () => {
    const request = { format: 'qcow2', parent: { path: parent.path } }
    expect(plan(request, { parent })).toMatchObject({
      summary: 'Create new.qcow2, qcow2 of 40.0 GiB, an overlay of base.qcow2',
      steps: [
        {
          input: { size: 40 * GiB, image: { backing: { path: '/vms/base.qcow2', format: 'qcow2' } } },
        },
        { id: 'publish', after: ['create'] },
      ],
    })
    expect(plan({ ...request, size: 41 * GiB }, { parent })).toMatchObject({ kind: 'plan' })
    expect(plan({ ...request, size: 39 * GiB }, { parent })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'refused', file: '/vms/new.qcow2' }],
    })
  })

  test('takes at once what is reserved', () => {
    const request = { format: 'raw', size: 40 * GiB, options: { preallocation: 'full' } }
    expect(plan(request)).toMatchObject({ estimate: { bytes: 40 * GiB } })
    expect(plan(request, { freeBytes: GiB })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'no-space', details: { wanted: 40 * GiB, available: GiB } }],
    })
  })

  test('a profile sets the kind', () => {
    const kinds = targetProfileNames.map((profile) => {
      const found = plan({ target: '/vms/new', profile, size: 40 * GiB })
      const input = found.kind === 'plan' ? (found.steps[0]?.input as { image: typeof kind }) : null
      return [profile, input?.image.format, input?.image.subformat]
    })
    expect(kinds).toEqual([
      ['aws', 'raw', null],
      ['azure', 'vhd', 'fixed'],
      ['esxi', 'vmdk', 'streamOptimized'],
      ['gcp', 'raw', null],
      ['hyperv-1', 'vhdx', null],
      ['hyperv-2', 'vhdx', null],
      ['proxmox', 'qcow2', null],
      ['utm', 'qcow2', null],
      ['virtualbox', 'vdi', null],
    ])
    expect(plan({ profile: 'virtualbox', format: 'vhd', size: GiB })).toMatchObject({
      steps: [{ input: { image: { format: 'vhd', subformat: null } } }, {}, {}],
    })
  })
})

test.each<[string, object, string]>([
  ['no size', { format: 'qcow2' }, 'Say its size'],
  ['a kind that there is not', { format: 'qcow2', subformat: 'fixed', size: GiB }, 'no qcow2 of the kind'],
  [
    'an option that there is not',
    { format: 'vdi', size: GiB, options: { preallocation: 'full' } },
    'no option',
  ],
  ['a disk that is too large', { format: 'vhd', size: 3000 * GiB }, '2,040 GiB'],
  ['a size of no whole sectors', { format: 'vhd', size: 1000 }, 'whole number of sectors'],
  ['qcow2 for Azure', { profile: 'azure', format: 'qcow2', size: GiB }, 'Choose vhd fixed'],
  ['a VHD for Azure by another name', { profile: 'azure', size: GiB }, 'its name says QCOW2'],
  ['half a MiB for Azure', { profile: 'azure', size: GiB + 512 }, `${GiB + MiB} bytes`],
  ['half a GiB for Google Cloud', { profile: 'gcp', size: GiB / 2 }, `${GiB} bytes`],
  ['65 TiB for Hyper-V', { profile: 'hyperv-2', size: 65 * 1024 * GiB }, 'at most 65536 GiB'],
  ['VHD for Hyper-V generation 2', { profile: 'hyperv-2', format: 'vhd', size: GiB }, 'Choose vhdx'],
])('%s is refused', (_, request, says) => {
  const found = plan(request)
  expect(found).toMatchObject({ kind: 'refusal', operation: 'create' })
  expect(JSON.stringify(found)).toContain(says)
})

test.each<[string, object, object, string]>([
  ['over another format', { format: 'vhd' }, {}, 'overlay-format-differs'],
  ['of another size', { format: 'vmdk', size: 41 * GiB }, { format: 'vmdk' }, 'overlay-size-differs'],
  ['with all its room', { format: 'vdi', subformat: 'fixed' }, { format: 'vdi' }, 'overlay-kind'],
  [
    'with other sectors',
    { format: 'vhdx', options: { logical_sector_size: '512' } },
    { format: 'vhdx', logicalSectorSize: 4096 },
    'overlay-sectors-differ',
  ],
  ['in a format that has none', { format: 'parallels' }, {}, 'refused'],
])('an overlay %s is refused', (_, request, below, id) => {
  const found = plan({ ...request, parent: { path: parent.path } }, { parent: { ...parent, ...below } })
  expect(found).toMatchObject({ kind: 'refusal', problems: [{ id, file: '/vms/new.qcow2' }] })
})

test('a file is written in place where its filesystem does that', () => {
  const request = { format: 'raw', size: GiB, noCow: true }
  const on = (filesystem: string | null) => {
    const found = plan(request, { filesystem })
    if (found.kind === 'refusal') return found.problems.map(({ id }) => id)
    return [found.steps[0]?.input, ...found.warnings.map(({ id }) => id)]
  }
  expect(on('btrfs')).toEqual([expect.objectContaining({ noCow: true }), 'no-cow-unchecked'])
  expect(on('ext4')).toEqual([expect.not.objectContaining({ noCow: true }), 'no-cow-idle'])
  expect(on('zfs')).toEqual(['no-cow-impossible'])
  expect(on(null)).toEqual(['no-cow-impossible'])
  expect(plan({ ...request, noCow: false }, { filesystem: 'btrfs' })).toMatchObject({ warnings: [] })
})

test('what has the name, and what cannot be looked at, refuses', () => {
  const request = { format: 'qcow2', size: GiB }
  expect(plan(request, { state: 'file' })).toMatchObject({ problems: [{ id: 'target-exists' }] })
  expect(plan(request, { state: 'no-folder' })).toMatchObject({ problems: [{ id: 'folder-missing' }] })
  const problem = {
    id: 'not-found',
    severity: 'block',
    layer: 'L1',
    file: '/p',
    message: 'no',
    remedy: 'no',
  } as const
  expect(plan({ ...request, parent: { path: '/p' } }, { problems: [problem] })).toMatchObject({
    kind: 'refusal',
    problems: [{ id: 'not-found' }],
  })
})
