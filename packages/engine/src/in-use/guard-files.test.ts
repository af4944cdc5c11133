import type { Use } from '@varve/core/problems/use'
import { expect, test } from 'vitest'
import { beginGuard } from './guard-files.ts'
import type { FindWriters, OpenWriters } from './writers.ts'

const files = [{ path: import.meta.filename }]
const writer: Use = { by: 'process', pid: 7, command: 'qemu', how: 'writes' }

/** Finds nobody until `comes` is called. */
function host(): { readonly find: FindWriters; readonly looks: () => number; readonly comes: () => void } {
  let looks = 0
  let uses: readonly Use[] = []
  const find: FindWriters = async () => {
    looks += 1
    return Promise.resolve<OpenWriters>({ of: () => uses, unseen: [] })
  }
  return { find, looks: () => looks, comes: () => void (uses = [writer]) }
}

test('a run that is over before the first look waits for that one, and no other is taken', async () => {
  const { find, looks } = host()
  using guard = beginGuard(files, { find })
  await guard.assertNone()
  expect(looks()).toBe(1)
})

test('what the first look finds after the run was over is told', async () => {
  const { find, comes } = host()
  using guard = beginGuard(files, { find })
  const asserted = guard.assertNone()
  comes()
  await expect(asserted).rejects.toMatchObject({ code: 'in-use' })
})

test('who comes after the first look is seen by another', async () => {
  const { find, looks, comes } = host()
  using guard = beginGuard(files, { find })
  await guard.looked
  comes()
  await expect(guard.assertNone()).rejects.toMatchObject({ code: 'in-use' })
  expect(looks()).toBe(2)
})
