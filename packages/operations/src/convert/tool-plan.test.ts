import { describe, expect, test } from 'vitest'
import type { CopyFacts, SourceFacts } from './facts.ts'
import { convertOperation } from './plan.ts'
import { ConvertRequest } from './request.ts'
import { writingTools, writingToolRules } from './writing-tools.ts'

const GiB = 1024 ** 3

function source(
  format: SourceFacts['report']['format'],
  more: Partial<SourceFacts['report']> = {},
): SourceFacts {
  return {
    address: { path: `/vms/a.${format}`, format, reading: {} },
    report: {
      format,
      subformat: null,
      virtualSize: 40 * GiB,
      fileSize: 3 * GiB,
      guest: null,
      details: {},
      snapshots: [],
      problems: [],
      ...more,
    },
  }
}

function plan(one: SourceFacts, request: object, facts: Partial<CopyFacts> = {}) {
  const asked = ConvertRequest.parse({ sources: [one.address], ...request })
  return convertOperation.plan(asked, {
    host: 'here',
    sources: [one],
    targets: {},
    backing: null,
    problems: [],
    tool: { isThere: true, links: [1] },
    ...facts,
  })
}

describe('a conversion by a tool', () => {
  test('reads the disk first, has the tool write, and names what holds the same', () => {
    const found = plan(source('vdi'), { target: '/vms/b.vmdk', format: 'vmdk', by: 'vboxmanage' })
    expect(found).toMatchSnapshot()
  })

  test.each(writingTools)('%s is refused where it is not, with how to get it', (by) => {
    const { reads, writes } = writingToolRules[by]
    const [format = 'raw'] = Object.keys(writes).toReversed()
    const [read = 'raw'] = reads.toReversed()
    const asked = { target: `/vms/b.${format}`, format, by }
    expect(plan(source(read), asked)).toMatchObject({ kind: 'plan' })
    expect(plan(source(read), asked, { tool: { isThere: false, links: [1] } })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'tool-missing', remedy: expect.stringMatching(/\./u) }],
    })
  })

  test.each([
    ['hyper-v', 'vhdx', 2, 'plan'],
    ['vmware-vdiskmanager', 'vmdk', 2, 'plan'],
    ['qemu-img', 'qcow2', 2, 'refusal'],
    ['vboxmanage', 'vdi', 2, 'refusal'],
  ] as const)('%s of a %s in a chain of %d: %s', (by, format, links, kind) => {
    const target = by === 'hyper-v' ? 'vhdx' : 'vmdk'
    const asked = { target: `/vms/b.${target}`, format: target, by }
    expect(plan(source(format), asked, { tool: { isThere: true, links: [links] } }).kind).toBe(kind)
  })

  test('sectors of 4,096 bytes are kept by Hyper-V only', () => {
    const large = source('vhdx', { details: { logicalSectorSize: 4096 } })
    const asked = { target: '/vms/b.vhdx', format: 'vhdx' }
    expect(plan(large, { ...asked, by: 'hyper-v' }).kind).toBe('plan')
    expect(plan(large, { ...asked, by: 'qemu-img' })).toMatchObject({ problems: [{ id: 'refused' }] })
  })

  test('snapshots inside are asked for as ever, and never extracted by a tool', () => {
    const snapshots = [{ id: '1', name: 'one', takenAt: null, virtualSize: null, stateSize: 0 }]
    const kept = source('qcow2', { snapshots: snapshots as never })
    const asked = { target: '/vms/b.vmdk', format: 'vmdk', by: 'qemu-img' }
    expect(plan(kept, asked)).toMatchObject({ kind: 'plan', warnings: [{ id: 'internal-snapshots' }] })
    expect(plan(kept, { ...asked, snapshots: 'extract' }).kind).toBe('refusal')
  })
})
