import { truncate, writeFile } from 'node:fs/promises'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { performAction } from '../perform.ts'
import { adapterTable } from '../adapter-table.ts'
import { openTestHost } from '../../testing/test-host.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal
const gpt = 'label: gpt\nstart=2048, size=10240\nstart=12288, size=20480\n'
const mbr = 'label: dos\nlabel-id: 0x12345678\nstart=2048, size=10240\nstart=12288, size=20480\n'

/** A VHDX of that table, made longer after it was written, where `grown` says so. */
async function workIn(place: TempPlace, table: string, grown = 0) {
  const raw = place.file('a.raw')
  await writeFile(raw, '')
  await truncate(raw, 32 * mib)
  await runToolOk('sh', ['-c', 'printf %s "$2" | sfdisk -q --wipe never "$1"', 'sh', raw, table])
  await truncate(raw, 32 * mib + grown)
  const work = place.file('a.vhdx')
  await using host = openTestHost(place.path)
  const request = { sources: [{ path: raw, format: null, reading: {} }], target: work, format: 'vhdx' }
  const plan = await host.plan('convert', request)
  if (plan.kind === 'refusal') throw new Error('it was refused')
  await host.runs.start({ plan, request, accepted: [] }, { stop })
  const { guest } = await inspectFile(raw, { roots: null })
  const input: ActionInput<'prove-table'> = {
    work,
    name: '/lib/web.vhdx',
    partition: 2,
    start: 6 * mib,
    kind: table === gpt ? 'gpt' : 'mbr',
    id: guest?.table.id ?? null,
    size: 10 * mib,
    others: [{ start: mib, length: 5 * mib }],
  }
  return input
}

describe.skipIf(!requires('sfdisk'))('a table that others have written', () => {
  const prove = async (place: TempPlace, input: ActionInput<'prove-table'>) => {
    await using host = openTestHost(place.path)
    const { ports } = host
    const context = { ports, signal: stop, isResumed: false, onProgress: () => {} }
    return await performAction(adapterTable, { action: 'prove-table', input }, context)
  }

  test.each([gpt, mbr])('is what it was but for the end of one partition', async (table) => {
    await using place = await tempPlace()
    const input = await workIn(place, table)
    expect(await prove(place, input)).toEqual({ end: 16 * mib })
    const wrong = [
      { size: 11 * mib },
      { id: 'another' },
      { others: [] },
      { others: [{ start: mib, length: 4 * mib }] },
      { kind: input.kind === 'gpt' ? ('mbr' as const) : ('gpt' as const) },
    ]
    for (const change of wrong)
      await expect(prove(place, { ...input, ...change })).rejects.toMatchObject({
        code: 'refused',
        details: { finding: 'table-differs', layer: 'L4', file: '/lib/web.vhdx' },
      })
  })

  test('whose second copy was left in the middle is none', async () => {
    await using place = await tempPlace()
    const input = await workIn(place, gpt, 8 * mib)
    await expect(prove(place, input)).rejects.toMatchObject({
      details: { finding: 'table-differs', reason: expect.stringContaining('not at the end') as string },
    })
  })
})
