import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { keepingAwake } from './keep-awake.ts'

/** Stands in for caffeinate: lives until it is ended, or the process is that it waits for. */
async function standIn(place: TempPlace): Promise<string> {
  const path = place.file('caffeinate')
  const text = `#!/bin/sh
echo "$$ $*" >>"${place.file('calls')}"
while kill -0 "$3" 2>/dev/null; do sleep 0.05; done
`
  await writeFile(path, text)
  await chmod(path, 0o755)
  return path
}

const callsOf = async (place: TempPlace) =>
  existsSync(place.file('calls')) ? (await readFile(place.file('calls'), 'utf8')).trimEnd().split('\n') : []

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('one caffeinate stays as long as any work is not over', async () => {
  await using place = await tempPlace()
  const begin = keepingAwake({ caffeinate: await standIn(place), afterMs: 20 })
  const [first, second] = [begin(), begin()]
  await expect.poll(async () => callsOf(place)).toHaveLength(1)
  const [call = ''] = await callsOf(place)
  expect(call.replace(/^\d+ /u, '')).toBe(`-i -w ${process.pid}`)
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  expect(isAlive(Number.parseInt(call, 10))).toBe(true)
  second[Symbol.dispose]()
  await expect.poll(() => isAlive(Number.parseInt(call, 10))).toBe(false)
  begin()[Symbol.dispose]()
  await sleep(60)
  expect(await callsOf(place)).toHaveLength(1)
})

test('a Mac without it does the work all the same', async () => {
  const work = keepingAwake({ caffeinate: '/nowhere/caffeinate', afterMs: 0 })()
  await sleep(30)
  work[Symbol.dispose]()
})

test('it ends with a program that is killed', async () => {
  await using place = await tempPlace()
  const module = new URL('keep-awake.ts', import.meta.url).href
  const text = `import { keepingAwake } from '${module}'
keepingAwake({ caffeinate: '${await standIn(place)}', afterMs: 0 })(); setInterval(() => {}, 1000)`
  await writeFile(place.file('work.mjs'), text)
  const work = spawn(process.execPath, [place.file('work.mjs')], { stdio: 'ignore' })
  const ended = once(work, 'exit')
  await expect.poll(async () => callsOf(place), { timeout: 10_000 }).toHaveLength(1)
  const pid = Number.parseInt((await callsOf(place))[0] ?? '', 10)
  expect(isAlive(pid)).toBe(true)
  work.kill('SIGKILL')
  await ended
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
})
