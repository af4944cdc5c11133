import type { PowerShellHost, ScriptCaller } from './powershell-host.ts'

const powershell = String.raw`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`
let host: Promise<PowerShellHost> | null = null

/** The PowerShell of this Windows, one for the whole program; started when something is first asked. */
export const ownScripts: ScriptCaller = {
  async call(...asked) {
    host ??= import('./powershell-host.ts').then(
      ({ PowerShellHost }) => new PowerShellHost({ path: powershell }),
    )
    return await (await host).call(...asked)
  },
}
