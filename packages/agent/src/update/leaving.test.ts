import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { silentLogger } from '../platform/logger.ts'
import { createLeaving } from './leaving.ts'
import type { SelfUpdate } from './self-update.ts'
import { watchTrial } from './watch-trial.ts'

test('it stays while something runs, and leaves once its last words are delivered', async () => {
  let isIdle = false
  let hasWords = true
  const leaving = createLeaving({ isIdle: () => isIdle, hasWords: () => hasWords })
  const due = vi.fn()
  void leaving.due.then(due)
  expect([leaving.leave(), leaving.isLeaving]).toEqual([false, false])
  isIdle = true
  expect([leaving.leave(), leaving.isLeaving]).toEqual([true, true])
  await sleep(200)
  expect(due).not.toHaveBeenCalled()
  hasWords = false
  await leaving.due
})

test('words that nobody takes do not keep it for ever, and it can stay after all', async () => {
  const leaving = createLeaving({ isIdle: () => true, hasWords: () => true, lastWordsMs: 60 })
  const due = vi.fn()
  void leaving.due.then(due)
  leaving.leave()
  leaving.stay()
  await sleep(200)
  expect([due.mock.calls.length, leaving.isLeaving]).toEqual([0, false])
  leaving.leave('whatever runs')
  await leaving.due
})

/** A build on trial, which is confirmed or not while it is watched. */
async function onTrial(isConfirmed: boolean) {
  let looks = 0
  const reverted: string[] = []
  const update: SelfUpdate = {
    program: async () => ({
      build: '1.1.0-11111111',
      target: 'linux-x64',
      isTried: !isConfirmed || (looks += 1) === 1,
      rolledBack: null,
    }),
    stage: async () => undefined,
    switchTo: async () => undefined,
    keep: async () => undefined,
    revert: async (_, reason) => void reverted.push(reason),
  }
  const leaving = createLeaving({ isIdle: () => false, hasWords: () => false })
  const { signal } = new AbortController()
  await watchTrial({ update, leaving, log: silentLogger, signal, trialMs: 50 })
  return { reverted, isLeaving: leaving.isLeaving }
}

test('a build that nobody confirms takes itself back', async () => {
  expect(await onTrial(false)).toEqual({
    reverted: ['its controller has not confirmed it within 0.05 seconds'],
    isLeaving: true,
  })
})

test('one that is confirmed in time runs on', async () => {
  expect(await onTrial(true)).toEqual({ reverted: [], isLeaving: false })
})
