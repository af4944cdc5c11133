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
  /** What a short run loads, in groups that become one file each, in the order in which it loads them. */
  readonly startsWith?: readonly StartGroup[]
}

/** Modules below `packages` that are loaded together, with all that they import. */
export interface StartGroup {
  readonly name: string
  readonly modules: readonly string[]
  /** Of which only what at least `shared` of them import is loaded with the group. */
  readonly uses: readonly string[]
  readonly shared: number
}

const codecs = ['@napi-rs/lzma/xz', '@foxglove/wasm-bz2']
const transferThread = 'engine/src/run/worker.ts'
const transferTasks = 'engine/src/run/worker-tasks.ts'
/** The process that serves an image to the kernel, on Linux. */
const attachedServer = 'agent-linux/src/actions/serve-device/attached-server.ts'
/** The process that digests the files of a mounted filesystem, on Linux. */
const filesWalker = 'agent-linux/src/actions/digest-files/files-walker.ts'
const flagsCopier = 'agent-linux/src/actions/copy-flags/flags-copier.ts'
const usualFormats = ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi']

function agentOf(system: string): Program {
  return {
    name: `agent-${system}`,
    entries: {
      main: `agent-${system}/src/main.ts`,
      worker: transferThread,
      'inspect-worker': 'agent/src/library/inspect-worker.ts',
      ...(system === 'linux' && {
        'attached-server': attachedServer,
        'files-walker': filesWalker,
        'flags-copier': flagsCopier,
      }),
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
  entries: {
    program: 'cli/src/program.ts',
    worker: transferThread,
    'attached-server': attachedServer,
    'files-walker': filesWalker,
    'flags-copier': flagsCopier,
  },
  outside: [...codecs, 'ws'],
  startsWith: [
    group('start', ['cli/src/program.ts']),
    group('threads', ['cli/src/start-threads.ts']),
    {
      ...group('transfer', [transferTasks]),
      uses: [
        ...usualFormats.flatMap((format) =>
          ['driver', 'writer'].map((part) => `core/src/formats/${format}/${part}.ts`),
        ),
        // What reads their property lists is read by operations, too.
        ...['udif', 'sparsebundle'].map((format) => `core/src/formats/${format}/driver.ts`),
      ],
      shared: 4,
    },
    group('info', ['cli/src/commands/info.ts']),
    group('runs', [
      'cli/src/commands/convert.ts',
      'agent/src/operations/convert.ts',
      ...['write-image', 'prove-image', 'publish-image'].map(
        (action) => `agent/src/actions/${action}/${action}.ts`,
      ),
    ]),
  ],
}

/** Modules with all that they import. */
function group(name: string, modules: readonly string[]): StartGroup {
  return { name, modules, uses: [], shared: 1 }
}

export const controller: Program = {
  name: 'controller',
  entries: {
    main: 'controller/src/main.ts',
    'checkpoint-thread': 'controller/src/store/checkpoint-thread.ts',
    'support-thread': 'controller/src/support/support-thread.ts',
  },
  outside: ['better-sqlite3', 'fastify', '@fastify/static', 'openworkflow', 'pino', 'ws'],
}

/** The programs that run on this machine, or on another system. */
export function programs(system: NodeJS.Platform = process.platform): Program[] {
  const agent = agents[system]
  return agent ? [cli, controller, agent] : [cli, controller]
}

export function homeOf({ name }: Program): string {
  return join(root, 'packages', name)
}
