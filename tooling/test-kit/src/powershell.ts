import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { findTool } from './tools.ts'

/** The real PowerShell on any system (`dotnet tool install -g PowerShell`), or null with the reason printed. */
export function findPowershell(): string | null {
  const found = findTool('pwsh') ?? inFolder(join(homedir(), '.dotnet/tools'))
  if (found === null)
    process.stderr.write('skipped: needs PowerShell: dotnet tool install -g PowerShell --version 7.6.9\n')
  return found
}

function inFolder(folder: string): string | null {
  const path = join(folder, 'pwsh')
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    return null
  }
}

export interface PowershellCall {
  readonly pwsh: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a script file in PowerShell, without anybody's profile. */
export async function runPowershell(file: string, { pwsh, cwd, env }: PowershellCall) {
  const { exitCode, stdout, stderr } = await execa(pwsh, ['-NoProfile', '-NonInteractive', '-File', file], {
    reject: false,
    stdin: 'ignore',
    ...(cwd !== undefined && { cwd }),
    env: { POWERSHELL_TELEMETRY_OPTOUT: '1', POWERSHELL_UPDATECHECK: 'Off', NO_COLOR: '1', ...env },
  })
  return { exitCode: exitCode ?? -1, stdout, stderr }
}
