import { DiskError } from '@varve/core/problems/disk-error'
import { expect, test } from 'vitest'
import type { CommandContext } from '../command.ts'
import { throwBusy, whenFree } from './when-free.ts'

const busy = (run: string) => new DiskError('run-busy', { file: '/a.raw', run, operation: 'Repair a.raw' })

function contextOf(signal: AbortSignal = new AbortController().signal) {
  const said: string[] = []
  const context: Pick<CommandContext, 'signal' | 'remark'> = {
    signal,
    remark: (text) => void said.push(text),
  }
  return { said, context }
}

test('waits for each run that stands in the way, says so once, and gives what came then', async () => {
  const { said, context } = contextOf()
  const ways = [busy('first'), busy('first'), busy('second')]
  const done = await whenFree(context, async () => {
    const error = ways.shift()
    if (error) throw error
    return 'done'
  })
  expect(done).toBe('done')
  expect(said).toEqual([
    'Waits for the end of the run first (Repair a.raw).',
    'Waits for the end of the run second (Repair a.raw).',
  ])
})

test('is given up by the signal, and by any other error', async () => {
  const { context } = contextOf(AbortSignal.abort())
  await expect(whenFree(context, async () => Promise.reject(busy('first')))).rejects.toMatchObject({
    code: 'canceled',
    file: '/a.raw',
  })
  await expect(whenFree(context, async () => Promise.reject(new TypeError('no')))).rejects.toThrow('no')
})

test('a refusal because of a run is the error that names it; any other is not', () => {
  const problem = { severity: 'block', layer: 'L1', file: '/a.raw', message: 'm', remedy: 'r' } as const
  expect(() => throwBusy([{ ...problem, id: 'in-use' }])).not.toThrow()
  const details = { file: '/a.raw', run: '7', operation: 'Repair' }
  expect(() => throwBusy([{ ...problem, id: 'run-busy', details }])).toThrow('the run 7')
})
