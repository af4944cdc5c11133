/** Who may import whom (docs/architecture.md). The lint configuration is made from this table. */
export const importGraph = {
  core: [],
  protocol: ['core'],
  trust: ['core'],
  operations: ['core', 'protocol'],
  nbd: ['core'],
  engine: ['core', 'nbd'],
  agent: ['core', 'protocol', 'operations', 'trust', 'nbd', 'engine'],
  'agent-linux': ['core', 'protocol', 'operations', 'engine', 'agent'],
  'agent-windows': ['core', 'protocol', 'operations', 'engine', 'agent'],
  'agent-macos': ['core', 'protocol', 'operations', 'engine', 'agent'],
  controller: ['core', 'protocol', 'operations', 'trust'],
  cli: [
    'core',
    'protocol',
    'operations',
    'trust',
    'nbd',
    'engine',
    'agent',
    'agent-linux',
    'agent-windows',
    'agent-macos',
  ],
  dashboard: ['core', 'protocol', 'operations'],
} as const satisfies Record<string, readonly string[]>

type PackageName = keyof typeof importGraph

/** Imports of types only: the shape of the controller's API, nothing that runs. */
export const typeOnlyImports: Partial<Record<PackageName, readonly PackageName[]>> = {
  cli: ['controller'],
  dashboard: ['controller'],
}

const reasons: Partial<Record<PackageName, string>> = {
  controller: 'the controller is a process of its own: others know its API by types only',
  'agent-linux': 'an agent for one system is loaded by the command only, by platform',
  'agent-windows': 'an agent for one system is loaded by the command only, by platform',
  'agent-macos': 'an agent for one system is loaded by the command only, by platform',
  cli: 'the command is a leaf: nothing imports it',
  dashboard: 'the dashboard is a leaf: nothing imports it',
}

export const packageNames = Object.keys(importGraph) as PackageName[]

export function folderOf(name: PackageName): string {
  return name === 'dashboard' ? 'apps/dashboard' : `packages/${name}`
}

/** Folders of a package's `src`, the lowest first: a folder imports from itself and from those before it. */
export const floors = {
  core: [
    'async',
    'units',
    'ranges',
    'problems',
    'binary',
    'digest',
    'text',
    'disk',
    'guest',
    'image',
    'partitions',
    'filesystems',
    'volumes',
    'formats',
    'chain',
    'scan',
    'layers',
    'uses',
    'rules',
  ],
  engine: [
    'system',
    'file-ranges',
    'files',
    'codecs',
    'packed',
    'ports',
    'run',
    'in-use',
    'disks',
    'staging',
    'images',
    'cutting',
    'streams',
    'dependents',
    'quarantine',
    'moving',
    'proofs',
    'doctor',
    'repoint',
    'serving',
    'attached',
  ],
} as const satisfies Partial<Record<PackageName, readonly string[]>>

/** For each floor of package `name` but its uppermost: its folder, and the pattern of what stands above it. */
export function forbiddenFloors(name: PackageName) {
  const order: readonly string[] = name === 'core' || name === 'engine' ? floors[name] : []
  return order.slice(0, -1).map((folder, at) => ({
    folder: `${folderOf(name)}/src/${folder}`,
    pattern: {
      regex: `^(?:\\.\\./)+(?:${order.slice(at + 1).join('|')})/`,
      message: `${folder} stands below it: it may import ${order.slice(0, at).join(', ') || 'no other folder'} of ${name}.`,
    },
  }))
}

/** The patterns that package `name` may not import, each with the reason. */
export function forbiddenImports(name: PackageName) {
  const allowed: readonly string[] = importGraph[name]
  const typeOnly: readonly string[] = typeOnlyImports[name] ?? []
  const packages = packageNames
    .filter((other) => other !== name && !allowed.includes(other))
    .map((other) => ({
      regex: `^@varve/${other}(?:/|$)`,
      allowTypeImports: typeOnly.includes(other),
      message: `${name} may not import ${other}: ${reasons[other] ?? `it may import ${allowed.join(', ') || 'no other package'}`}.`,
    }))
  if (name !== 'core') return packages
  return [
    ...packages,
    {
      regex: '^node:',
      allowTypeImports: false,
      message: 'core is pure, so that the dashboard and every agent run the same rules: take a port instead.',
    },
  ]
}
