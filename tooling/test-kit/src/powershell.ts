import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { execa } from 'execa'
import { findTool } from './tools.ts'

const fetched = resolve(import.meta.dirname, '../../../.varve/powershell')

/** The real PowerShell on any system, or null with the reason printed. */
export function findPowershell(): string | null {
  const found = findTool('pwsh') ?? globSync(`${fetched}/*/pwsh`).at(-1) ?? null
  if (found === null)
    process.stderr.write('skipped: needs PowerShell, which npm test fetches where the .NET SDK is\n')
  return found
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
