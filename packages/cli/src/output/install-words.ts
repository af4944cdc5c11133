import { systemWords, type InstallSystem } from '@varve/protocol/install-systems'
import type { MadeJoinToken } from '@varve/protocol/trust'

/** Where a line is put in, beside the name of its system. */
const places = {
  linux: '',
  windows: ', in PowerShell that was opened as administrator',
  macos: ', in Terminal',
} as const satisfies Readonly<Record<InstallSystem, string>>

/** The lines that install Varve on a host, or why there is none. */
export function installWords(install: MadeJoinToken['install']): string {
  if (install.every(({ line }) => line === null))
    return `No line installs Varve on a host besides: ${install[0]?.reason ?? 'the controller has none'}.`
  const words = install.map(({ system, line, reason }) =>
    line === null
      ? `${systemWords[system]}: no line, since ${reason}.\n`
      : `${systemWords[system]}${places[system]}:\n\n  ${line}\n`,
  )
  return `Or, on a host without Varve, a line that installs it too.\n\n${words.join('\n')}`
}
