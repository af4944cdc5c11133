import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { releaseRunLocks, takeRunLocks } from '@varve/engine/in-use/run-locks'
import { RunOfJob } from '@varve/protocol/agent'
import { makeFolder } from '@varve/engine/system/make-folder'

/** The images of this host that runs of the fleet work on, locked until the controller says that a run is over. */
export interface FleetLocks {
  /** Locks the images of a run; again for the same run it succeeds. Throws `run-busy` when another run works on one of them. */
  take(run: RunOfJob): Promise<void>
  /** These runs are not over: every other one is, and what it had locked is free. */
  keep(open: readonly string[]): Promise<void>
}

const heldFolder = 'held-images'
const idPattern = /^[\w-]{1,128}$/u

/** Remembers in memory, and in the data folder when there is one, so that a death of this process frees nothing. */
export async function openFleetLocks(data: string | null): Promise<FleetLocks> {
  const folder = data === null ? null : join(data, heldFolder)
  const held = new Map<string, RunOfJob>()
  if (folder !== null) for (const run of await load(folder)) held.set(run.id, run)
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act)
    last = turn.catch(() => {})
    return turn
  }
  const proofOf = (id: string) => (folder !== null && idPattern.test(id) ? join(folder, `${id}.json`) : null)

  async function take(run: RunOfJob): Promise<void> {
    const known = held.get(run.id)
    if (known && run.paths.every((path) => known.paths.includes(path))) return
    const whole = { ...run, paths: [...new Set([...(known?.paths ?? []), ...run.paths])] }
    const proof = proofOf(run.id)
    if (proof !== null) await save(proof, whole)
    const { id, name, operation, paths } = whole
    await takeRunLocks(paths, { id, name, operation, of: 'fleet', proof }).catch(async (error: unknown) => {
      if (!known && proof !== null) await rm(proof, { force: true })
      throw error
    })
    held.set(id, whole)
  }

  async function release({ id, paths }: RunOfJob): Promise<void> {
    await releaseRunLocks(paths, id)
    const proof = proofOf(id)
    if (proof !== null) await rm(proof, { force: true })
    held.delete(id)
  }

  return {
    take: async (run) => inTurn(async () => take(run)),
    keep: async (open) =>
      inTurn(async () => {
        for (const run of held.values()) if (!open.includes(run.id)) await release(run)
      }),
  }
}

async function save(path: string, run: RunOfJob): Promise<void> {
  try {
    await makeFolder(join(path, '..'))
    await writeFile(path, `${JSON.stringify(run)}\n`, { flush: true })
  } catch (error) {
    throw writeError(error, path)
  }
}

async function load(folder: string): Promise<readonly RunOfJob[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  const runs: RunOfJob[] = []
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '')
    const parsed = RunOfJob.safeParse(parseText(text))
    if (parsed.success && name === `${parsed.data.id}.json`) runs.push(parsed.data)
  }
  return runs
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
