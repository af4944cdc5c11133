import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where programs of this user keep what outlives them; on Linux the XDG base directory specification's. */
export function ownStateFolder(env: NodeJS.ProcessEnv): string {
  return env['VARVE_STATE'] ?? join(stateFolder(env), 'varve')
}

function stateFolder(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'win32') return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support')
  return env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
}

/** Where controllers of this user say how they let it in. */
export function ownAccessFolder(env: NodeJS.ProcessEnv): string {
  return env['VARVE_ACCESS'] ?? join(ownStateFolder(env), 'access')
}
