import { open, stat } from 'node:fs/promises'
import type { DistributionsNow } from '@varve/agent/platform/windows-host'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import type { DistributionState, WslDistribution } from '@varve/protocol/distributions'
import { z } from 'zod'
import { askScript } from '../powershell/ask-script.ts'
import type { ScriptCaller } from '../powershell/powershell-host.ts'
import { listRunning } from '../tools/wsl/commands.ts'
import { isSamePath, plainPath } from '@varve/engine/files/windows-path'

const User = z.object({
  sid: z.string(),
  name: z.string().nullable(),
  isOwn: z.boolean(),
  /** Its settings may not be read by this account. */
  isHidden: z.boolean(),
  /** Folder of local data. */
  data: z.string().nullable(),
})
type User = z.infer<typeof User>

const Distribution = z.object({
  user: z.string(),
  id: z.string().min(1),
  name: z.string().min(1),
  /** Null: the first version of WSL runs it, from a folder. */
  path: z.string().min(1).nullable(),
  state: z.number().int().nullable(),
  isDefault: z.boolean(),
  exists: z.boolean().nullable(),
  isSparse: z.boolean().nullable(),
})
type Distribution = z.infer<typeof Distribution>

const DockerDisk = z.object({ user: z.string(), path: z.string().min(1), isSparse: z.boolean().nullable() })

/** What `get-distributions.ps1` gives. */
const Distributions = z.object({
  users: z.array(User),
  distributions: z.array(Distribution),
  docker: z.array(DockerDisk),
})

export interface DistributionPorts {
  readonly scripts: ScriptCaller
  readonly runner: ToolRunner
  /** Absolute path of `wsl.exe`. */
  readonly wsl: string
  /** Left out: by opening it. */
  readonly askFile?: (path: string) => Promise<FileHolding>
}

/** Whether somebody has a file open for itself, as opening it tells. */
export type FileHolding = 'held' | 'free' | 'not-seen'

/** What WSL notes of a distribution while it makes or removes it. */
const works: Readonly<Record<number, DistributionState>> = {
  3: 'installing',
  4: 'uninstalling',
  5: 'running',
}

/** The distribution that Docker Desktop mounts its disk in. */
const ofDocker = 'docker-desktop'

/** Distributions of all users that this account sees, with what runs. */
export async function distributionsNow({
  scripts,
  runner,
  wsl,
  askFile = fileHolding,
}: DistributionPorts): Promise<DistributionsNow> {
  const { users, distributions, docker } = await askScript(scripts, {
    script: 'get-distributions',
    schema: Distributions,
  })
  const userOf = (sid: string) => users.find((user) => user.sid === sid) ?? unknownUser(sid)
  const running = distributions.some(({ user }) => userOf(user).isOwn) ? await runningNow(runner, wsl) : null

  const found = await Promise.all(
    distributions.map(async (one): Promise<WslDistribution> => {
      const { id, name, isDefault } = one
      const owner = userOf(one.user)
      const disk = await diskOf(one)
      return {
        id,
        kind: 'distribution',
        name,
        owner: owner.name ?? owner.sid,
        isOwn: owner.isOwn,
        isDefault,
        version: disk === null ? 1 : 2,
        state: await stateOf(one, owner, disk?.path ?? null),
        disk,
      }
    }),
  )
  const disks = await Promise.all(
    docker.flatMap((one) =>
      // Older ones have their disk in a distribution.
      found.some(({ disk }) => disk && isSamePath(disk.path, one.path)) ? [] : [dockerDisk(one)],
    ),
  )
  return {
    distributions: [...found, ...disks],
    seenBelow: users.flatMap(({ isHidden, data }) => (isHidden || data === null ? [] : [data])),
    hidden: users.flatMap(({ isHidden, name, sid }) => (isHidden ? [name ?? sid] : [])),
  }

  async function stateOf(
    { name, state }: Distribution,
    { isOwn }: User,
    path: string | null,
  ): Promise<DistributionState> {
    const work = works[state ?? 0]
    if (work !== undefined) return work
    const told = isOwn ? running : null
    if (told?.has(name.toLowerCase()) === true) return 'running'
    // One that is exported does not run, and its disk is held all the same.
    const holding = path === null ? 'not-seen' : await askFile(path)
    return holding === 'not-seen' && told !== null ? 'stopped' : stateOfFile(holding)
  }

  async function dockerDisk({ user, path, isSparse }: z.infer<typeof DockerDisk>): Promise<WslDistribution> {
    const owner = userOf(user)
    const runs = found.some((one) => isOf(one, owner) && one.name === ofDocker && one.state === 'running')
    return {
      id: `docker-${owner.sid}`,
      kind: 'docker-disk',
      name: ofDocker,
      owner: owner.name ?? owner.sid,
      isOwn: owner.isOwn,
      isDefault: false,
      version: 2,
      state: runs ? 'running' : stateOfFile(await askFile(path)),
      disk: await diskOf({ path, exists: true, isSparse }),
    }
  }
}

const unknownUser = (sid: string): User => ({ sid, name: null, isOwn: false, isHidden: true, data: null })

const isOf = ({ owner }: WslDistribution, { name, sid }: User) => owner === (name ?? sid)

function stateOfFile(holding: FileHolding): DistributionState {
  switch (holding) {
    case 'held':
      return 'running'
    case 'free':
      return 'stopped'
    case 'not-seen':
      return 'unknown'
  }
}

async function diskOf({ path, exists, isSparse }: Pick<Distribution, 'path' | 'exists' | 'isSparse'>) {
  if (path === null) return null
  const plain = plainPath(path)
  const there = await stat(plain).catch(() => null)
  return {
    path: plain,
    exists: there === null ? exists : true,
    size: there?.size ?? null,
    allocated: there === null ? null : there.blocks * 512,
    isSparse,
  }
}

/** Lowered names of the distributions of this account that run; null: it is not told. */
async function runningNow(runner: ToolRunner, wsl: string): Promise<ReadonlySet<string> | null> {
  const names = await runner.run(listRunning, { path: wsl }).catch(() => null)
  return names && new Set(names.map((name) => name.toLowerCase()))
}

/** A virtual machine shares its disks with nobody. */
async function fileHolding(path: string): Promise<FileHolding> {
  try {
    const file = await open(path, 'r')
    await file.close()
    return 'free'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EBUSY') return 'held'
    return code === 'ENOENT' ? 'free' : 'not-seen'
  }
}
