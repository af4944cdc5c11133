import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../../..')

/** A program of this repository and what its bundle is made of. */
export interface Program {
  /** Below `packages`. */
  readonly name: string
  /** Names of the files of the bundle that are started, and the sources they are made of, below `packages`. */
  readonly entries: Readonly<Record<string, string>>
  /** What is loaded from `node_modules` at run time: native code, and what finds its own files. */
  readonly outside: readonly string[]
  /** Modules that a short run loads at its start, in groups that become one file each; below `packages`. */
  readonly startsWith?: StartGroups
}

export interface StartGroups {
  readonly program: string
  readonly threads: string
  readonly transfer: readonly string[]
  /** Drivers and writers that are used most. */
  readonly drivers: readonly string[]
}

const codecs = ['@napi-rs/lzma/xz', '@foxglove/wasm-bz2']
const transferThread = 'engine/src/run/worker.ts'
const usualFormats = ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi']

function agentOf(system: string): Program {
  return {
    name: `agent-${system}`,
    entries: {
      main: `agent-${system}/src/main.ts`,
      worker: transferThread,
      'inspect-worker': 'agent/src/library/inspect-worker.ts',
    },
    outside: codecs,
  }
}

const agents: Partial<Record<NodeJS.Platform, Program>> = {
  linux: agentOf('linux'),
  win32: agentOf('windows'),
  darwin: agentOf('macos'),
}

export const cli: Program = {
  name: 'cli',
  entries: { program: 'cli/src/program.ts', worker: transferThread },
  outside: [...codecs, 'ws'],
  startsWith: {
    program: 'cli/src/program.ts',
    threads: 'cli/src/start-threads.ts',
    transfer: ['cli/src/commands/convert.ts', 'engine/src/run/worker-tasks.ts'],
    drivers: usualFormats.flatMap((format) =>
      ['driver', 'writer'].map((part) => `core/src/formats/${format}/${part}.ts`),
    ),
  },
}

export const controller: Program = {
  name: 'controller',
  entries: {
    main: 'controller/src/main.ts',
    'checkpoint-thread': 'controller/src/store/checkpoint-thread.ts',
  },
  outside: ['better-sqlite3', 'fastify', '@fastify/static', 'openworkflow', 'pino', 'ws'],
}

/** The programs that run on this machine. */
export function programs(): Program[] {
  const agent = agents[process.platform]
  return agent ? [cli, controller, agent] : [cli, controller]
}

export function homeOf({ name }: Program): string {
  return join(root, 'packages', name)
}
