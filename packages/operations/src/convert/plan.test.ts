import { describe, expect, test } from 'vitest'
import type { CopyFacts, SourceFacts, TargetState } from './facts.ts'
import { convertOperation } from './plan.ts'
import { ConvertRequest } from './request.ts'

const GiB = 1024 ** 3

function source(path: string, change: Partial<SourceFacts['report']> = {}): SourceFacts {
  return {
    address: { path, format: null, reading: {} },
    report: {
      format: 'vmdk',
      subformat: 'monolithicSparse',
      virtualSize: 40 * GiB,
      fileSize: 3 * GiB,
      guest: null,
      details: {},
      snapshots: [],
      problems: [],
      ...change,
    },
  }
}

function snapshot(name: string) {
  return { id: '1', name, takenAt: '2026-01-01T00:00:00.000Z', virtualSize: null, stateSize: 0 }
}

interface Asked {
  readonly request?: Partial<ConvertRequest>
  readonly sources?: readonly SourceFacts[]
  readonly targets?: Readonly<Record<string, TargetState>>
  readonly facts?: Partial<CopyFacts>
}

function plan({ request = {}, sources = [source('/vms/a.vmdk')], targets = {}, facts = {} }: Asked = {}) {
  const asked = ConvertRequest.parse({
    sources: sources.map(({ address }) => address),
    target: '/vms/b.qcow2',
    format: 'qcow2',
    ...request,
  })
  return convertOperation.plan(asked, {
    host: 'here',
    sources,
    targets,
    backing: null,
    problems: [],
    ...facts,
  })
}

const staged = { target: '/vms/b.qcow2', format: 'qcow2', subformat: null }
const stagedByWrite = { ...staged, staging: { $from: 'write', field: 'staging' } }
const bytes = { bytes: 3 * GiB, seconds: null }
const unknown = { bytes: null, seconds: null }

describe('the plan of convert', () => {
  test('writes, proves and names the new image', () => {
    expect(plan()).toEqual({
      kind: 'plan',
      operation: 'convert',
      summary: 'Convert a.vmdk (40.0 GiB) to b.qcow2, qcow2',
      steps: [
        {
          id: 'write',
          host: 'here',
          action: 'write-image',
          input: {
            source: { path: '/vms/a.vmdk', format: null, reading: {} },
            inUse: 'ask',
            reflink: true,
            image: {
              ...staged,
              staging: { $fresh: 'id' },
              compression: 'none',
              options: {},
              backing: null,
              guest: {},
            },
          },
          after: [],
          needs: [],
          estimate: bytes,
        },
        {
          id: 'prove',
          host: 'here',
          action: 'prove-image',
          input: {
            image: stagedByWrite,
            expected: { $from: 'write', field: 'digest' },
            durability: 'synced',
          },
          after: ['write'],
          needs: [],
          estimate: bytes,
        },
        {
          id: 'publish',
          host: 'here',
          action: 'publish-image',
          input: { ...stagedByWrite, file: { $from: 'write', field: 'file' }, durability: 'synced' },
          after: ['prove'],
          needs: [],
          estimate: unknown,
        },
      ],
      warnings: [],
      subjects: [{ host: 'here', path: '/vms/b.qcow2', from: { host: 'here', path: '/vms/a.vmdk' } }],
      estimate: { bytes: 6 * GiB, seconds: null },
    })
  })

  test('names several new images only when all of them are proven', () => {
    const found = plan({
      request: { target: '/new', isFolder: true, format: 'parallels', subformat: 'bundle' },
      sources: [source('/vms/a.vmdk'), source('/vms/b.img.gz'), source('C:\\vms\\c')],
    })
    const steps = found.kind === 'plan' ? found.steps : []
    expect(steps.map(({ id }) => id)).toEqual(
      'write-1 prove-1 write-2 prove-2 write-3 prove-3 publish-1 publish-2 publish-3'.split(' '),
    )
    expect(found).toMatchObject({
      subjects: [{ path: '/new/a.hdd' }, { path: '/new/b.hdd' }, { path: '/new/c.hdd' }],
      summary: 'Convert 3 images to 3 of parallels bundle in new',
    })
  })

  test('keeps what the guest was set up with, and says what is lost', () => {
    const report = { details: { logicalSectorSize: 4096 } }
    const of = (format: 'vhdx' | 'vmdk') =>
      plan({ request: { format, target: `/vms/b.${format}` }, sources: [source('/vms/a.vhdx', report)] })
    expect(of('vhdx')).toMatchObject({
      steps: [{ input: { image: { guest: { logicalSectorSize: 4096 } } } }, {}, {}],
      warnings: [{ id: 'guest-sectors-kept', severity: 'info' }],
    })
    expect(of('vmdk')).toMatchObject({ warnings: [{ id: 'guest-sectors-4096', severity: 'info' }] })
  })

  test('replaces by keeping the original in quarantine, and leaves the proof out when asked to', () => {
    const found = plan({
      request: { existing: 'replace', verify: false },
      targets: { '/vms/b.qcow2': 'file' },
    })
    expect(found).toMatchObject({
      steps: [
        { id: 'write' },
        {
          id: 'replace',
          action: 'replace-image',
          input: { image: stagedByWrite, quarantine: { $fresh: 'id' } },
          after: ['write'],
        },
      ],
    })
  })

  test('asks what is to become of internal snapshots, and does what is said', () => {
    const sources = [source('/vms/a.qcow2', { format: 'qcow2', snapshots: ['one', 'a/b'].map(snapshot) })]
    expect(plan({ sources })).toMatchObject({
      kind: 'plan',
      warnings: [
        {
          id: 'internal-snapshots',
          asks: true,
          file: '/vms/a.qcow2',
          details: { snapshots: ['one', 'a/b'], choices: ['drop', 'extract'] },
        },
      ],
    })
    expect(plan({ sources, request: { snapshots: 'drop' } })).toMatchObject({ warnings: [] })
    const extracted = plan({ sources, request: { snapshots: 'extract' } })
    expect(extracted).toMatchObject({
      warnings: [],
      subjects: [{ path: '/vms/b.qcow2' }, { path: '/vms/b@one.qcow2' }, { path: '/vms/b@a_b.qcow2' }],
    })
    const second = extracted.kind === 'plan' ? extracted.steps[2]?.input : null
    expect(second).toMatchObject({ source: { path: '/vms/a.qcow2', reading: { snapshot: 'one' } } })
    const named = { ...source('/vms/a.qcow2', { snapshots: [snapshot('one')] }) }
    const one = { ...named, address: { ...named.address, reading: { snapshot: 'one' } } }
    expect(plan({ sources: [one] })).toMatchObject({ warnings: [], subjects: [{}] })
  })

  test('what a source says against itself is known, and asked for only where it has to be', () => {
    const about = { layer: 'L2', file: '/vms/a.vmdk', message: 'Odd.', remedy: 'Look.' } as const
    const problems = [
      { ...about, id: 'odd', severity: 'warn' },
      { ...about, id: 'asked', severity: 'warn', asks: true },
      { ...about, id: 'of-the-guest', severity: 'warn', layer: 'L6' },
      { ...about, id: 'broken', severity: 'block' },
    ] as const
    expect(plan({ sources: [source('/vms/a.vmdk', { problems })] })).toMatchObject({
      warnings: [
        { id: 'odd', severity: 'info' },
        { id: 'asked', severity: 'warn', asks: true },
      ],
    })
    const forced = source('/vms/a.vmdk', { problems })
    const rescue = { ...forced, address: { ...forced.address, reading: { rescue: true } } }
    expect(plan({ sources: [rescue] })).toMatchObject({
      warnings: [
        { id: 'odd' },
        { id: 'asked' },
        { id: 'broken', severity: 'info', details: { forced: true } },
      ],
    })
  })
})

const blocked = { severity: 'block', layer: 'L1', file: '/vms/b.qcow2', message: 'no', remedy: 'no' } as const
const flat = { format: 'vmdk', subformat: 'monolithicFlat', existing: 'replace' } as const

test.each<[string, Asked, string]>([
  ['a name that is taken', { targets: { '/vms/b.qcow2': 'file' } }, 'target-exists'],
  [
    'the source itself',
    { targets: { '/vms/b.qcow2': 'source' }, request: { existing: 'replace' } },
    'same-file',
  ],
  ['a parent of the source', { targets: { '/vms/b.qcow2': 'part' } }, 'same-file'],
  ['a folder that is not there', { targets: { '/vms/b.qcow2': 'no-folder' } }, 'folder-missing'],
  ['a device', { targets: { '/vms/b.qcow2': 'other' }, request: { existing: 'replace' } }, 'not-writable'],
  ['several files in the place of one', { targets: { '/vms/b.qcow2': 'file' }, request: flat }, 'refused'],
  [
    'a disk that is too large',
    { request: { format: 'vhd' }, sources: [source('/a', { virtualSize: 3e12 })] },
    'size-unsupported',
  ],
  ['a kind that there is not', { request: { subformat: 'fixed' } }, 'refused'],
  ['a compression that there is not', { request: { format: 'vhd', compression: 'zstd' } }, 'refused'],
  ['an option that there is not', { request: { options: { colour: 'red' } } }, 'refused'],
  [
    'an overlay of a format without parents',
    { request: { format: 'raw', backing: { path: '/c', format: null } } },
    'refused',
  ],
  [
    'two of one name',
    { request: { isFolder: true, target: '/new' }, sources: [source('/a/x.raw'), source('/b/x.vmdk')] },
    'refused',
  ],
  ['what could not be looked at', { facts: { problems: [{ ...blocked, id: 'not-found' }] } }, 'not-found'],
])('%s is refused', (_, asked, id) => {
  expect(plan(asked)).toMatchObject({ kind: 'refusal', operation: 'convert', problems: [{ id }] })
})
