import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StartMigration } from '@varve/protocol/migrations'
import { waitFor, type Fleet } from '../fleet.ts'
import type { Source } from './sources.ts'
import type { Tally } from './tally.ts'
import { digestOf } from './varve-command.ts'

const formats = ['qcow2', 'raw', 'vmdk', 'vhdx', 'vhd', 'vdi'] as const satisfies StartMigration['format'][]
const processes = ['controller', 'north', 'south'] as const

let next = 0

/** Migrates to the other host while controller and agents are killed at random, then looks at what is there. */
export async function killMigration(fleet: Fleet, source: Source, tally: Tally): Promise<void> {
  const format = formats[next % formats.length] ?? 'raw'
  const name = `m${next}.${format}`
  next += 1
  const image = await fleet.image('north', source.name)
  const { id } = await fleet.start(image, { name, format })
  for (let kills = 1 + Math.floor(Math.random() * 2); kills > 0; kills -= 1) {
    await sleep(Math.random() * 2500)
    const victim = processes[Math.floor(Math.random() * processes.length)] ?? 'south'
    await fleet.kill(victim)
    tally.count(`kills of ${victim}`)
    await sleep(Math.random() * 1500)
    await fleet.run(victim)
  }
  const { state, error } = await fleet.ended(id)
  tally.count(`migrations ${state}`)
  const what = `migration ${id} of ${source.name} to ${name}`
  if (state !== 'succeeded') process.stdout.write(`${what} ${state}: ${error?.message ?? ''}\n`)
  await lookAt(fleet, { name, what, source, isDone: state === 'succeeded' }, tally)
}

interface Expected {
  readonly name: string
  readonly what: string
  readonly source: Source
  readonly isDone: boolean
}

/** The target is whole or absent, and hidden files are gone soon. */
async function lookAt(fleet: Fleet, { name, what, source, isDone }: Expected, tally: Tally): Promise<void> {
  const isThere = (await fleet.files('south')).includes(name)
  if (isDone !== isThere)
    tally.lose(`${what}: ${isDone ? 'succeeded without a target' : 'did not succeed, and left a target'}`)
  const path = join(fleet.library('south'), name)
  if (isThere) {
    const digest = await digestOf(path).catch((error: unknown) => String(error))
    if (digest !== source.digest) tally.lose(`${what}: the target is not whole: ${digest}`)
  }
  await waitFor('the end of the cleaning', async () =>
    (await fleet.files('south')).some((file) => file.startsWith(`.${name}.`)) ? null : true,
  ).catch(() => tally.lose(`${what}: a hidden file stays on south`))
  await rm(path, { force: true })
}
