import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultDataFolder, readMembership } from '@varve/agent/trust/membership-file'

type Environment = Readonly<Record<string, string | undefined>>

/** The folder with the programs of Windows. */
export function systemFolder(env: Environment = process.env): string {
  return `${env['SystemRoot'] ?? String.raw`C:\Windows`}\\System32`
}

/** `wsl.exe` of Windows, which runs the one that was installed later. */
export function wslProgram(env: Environment = process.env): string {
  return `${systemFolder(env)}\\wsl.exe`
}

/** Where a service keeps what outlives it: as said, else where this host joined its fleet, else where programs of all users do. */
export function serviceData(args: readonly string[], env: Environment = process.env): string {
  const { values } = parseArgs({ args: [...args], strict: false, options: { data: { type: 'string' } } })
  const said = values.data ?? env['VARVE_AGENT_DATA']
  if (typeof said === 'string') return resolve(said)
  const joined = defaultDataFolder(env)
  if (existsSync(joined) && readMembership(joined) !== null) return joined
  return join(env['ProgramData'] ?? String.raw`C:\ProgramData`, 'Varve', 'agent')
}
