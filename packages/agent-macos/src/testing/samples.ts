import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ToolOutput } from '@varve/agent/tools/tool-command'

const folder = resolve(import.meta.dirname, '../../../../../shared/reference/platform/samples/macos')

/** Whether what real Macs printed lies beside the checkout; said when it does not. */
export function hasSamples(): boolean {
  const isThere = existsSync(folder)
  if (!isThere) process.stderr.write('skipped: ../shared/reference is not beside the checkout\n')
  return isThere
}

export function sample(name: string): string {
  return readFileSync(resolve(folder, name), 'utf8')
}

/** What a tool said and ended with. */
export function said(
  stdout: string | Uint8Array,
  { exitCode = 0, stderr = '' }: { readonly exitCode?: number; readonly stderr?: string } = {},
): ToolOutput {
  const bytes = typeof stdout === 'string' ? Buffer.from(stdout) : stdout
  return { exitCode, stdout: bytes, stderr: Buffer.from(stderr), label: 'utf-8' }
}
