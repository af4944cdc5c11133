import { rmSync, utimesSync } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { randomHex } from '@varve/core/binary/random-hex'
import { isDiskError } from '@varve/core/problems/disk-error'
import type { ExportUse } from '@varve/core/problems/use'
import { bundleAround } from '../files/bundle-around.ts'
import { hiddenBeside } from '../files/staged-name.ts'
import { isHolderAlive, makeLockFile, takeAway, textOrNull, thisProcess, type Holder } from './holder.ts'
import { lockIdOf } from './run-locks.ts'

/** What stands in a note: the process that serves the file beside it, on which host. */
interface ServingNote extends Holder {
  readonly version: 1
  readonly serves: true
  readonly host: string
}

/** A note is touched so often: of another host nothing else tells whether its process is still there. */
const touchMs = 60_000
/** A note of another host that was not touched for so long is of a process that is gone; clocks differ. */
const goneMs = 15 * 60_000

/** Says beside each of these files, of a bundle beside its folder, that this process serves them, until the disposal. Where nothing can be written there is no note. */
export async function noteServing(files: readonly string[]): Promise<Disposable> {
  const note: ServingNote = { version: 1, serves: true, host: hostname(), ...thisProcess() }
  const written: string[] = []
  for (const path of new Set(await Promise.all(files.map(notedPath)))) {
    const file = notePath(path, randomHex(8))
    try {
      if (await makeLockFile(file, JSON.stringify(note))) written.push(file)
    } catch (error) {
      if (!isDiskError(error)) throw error
    }
  }
  const timer = setInterval(() => {
    for (const file of written) touch(file)
  }, touchMs)
  timer.unref()
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      for (const file of written.splice(0)) rmSync(file, { force: true })
    },
  }
}

/** Lists folders, each once. */
export function rememberingFolders(): (folder: string) => Promise<readonly string[]> {
  const known = new Map<string, Promise<readonly string[]>>()
  return async (folder) => {
    const names = known.get(folder) ?? readdir(folder).catch((): string[] => [])
    known.set(folder, names)
    return await names
  }
}

/** The other processes that serve the file; the note of one that is gone is taken away. */
export async function serversOf(
  path: string,
  namesIn: ReturnType<typeof rememberingFolders>,
): Promise<readonly ExportUse[]> {
  const real = await notedPath(path)
  const any = basename(notePath(real, noId))
  const [start, end] = [any.slice(0, any.lastIndexOf(noId)), '.serving']
  const names = (await namesIn(dirname(real))).filter((name) => name.startsWith(start) && name.endsWith(end))
  const found = await Promise.all(names.map(async (name) => serverIn(join(dirname(real), name))))
  return found.flatMap((server) => server ?? [])
}

async function serverIn(file: string): Promise<ExportUse | null> {
  const text = await textOrNull(file)
  const note = text === null ? null : parse(text)
  if (text === null || note === null) return null
  const isHere = note.host === hostname()
  if (isHere && note.pid === process.pid) return null
  if (isHere ? isHolderAlive(note) : await isTouched(file))
    return { by: 'export', pid: note.pid, host: isHere ? null : note.host }
  await takeAway(file, text).catch(() => {})
  return null
}

async function isTouched(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => null)
  return stats !== null && Date.now() - stats.mtimeMs < goneMs
}

function touch(file: string): void {
  const now = new Date()
  try {
    utimesSync(file, now, now)
  } catch {
    // Whoever took it away wants the file for himself.
  }
}

/** A bundle is one image, with one note. */
async function notedPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => path)
  return (await bundleAround(real)) ?? real
}

/** As long as any: names that are cut are cut alike. */
const noId = '0'.repeat(16)

function notePath(path: string, id: string): string {
  return hiddenBeside(path, `${lockIdOf(basename(path))}-${id}`, 'serving')
}

function parse(text: string): ServingNote | null {
  try {
    const value: unknown = JSON.parse(text)
    return isNote(value) ? value : null
  } catch {
    return null
  }
}

function isNote(value: unknown): value is ServingNote {
  if (typeof value !== 'object' || value === null) return false
  const members: Readonly<Record<string, unknown>> = { ...value }
  const { version, serves, host, pid, began } = members
  const isKind = version === 1 && serves === true
  return isKind && typeof host === 'string' && typeof pid === 'number' && isTextOrNull(began)
}

const isTextOrNull = (value: unknown) => value === null || typeof value === 'string'
