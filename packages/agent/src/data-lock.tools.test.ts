import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, readdir, stat, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { holdDataFolder } from './data-lock.ts'

test('a folder is held by one agent, closed to others, and free again afterwards', async () => {
  await using place = await tempPlace()
  const folder = place.file('data')
  {
    await using _held = await holdDataFolder(folder)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    await expect(holdDataFolder(folder)).rejects.toThrow(
      `another agent works with it (process ${process.pid})`,
    )
    // A copy is no second use of the folder: that it is a copy is for the controller to see.
    await cp(folder, place.file('copy'), { recursive: true })
    await using _copy = await holdDataFolder(place.file('copy'))
  }
  await chmod(folder, 0o755)
  await using _again = await holdDataFolder(folder)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
})

test('an agent that takes the place of one that is just ending waits for it', async () => {
  await using place = await tempPlace()
  const folder = place.file('data')
  await (await holdDataFolder(folder))[Symbol.asyncDispose]()
  const child = spawn('sleep', ['1'])
  const { ino } = await stat(folder, { bigint: true })
  await writeFile(place.file(`data/.agent-${ino}.lock`), JSON.stringify({ pid: child.pid, began: null }))
  const ended = once(child, 'exit')
  await using _held = await holdDataFolder(folder)
  expect(child.exitCode).toBe(0)
  await ended
  expect(await readdir(folder)).toEqual([`.agent-${ino}.lock`])
})
