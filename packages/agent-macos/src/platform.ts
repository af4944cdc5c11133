import { folderFacts } from '@varve/agent/platform/folder-facts'
import type { Platform } from '@varve/agent/platform/platform'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { macosCapabilities } from './capabilities.ts'
import { findByLsof } from './find-writers.ts'
import { keepingAwake } from './keep-awake.ts'
import { macosSystemFacts } from './system-facts.ts'
import { macosTools, toolFolders } from './tools/tool-table.ts'

/** The Mac this process runs on. */
export function macosPlatform({ runner = new ExecaToolRunner() }: { runner?: ToolRunner } = {}): Platform {
  return {
    name: 'macos',
    capabilities: macosCapabilities,
    systemFacts: () => macosSystemFacts(runner),
    libraryFacts: folderFacts,
    tools: { table: macosTools, folders: toolFolders, suffixes: [''], runner },
    findWriters: findByLsof(runner),
    keepAwake: keepingAwake(),
  }
}
