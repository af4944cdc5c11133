import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '@varve/engine/system/system-error'
import { Build, type AgentProgram } from '@varve/protocol/updates'
import { Timestamp } from '@varve/protocol/primitives'

/**
 * Where the line for Linux has installed the agent. Beside the builds, `start.sh` reads and writes there what is said here:
 * `trial` (the build before, the build on trial, how often that may still be started), `rolled-back` (build, time, reason) and the link
 * `current`.
 */
const trialName = 'trial'
const rolledBackName = 'rolled-back'
const currentName = 'current'

/** How often a build is started before it has done. */
const tries = 2

export interface Trial {
  readonly before: string
  readonly build: string
  readonly left: number
}

/** Null: nothing is on trial, or the file is damaged, which `start.sh` clears up. */
export async function readTrial(home: string): Promise<Trial | null> {
  const [before = '', build = '', left = ''] = (await textOf(join(home, trialName))).trim().split(' ')
  if (!isBuild(before) || !isBuild(build) || !/^\d$/u.test(left)) return null
  return { before, build, left: Number(left) }
}

/** Puts a build on trial: the next start is of it. */
export async function beginTrial(home: string, { before, build }: Omit<Trial, 'left'>): Promise<void> {
  await rm(join(home, rolledBackName), { force: true })
  await put(home, trialName, `${before} ${build} ${tries}\n`)
  await setCurrent(home, build)
}

/** The build on trial has done. */
export async function endTrial(home: string): Promise<void> {
  await rm(join(home, trialName), { force: true })
}

/** The next start is of the build before. */
export async function giveUpTrial(home: string, { before, build }: Trial, reason: string): Promise<void> {
  await put(home, rolledBackName, `${build}\n${new Date().toISOString()}\n${inOneLine(reason)}\n`)
  await put(home, trialName, `${before} ${build} 0\n`)
}

/** What did not do last; null: nothing is known of that. */
export async function readRolledBack(home: string): Promise<AgentProgram['rolledBack']> {
  const [build = '', at = '', reason = ''] = (await textOf(join(home, rolledBackName))).split('\n')
  return isBuild(build) && Timestamp.safeParse(at).success
    ? { build, at, reason: reason.slice(0, 300) }
    : null
}

export function isBuild(text: string): boolean {
  return Build.safeParse(text).success
}

async function setCurrent(home: string, build: string): Promise<void> {
  const staged = join(home, `.${currentName}.${randomUUID()}`)
  await symlink(build, staged)
  await rename(staged, join(home, currentName))
}

async function put(home: string, name: string, text: string): Promise<void> {
  const staged = join(home, `.${name}.${randomUUID()}`)
  await writeFile(staged, text, { flush: true })
  await rename(staged, join(home, name))
}

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return ''
    throw error
  })
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim().slice(0, 300)
}
