import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultDataFolder } from '@varve/agent/trust/membership-file'

/** Where a service keeps what outlives it: as said, else where agents do. */
export function serviceData(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const { values } = parseArgs({ args: [...args], strict: false, options: { data: { type: 'string' } } })
  const said = values.data ?? env['VARVE_AGENT_DATA']
  return typeof said === 'string' ? resolve(said) : defaultDataFolder(env)
}
