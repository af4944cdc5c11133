import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import type { FileDisk } from '../host/file-disks.ts'
import { windowsHost } from '../host/windows-host.ts'
import type { ScriptCaller } from '../powershell/powershell-host.ts'

/** What a Windows knows whose scripts those are; access lists are nobody's, and there is no WSL unless its program is said. */
export function windowsOver(
  scripts: ScriptCaller & { readonly wsl?: string; fileDisks?(): Promise<readonly FileDisk[]> },
): WindowsHost {
  return windowsHost({
    scripts,
    runner: new ExecaToolRunner(),
    wsl: scripts.wsl ?? '/there-is-no-wsl.exe',
    fileDisks: async () => (await scripts.fileDisks?.()) ?? [],
    copyAccess: async () => Promise.resolve(),
  })
}
