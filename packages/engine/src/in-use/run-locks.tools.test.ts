import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { assertUnused } from '../images/edit-file.ts'
import { digestDisk } from '../disks/digest-disk.ts'
import { findUses } from './find-uses.ts'
import { markExported } from './exports.ts'
import { inRun, type LockingRun, releaseRunLocks, runLockPath, runOf, takeRunLocks } from './run-locks.ts'

const runNamed = (id: string, proof: string | null = null): LockingRun => ({
  id,
  name: id,
  operation: `Repair ${id}`,
  of: 'host',
  proof,
})

async function images(...names: readonly string[]) {
  const place = await tempPlace()
  for (const name of names) writeFileSync(place.file(name), Buffer.alloc(1024 * 1024))
  return {
    place,
    paths: names.map((name) => place.file(name)),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}

/** The lock that a process takes which is killed right after. */
async function lockOfTheDead(path: string, run: LockingRun): Promise<void> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await once(child, 'spawn')
  const lock = { version: 1, ...run, host: (await import('node:os')).hostname(), pid: child.pid, began: null }
  writeFileSync(await runLockPath(path), JSON.stringify(lock))
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

test('a second run is refused and names the first; all or nothing; the same run takes its own again', async () => {
  await using here = await images('a', 'b')
  const [a = '', b = ''] = here.paths
  await takeRunLocks([b], runNamed('first'))
  await takeRunLocks([b], runNamed('first'))
  await expect(takeRunLocks([a, b], runNamed('second'))).rejects.toMatchObject({
    code: 'run-busy',
    layer: 'L1',
    file: b,
    details: { run: 'first', of: 'host' },
  })
  expect(await runOf(a)).toBeNull()
  expect(await runOf(b)).toMatchObject({ by: 'run', run: 'first', pid: process.pid })
  await releaseRunLocks([b], 'second')
  expect(await runOf(b)).not.toBeNull()
  await releaseRunLocks([b], 'first')
  await takeRunLocks([a, b], runNamed('second'))
  await releaseRunLocks([a, b], 'second')
  expect(readdirSync(here.place.path).sort()).toEqual(['a', 'b'])
})

test('of many that come at once one gets the image', async () => {
  await using here = await images('a')
  const ids = Array.from({ length: 12 }, (_, at) => `run${at}`)
  const ends = await Promise.allSettled(ids.map(async (id) => takeRunLocks(here.paths, runNamed(id))))
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a lock outlives the death of its process as long as its run is not over', async () => {
  await using here = await images('a', 'journal')
  const [a = '', journal = ''] = here.paths
  writeFileSync(journal, '{"event":"created"}\n{"event":"started"}\n{"event":"en')
  await lockOfTheDead(a, runNamed('first', journal))
  await expect(takeRunLocks([a], runNamed('second'))).rejects.toMatchObject({ details: { run: 'first' } })
  expect(await runOf(a)).toMatchObject({ run: 'first', pid: null })
  writeFileSync(journal, '{"event":"created"}\n\n{"event":"ended","state":"succeeded"}\n')
  expect(await runOf(a)).toBeNull()
  await takeRunLocks([a], runNamed('second'))
  expect(await runOf(a)).toMatchObject({ run: 'second' })
})

test.each([
  ['its journal is gone', (journal: string) => rmSync(journal)],
  ['its last entry is the end', (journal: string) => writeFileSync(journal, '{"event":"ended"}')],
])('a lock of the dead is nobody’s when %s', async (_name, end) => {
  await using here = await images('a', 'journal')
  const [a = '', journal = ''] = here.paths
  await lockOfTheDead(a, runNamed('first', journal))
  end(journal)
  await takeRunLocks([a], runNamed('second'))
  await releaseRunLocks([a], 'second')
})

test('of another host nothing is known, so its lock holds', async () => {
  await using here = await images('a')
  const [a = ''] = here.paths
  const lock = { version: 1, ...runNamed('far'), host: 'elsewhere.invalid', pid: 1, began: null }
  writeFileSync(await runLockPath(a), JSON.stringify(lock))
  await expect(takeRunLocks([a], runNamed('second'))).rejects.toMatchObject({
    details: { run: 'far', host: 'elsewhere.invalid' },
  })
})

test.each(['', '{', '[]', '{"version":1,"id":7}', '\0'.repeat(99)])(
  'what is no lock holds nothing: %j',
  async (text) => {
    await using here = await images('a')
    const [a = ''] = here.paths
    const file = await runLockPath(a)
    writeFileSync(file, text)
    const old = new Date(Date.now() - 60_000)
    ;(await import('node:fs')).utimesSync(file, old, old)
    await takeRunLocks([a], runNamed('second'))
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ id: 'second' })
  },
)

test('an image has one lock by whatever name it is called, and hard names are names', async () => {
  const names = ['-rf', 'a\'b"c', 'line\nbreak.qcow2', 'json:{}', 'ä'.repeat(120), `${'ä'.repeat(119)}b`]
  await using here = await images(...names)
  for (const path of here.paths) {
    symlinkSync(path, here.place.file('link'))
    await takeRunLocks([here.place.file('link')], runNamed('first'))
    await expect(takeRunLocks([path], runNamed('second'))).rejects.toMatchObject({ code: 'run-busy' })
    await releaseRunLocks([path], 'first')
    rmSync(here.place.file('link'))
  }
  expect(readdirSync(here.place.path)).toHaveLength(names.length)
})

test('where nobody can write there is no lock, and none is needed', async () => {
  await takeRunLocks(['/proc/self/status', '/nowhere/at/all.qcow2'], runNamed('first'))
  expect(await runOf('/proc/self/status')).toBeNull()
})

test('who changes an image sees the run of others, and not its own; who only reads is not kept from it', async () => {
  await using here = await images('a')
  const [a = ''] = here.paths
  await takeRunLocks([a], runNamed('first'))
  const input = { kind: 'image', path: a, roots: null, format: null } as const
  await digestDisk(input)
  await expect(assertUnused(a)).rejects.toMatchObject({ code: 'run-busy', details: { run: 'first' } })
  await inRun('first', async () => {
    await digestDisk(input)
    await assertUnused(a)
  })
  const { files } = await findUses([{ path: a }], { purpose: 'move' })
  expect(files).toMatchObject([{ path: a, uses: [{ by: 'run', run: 'first', operation: 'Repair first' }] }])
})

test('what this process serves is not changed meanwhile', async () => {
  await using here = await images('a')
  const [a = ''] = here.paths
  {
    using _mark = await markExported([{ path: a }])
    using _again = await markExported([{ path: a }])
    await expect(assertUnused(a)).rejects.toMatchObject({
      code: 'in-use',
      details: { how: 'reads', uses: [{ by: 'export', pid: process.pid, host: null }] },
    })
    await digestDisk({ kind: 'image', path: a, roots: null, format: null })
  }
  await assertUnused(a)
})
