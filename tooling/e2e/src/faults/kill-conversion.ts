import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Source } from './sources.ts'
import type { Tally } from './tally.ts'
import { digestOf, varve } from './varve-command.ts'

const targets: readonly (readonly [name: string, ...args: readonly string[]])[] = [
  ['a.raw'],
  ['a.qcow2'],
  ['a.qcow2', '--compress', 'zstd'],
  ['a.vmdk'],
  ['a.vmdk', '--subformat', 'streamOptimized'],
  ['a.vmdk', '--subformat', 'twoGbMaxExtentSparse'],
  ['a.vmdk', '--subformat', 'twoGbMaxExtentFlat'],
  ['a.vmdk', '--subformat', 'monolithicFlat'],
  ['a.vhd'],
  ['a.vhdx'],
  ['a.vdi'],
]

/** How long a conversion took that nobody killed: kills come at any time of it. */
let usualMs = 2000
let next = 0

/**
 * Converts into an empty folder, kills it at a random moment (one in eight is left alone), goes on with its run or gives it up, and
 * looks at what is there.
 */
export async function killConversion(folder: string, source: Source, tally: Tally): Promise<void> {
  const [name, ...args] = targets[next % targets.length] ?? ['a.raw']
  next += 1
  await mkdir(folder, { recursive: true })
  const target = join(folder, name)
  const started = performance.now()
  const state = join(dirname(folder), 'state')
  const running = varve(['convert', source.path, target, ...args], state)
  const isLeftAlone = next % 8 === 0
  if (!isLeftAlone) {
    await Promise.race([sleep(Math.random() * usualMs * 1.1), running.ended])
    running.kill()
  }
  const { code, stderr } = await running.ended
  const what = `${source.name} to ${name} ${args.join(' ')}`
  tally.count(code === null ? 'conversions killed' : 'conversions done')
  if (code === 0) usualMs = usualMs / 2 + (performance.now() - started) / 2
  else if (code !== null) tally.lose(`${what}: exit code ${code}: ${stderr}`)
  const isResumed = code === null && (await endRun(state, what, tally)) === 'resumed'
  await lookAt(folder, { name, what, source, state, mustBeThere: code === 0 || isResumed }, tally)
  for (const path of [folder, state]) await rm(path, { recursive: true, force: true })
}

/** Goes on with the run that was cut off, or gives it up, at random; null: it was not kept yet, or over. */
async function endRun(state: string, what: string, tally: Tally): Promise<'resumed' | 'canceled' | null> {
  const listed = await varve(['runs', '--json'], state).ended
  if (listed.code !== 0) tally.lose(`${what}: its run cannot be read: ${listed.stderr}`)
  const runs = JSON.parse(listed.stdout || '[]') as { run: string; endedAt: string | null }[]
  const open = runs.find(({ endedAt }) => endedAt === null)
  if (!open) return null
  const isResumed = Math.random() < 0.5
  const { code, stderr } = await varve(['runs', open.run, isResumed ? '--resume' : '--cancel'], state).ended
  if (code !== 0) tally.lose(`${what}: its run cannot be ${isResumed ? 'resumed' : 'canceled'}: ${stderr}`)
  tally.count(isResumed ? 'runs resumed' : 'runs canceled')
  return isResumed ? 'resumed' : 'canceled'
}

interface Expected {
  readonly name: string
  readonly what: string
  readonly source: Source
  readonly state: string
  readonly mustBeThere: boolean
}

/** The target is whole or absent; what else was left is found and removed by the command for that. */
async function lookAt(
  folder: string,
  { name, what, source, state, mustBeThere }: Expected,
  tally: Tally,
): Promise<void> {
  const visible = async () => (await readdir(folder)).filter((file) => !file.startsWith('.'))
  const isThere = (await visible()).includes(name)
  if (mustBeThere && !isThere) tally.lose(`${what}: said to be done, and is not there`)
  if (!isThere && (await visible()).length > 0) tally.count('names without their image')
  if (isThere) {
    const digest = await digestOf(join(folder, name)).catch((error: unknown) => String(error))
    if (digest !== source.digest) tally.lose(`${what}: the target is not whole: ${digest}`)
  }
  const hidden = (await readdir(folder)).length - (await visible()).length
  if (hidden > 0) tally.count('leftovers')
  const { code, stderr } = await varve(['leftovers', folder, '--remove'], state).ended
  if (code !== 0) tally.lose(`${what}: leftovers cannot be removed: ${stderr}`)
  const rest = await readdir(folder)
  if (rest.some((file) => file.startsWith('.'))) tally.lose(`${what}: ${rest.join(', ')} stays`)
  if (!isThere && rest.length > 0) tally.lose(`${what}: visible parts stay: ${rest.join(', ')}`)
}
