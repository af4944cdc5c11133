import { stdoutText, type ToolCommand, type ToolRunner } from '@varve/agent/tools/tool-command'
import { usualCodePage } from '@varve/agent/tools/tool-text'

const reg = String.raw`C:\Windows\System32\reg.exe`
const key = String.raw`HKLM\SYSTEM\CurrentControlSet\Control\Nls\CodePage`

/** Asks for the code page of the console; the answer is plain ASCII in any language. */
export const codePageCommand: ToolCommand<number | null> = {
  tool: 'reg',
  args: ['query', key, '/v', 'OEMCP'],
  silence: { ms: 5000 },
  parse: (output) => parseCodePage(stdoutText(output)),
}

/** 850 out of the line `    OEMCP    REG_SZ    850`; null when there is none. */
export function parseCodePage(text: string): number | null {
  const number = /^\s*OEMCP\s+REG_SZ\s+(\d{3,5})\s*$/mu.exec(text)?.[1]
  return number === undefined ? null : Number(number)
}

/** The code page in which programs of this host's console write, as `GetOEMCP` gives it. */
export async function oemCodePage(runner: ToolRunner): Promise<number> {
  return (await runner.run(codePageCommand, { path: reg }).catch(() => null)) ?? usualCodePage
}
