import type { Use } from '@varve/core/problems/use'
import { expect, test } from 'vitest'
import { assertNoUse } from './find-uses.ts'
import type { FindWriters } from './writers.ts'

const files = [{ path: import.meta.filename }]

/** Tells these uses, one after the other; the last again and again. */
function findInTurn(...uses: readonly (Use | null)[]): FindWriters & { readonly looks: () => number } {
  let looks = 0
  const find: FindWriters = async () => {
    const use = uses[Math.min(looks, uses.length - 1)] ?? null
    looks += 1
    return Promise.resolve({ of: () => (use === null ? [] : [use]), unseen: [] })
  }
  return Object.assign(find, { looks: () => looks })
}

const by = (command: string, how: 'writes' | 'reads' | 'locks' = 'writes'): Use => ({
  by: 'process',
  pid: 7,
  command,
  how,
})

test('who tries a loop device for a moment does not count, when it is read or changed', async () => {
  for (const purpose of ['read', 'change'] as const) {
    const find = findInTurn(by('losetup'), null)
    await assertNoUse(files, { purpose, find })
    expect(find.looks()).toBe(2)
  }
})

test('who keeps it open counts, whatever it is called', async () => {
  await expect(assertNoUse(files, { find: findInTurn(by('losetup')) })).rejects.toMatchObject({
    code: 'in-use',
  })
})

test.each([by('qemu'), by('losetup', 'locks')])('%j is not waited for', async (use) => {
  const find = findInTurn(use, null)
  await expect(assertNoUse(files, { find })).rejects.toMatchObject({ code: 'in-use' })
  expect(find.looks()).toBe(1)
})
