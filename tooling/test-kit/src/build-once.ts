import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runToolOk } from './tools.ts'

/** Where what is built of a kind is kept, outside the checkout, so that all checkouts share it. */
export function buildsOf(kind: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'varve', kind)
}

/** Has `folder` there, whole or not at all: who builds it is waited for, `build` fills a folder that then takes its name. */
export async function buildOnce(folder: string, build: (made: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  await using _lock = await lockOf(`${folder}.lock`)
  if (existsSync(folder)) return folder
  const made = await mkdtemp(`${folder}.new-`)
  try {
    await build(made)
    await rename(made, folder)
  } catch (error) {
    await removeTree(made)
    throw error
  }
  return folder
}

/** Takes a folder away and never what is mounted below it. */
export async function removeTree(path: string): Promise<void> {
  await runToolOk('rm', ['-rf', '--one-file-system', path])
}

/** The file holds the process id of who builds. */
async function lockOf(path: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const owner = Number(await readFile(path, 'utf8').catch(() => ''))
      if (owner > 0 && !lives(owner)) await rm(path, { force: true })
      else await sleep(1000)
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
