import { arch, availableParallelism, release, totalmem } from 'node:os'
import { folderFacts } from '../platform/folder-facts.ts'
import type { Use } from '@varve/core/problems/use'
import type { FileIdentity, OpenWriters, Platform } from '../platform/platform.ts'
import { ScriptedToolRunner } from './scripted-tool-runner.ts'

export interface MemoryPlatform extends Platform {
  /** Says that someone writes to that file from now on. */
  addWriter(file: FileIdentity, use: Use): void
  clearWriters(): void
}

/** A platform for tests: no tools, facts from Node, writers as the test says. */
export function memoryPlatform(): MemoryPlatform {
  const writers = new Map<string, Use[]>()
  const keyOf = ({ dev, ino }: FileIdentity) => `${dev}:${ino}`
  const openWriters: OpenWriters = { of: (file) => writers.get(keyOf(file)) ?? [], unseen: [] }
  return {
    name: 'linux',
    capabilities: {
      readFormats: ['raw', 'qcow2', 'vmdk'],
      writeFormats: ['raw', 'qcow2'],
      sparseFiles: true,
      reflink: false,
      nbdExport: true,
      watch: true,
    },
    systemFacts: async () => ({
      os: { platform: 'linux', name: 'Memory', kernel: release(), arch: arch() },
      cpus: availableParallelism(),
      memory: totalmem(),
    }),
    libraryFacts: folderFacts,
    tools: { table: [], folders: [], suffixes: [''], runner: new ScriptedToolRunner([]) },
    findWriters: async () => openWriters,
    clearWriters: () => writers.clear(),
    addWriter(file, use) {
      writers.set(keyOf(file), [...(writers.get(keyOf(file)) ?? []), use])
    },
  }
}
