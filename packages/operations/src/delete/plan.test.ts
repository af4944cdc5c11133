import { noUses, type Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { ImageFilesFacts } from '../image-files-facts.ts'
import { deleteOperation } from './plan.ts'

const facts: ImageFilesFacts = {
  host: 'here',
  path: '/lib/web01.vmdk',
  format: 'vmdk',
  virtualSize: 40 * 1024 ** 3,
  bytes: 3 * 1024 ** 3,
  files: ['/lib/web01-f001.vmdk', '/lib/web01.vmdk'],
  elsewhere: [],
  partOf: null,
  dependents: [],
  searched: ['/lib'],
  unseen: null,
  uses: noUses,
  machines: [],
}
const part = '/lib/web01-f001.vmdk'
const used: Uses = {
  files: [{ path: part, uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
  unseen: [],
}

const plan = (change: Partial<ImageFilesFacts> = {}) =>
  deleteOperation.plan({ image: facts.path }, { ...facts, ...change })

describe('the plan of delete', () => {
  test('is one step into quarantine', () => {
    expect(plan()).toEqual({
      kind: 'plan',
      operation: 'delete',
      summary: 'Put web01.vmdk (3.00 GiB in 2 files) into quarantine',
      steps: [
        {
          id: 'set-aside',
          host: 'here',
          action: 'set-aside',
          input: { path: '/lib/web01.vmdk', quarantine: { $fresh: 'id' }, why: 'deleted', only: null },
          after: [],
          needs: [],
          estimate: { bytes: null, seconds: null },
        },
      ],
      warnings: [
        {
          id: 'no-dependents',
          severity: 'info',
          layer: 'L2',
          file: '/lib/web01.vmdk',
          message:
            'L2 "/lib/web01.vmdk": no image that is made over it is in "/lib" and below; other folders were not searched',
          remedy: 'varve chain show /lib/web01.vmdk --folder FOLDER searches another one.',
          details: { searched: ['/lib'] },
        },
      ],
      subjects: [{ host: 'here', path: '/lib/web01.vmdk' }],
      estimate: { bytes: null, seconds: null },
    })
  })

  test('is refused while anything depends on it, naming what', () => {
    const dependents = Array.from({ length: 7 }, (_, at) => `/lib/over ${at}.qcow2`)
    const refusal = plan({ dependents })
    expect(refusal).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'has-dependents', layer: 'L2', file: facts.path, details: { dependents } }],
    })
    expect(JSON.stringify(refusal)).toContain('and 2 more')
  })

  test('of a part of an image is refused, with the command that deletes the whole', () => {
    expect(plan({ partOf: '/lib/my disk.vmdk' })).toEqual({
      kind: 'refusal',
      operation: 'delete',
      problems: [
        {
          id: 'part-of-image',
          severity: 'block',
          layer: 'L1',
          file: facts.path,
          message:
            'L1 "/lib/web01.vmdk": it is a part of the image "/lib/my disk.vmdk", which cannot be read without it',
          remedy: "Act on the whole image: varve delete '/lib/my disk.vmdk'",
          details: { image: '/lib/my disk.vmdk' },
        },
      ],
    })
  })

  test('is refused while somebody may write to one of its files', () => {
    expect(plan({ uses: used })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'in-use', severity: 'block', file: '/lib/web01-f001.vmdk' }],
    })
  })

  test('says nothing of folders when nobody looked, and names four of many', () => {
    expect(plan({ searched: [] })).toMatchObject({ warnings: [] })
    const searched = Array.from({ length: 6 }, (_, at) => `/lib${at}`)
    expect(plan({ searched })).toMatchObject({
      warnings: [
        {
          message: expect.stringContaining(
            'in "/lib0", "/lib1", "/lib2", "/lib3" and 2 other folders and below;',
          ),
        },
      ],
    })
  })

  test('asks for consent where parts stay behind, or where nobody looked', () => {
    expect(plan({ elsewhere: ['/dev/sdb'], unseen: 'more than 50000 files are there' })).toMatchObject({
      kind: 'plan',
      warnings: [
        { id: 'part-stays', severity: 'warn', details: { part: '/dev/sdb' } },
        { id: 'dependents-not-seen', severity: 'warn' },
      ],
    })
  })
})
