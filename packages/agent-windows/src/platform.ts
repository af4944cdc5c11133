import { folderFacts } from '@varve/agent/platform/folder-facts'
import type { Platform } from '@varve/agent/platform/platform'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { windowsCapabilities } from './capabilities.ts'
import { findOpenAndAttached } from './find-writers.ts'
import { oemCodePage } from './code-page.ts'
import { openFiles } from '@varve/engine/in-use/windows-open-files'
import { PowerShellHost, type ScriptCaller } from './powershell/powershell-host.ts'
import { windowsSystemFacts } from './system-facts.ts'
import { toolFolders, windowsTools } from './tools/tool-table.ts'

const powershell = String.raw`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`

/** The Windows host this process runs on. */
export function windowsPlatform({
  runner = new ExecaToolRunner({ oemCodePage: () => oemCodePage(new ExecaToolRunner()) }),
  scripts = new PowerShellHost({ path: powershell }),
}: { runner?: ToolRunner; scripts?: ScriptCaller } = {}): Platform {
  return {
    name: 'windows',
    capabilities: windowsCapabilities,
    systemFacts: windowsSystemFacts,
    libraryFacts: folderFacts,
    tools: { table: windowsTools, folders: toolFolders, suffixes: ['.exe'], runner },
    findWriters: findOpenAndAttached(scripts, openFiles()),
  }
}
