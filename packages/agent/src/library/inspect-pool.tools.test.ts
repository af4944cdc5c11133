import { writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { reportOf } from './inspect-messages.ts'
import { InspectPool } from './inspect-pool.ts'

/** A thread that hangs, dies or answers, as the name of the file says. */
const misbehaving = `
import { parentPort } from 'node:worker_threads'
parentPort.on('message', ({ id, path }) => {
  if (path.includes('die')) process.exit(3)
  if (path.includes('throw')) throw new Error('out of its mind')
  if (path.includes('hang')) return
  parentPort.postMessage({ id, outcome: { report: { path } }, asked: [], parts: [] })
})
`

describe('InspectPool', () => {
  test('gives the report of an image, and the coded error of what is none', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), Buffer.alloc(65_536))
    await using pool = new InspectPool({ roots: [place.path], threads: 2 })
    const report = async (path: string) => reportOf(await pool.inspect(path))
    expect((await report(place.file('a.raw'))).virtualSize).toBe(65_536)
    await expect(report(place.file('missing.raw'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(report('/etc/passwd')).rejects.toMatchObject({ code: 'outside-library' })
  })

  test('a thread that dies or hangs costs one image, not the others', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('worker.mjs'), misbehaving)
    const workerUrl = pathToFileURL(place.file('worker.mjs'))
    await using pool = new InspectPool({ roots: [], threads: 2, patienceMs: 5000, workerUrl })
    const outcomes = await Promise.allSettled(
      ['a', 'die', 'b', 'throw', 'hang', 'c'].map(async (path) => reportOf(await pool.inspect(path))),
    )
    expect(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.path : outcome.reason.code)),
    ).toEqual(['a', 'input-output', 'b', 'input-output', 'no-progress', 'c'])
  })

  test('closed, it cancels what waits', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('worker.mjs'), misbehaving)
    const pool = new InspectPool({
      roots: [],
      threads: 1,
      workerUrl: pathToFileURL(place.file('worker.mjs')),
    })
    const outcomes = Promise.all([pool.inspect('hang'), pool.inspect('b')])
    await pool[Symbol.asyncDispose]()
    const canceled = { outcome: { error: { code: 'canceled' } } }
    expect(await outcomes).toMatchObject([canceled, canceled])
    expect(await pool.inspect('c')).toMatchObject(canceled)
  })
})
