/** What a host can be installed on by a line, the usual one first. */
export const installSystems = ['linux', 'windows', 'macos'] as const
export type InstallSystem = (typeof installSystems)[number]

/** What people call them. */
export const systemWords = {
  linux: 'Linux',
  windows: 'Windows',
  macos: 'macOS',
} as const satisfies Readonly<Record<InstallSystem, string>>
