import { existsSync } from 'node:fs'
import { readFile, readdir, readlink, rename, rm, mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { formatBytes } from '@varve/core/units/format-bytes'
import { writeError } from '@varve/engine/system/system-error'
import type { AgentProgram, ReleaseArchive } from '@varve/protocol/updates'
import {
  buildOf,
  isOlder,
  mostSignatureBytes,
  mostSumsBytes,
  parseReleaseKey,
  readSignedSums,
  ReleaseFault,
  signatureName,
  sumsName,
} from '@varve/trust/release-sums'
import type { ToolBox } from '../actions/adapter.ts'
import type { Logger } from '../platform/logger.ts'
import { stdoutText, type ToolRunner } from '../tools/tool-command.ts'
import type { ReleaseSource } from './fetch-release.ts'
import { beginTrial, endTrial, giveUpTrial, isBuild, readRolledBack, readTrial } from './trial-files.ts'

/** Where the agent was installed so that the fleet can update it, and what runs of it. */
export interface Installation {
  readonly home: string
  readonly build: string
}

/** The agent's own program, as it is replaced by another build and as that is taken back. */
export interface SelfUpdate {
  program(): Promise<AgentProgram>
  /** Brings a build to this host, if the key that was kept at the installation has signed it. */
  stage(
    wanted: { readonly build: string; readonly archive: ReleaseArchive },
    tools: { readonly signal: AbortSignal; readonly onBytes: (done: number) => void },
  ): Promise<void>
  /** The next start is of that build, on trial. */
  switchTo(build: string): Promise<void>
  /** The build that runs has done. */
  keep(build: string): Promise<void>
  /** The next start is of the build before. */
  revert(build: string, reason: string): Promise<void>
}

export interface SelfUpdateOptions {
  readonly installation: Installation
  readonly source: ReleaseSource
  readonly tools: ToolBox
  readonly runner: ToolRunner
  readonly log: Logger
}

/** An archive takes so many times its size when it is unpacked, with itself. */
const unpacked = 5
const stagedName = '.update'

export function createSelfUpdate(options: SelfUpdateOptions): SelfUpdate {
  const { installation, source, tools, runner, log } = options
  const { home, build: own } = installation
  let staging: Promise<void> = Promise.resolve()
  const target = `${systemName[process.platform] ?? process.platform}-${process.arch}`

  /** The archive of that build as the release says that was signed; throws `refused`. */
  async function proven(build: string, signal: AbortSignal): Promise<string> {
    const key = parseReleaseKey(await readFile(join(home, 'release.pub'), 'utf8').catch(() => ''))
    if (!key) throw refused(build, 'this host has no key by which it could believe a release', installAgain)
    const sums = await source.small(sumsName, mostSumsBytes, signal)
    const signature = await source.small(signatureName, mostSignatureBytes, signal)
    const signed = readSums({ sums, signature }, key, build)
    if (!signed)
      throw refused(
        build,
        'the release is not signed by the key that was kept when this host was installed',
        `If releases are signed by another key now: ${installAgain}`,
      )
    const found = signed.find(({ name }) => name.endsWith(`-${target}.tar.gz`))
    if (!found || buildOf(found) !== build)
      throw refused(build, `the release has no such build for ${target}`, 'Begin the update anew.')
    if (isOlder(found.version, own))
      throw refused(
        build,
        `it is older than ${own}, which runs here`,
        'To go back on purpose, install the older one: a new line of varve agents token.',
      )
    return found.sum
  }

  async function runs(folder: string, signal: AbortSignal): Promise<boolean> {
    const path = join(folder, 'bin/varve')
    if (!existsSync(path)) return false
    return await runner
      .run({ tool: 'varve', args: ['--version'], parse: stdoutText }, { path, signal })
      .then(() => true)
      .catch((error: unknown) => {
        signal.throwIfAborted()
        log.warn({ err: error, path }, 'a build does not run')
        return false
      })
  }

  async function assertRoom(build: string, size: number): Promise<void> {
    const { bavail, bsize } = await statfs(home)
    const [wanted, available] = [size * unpacked, bavail * bsize]
    if (available < wanted)
      throw refused(
        build,
        `${home} has room for ${formatBytes(available)}, and ${formatBytes(wanted)} are needed`,
        'Make room there, then begin the update anew.',
      )
  }

  /** One at a time: they share a folder. */
  async function bring(
    ...[{ build, archive }, { signal, onBytes }]: Parameters<SelfUpdate['stage']>
  ): Promise<void> {
    if (archive.sum !== (await proven(build, signal)))
      throw refused(build, 'the archive is not the one that was signed', 'Begin the update anew.')
    const folder = join(home, build)
    if (await runs(folder, signal)) return
    await assertRoom(build, archive.size)
    const staged = join(home, stagedName)
    try {
      await rm(staged, { recursive: true, force: true })
      await mkdir(staged, { mode: 0o700 })
      const file = join(staged, 'archive')
      await source.archive(archive, file, { signal, onBytes })
      const unpack = ['-xzo', '-f', file, '-C', staged]
      await tools.run({ tool: 'tar', args: unpack, parse: stdoutText }, { signal, file: archive.name })
      const tree = join(staged, archive.name.replace(/\.tar\.gz$/u, ''))
      if (!(await runs(tree, signal)))
        throw refused(build, 'its programs do not run on this host', 'The log of the agent says why.')
      await tools.run({ tool: 'sync', args: ['-f', tree], parse: stdoutText }, { signal, file: tree })
      await rm(folder, { recursive: true, force: true })
      await rename(tree, folder)
    } catch (error) {
      throw writeError(error, home)
    } finally {
      await rm(staged, { recursive: true, force: true }).catch((error: unknown) =>
        log.warn({ err: error }, 'what was fetched could not be removed'),
      )
    }
    log.info({ build }, 'a build was brought here')
  }

  /** Builds of before that nothing runs from; the one before is kept. */
  async function removeOlder(kept: readonly string[]): Promise<void> {
    const used = await runningFrom()
    for (const name of await readdir(home)) {
      if (!isBuild(name) || kept.includes(name)) continue
      const folder = join(home, name)
      if (used.some((path) => path.startsWith(`${folder}/`))) continue
      await rm(folder, { recursive: true, force: true })
      log.info({ build: name }, 'a build of before was removed')
    }
  }

  return {
    async program() {
      const trial = await readTrial(home)
      return { build: own, target, isTried: trial?.build === own, rolledBack: await readRolledBack(home) }
    },

    async stage(wanted, how) {
      const before = staging
      const turn = before.then(async () => bring(wanted, how))
      staging = turn.catch(() => {})
      await turn
    },

    async switchTo(build) {
      if (build === own) return
      if (!(await readdir(home)).includes(build))
        throw refused(build, 'it is not on this host', 'Begin the update anew.')
      await beginTrial(home, { before: own, build })
      log.info({ build, before: own }, 'the agent starts anew as another build, on trial')
    },

    async keep(build) {
      const trial = await readTrial(home)
      if (build !== own) throw refused(build, `${own} runs here`, 'Begin the update anew.')
      if (trial?.build !== own) return
      await endTrial(home)
      log.info({ build }, 'this build is kept')
      await removeOlder([own, trial.before])
    },

    async revert(build, reason) {
      const trial = await readTrial(home)
      if (build !== own || trial?.build !== own)
        throw refused(build, 'it is not on trial here', 'Nothing was changed.')
      await giveUpTrial(home, trial, reason)
      log.warn({ build, before: trial.before, reason }, 'this build is taken back')
    },
  }
}

const installAgain = 'run a new line of varve agents token on this host.'

const systemName: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'windows' }

function readSums(...[files, key, build]: [...Parameters<typeof readSignedSums>, string]) {
  try {
    return readSignedSums(files, key)
  } catch (error) {
    if (error instanceof ReleaseFault)
      throw refused(build, error.message, 'Look at the release on the controller.')
    throw error
  }
}

/** Programs that run on this host, as far as the system tells. */
async function runningFrom(): Promise<string[]> {
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/u.test(name))
  const paths = await Promise.all(processes.map(async (pid) => readlink(`/proc/${pid}/exe`).catch(() => '')))
  return paths.filter((path) => path !== '')
}

function refused(build: string, reason: string, remedy: string): DiskError {
  return new DiskError('refused', {
    file: build,
    reason,
    remedy: remedy.replace(/^./u, (first) => first.toUpperCase()),
  })
}
