import { arch, availableParallelism, release, totalmem, version } from 'node:os'
import type { SystemFacts } from '@varve/agent/platform/platform'
import { stdoutText, type ToolCommand, type ToolRunner } from '@varve/agent/tools/tool-command'

const swVers = '/usr/bin/sw_vers'

/** Asks for the product's name and version. */
export const productCommand: ToolCommand<string | null> = {
  tool: 'sw_vers',
  args: [],
  silence: { ms: 5000 },
  parse: (output) => parseProduct(stdoutText(output)),
}

/** `macOS 15.5` out of the lines `ProductName: macOS` and `ProductVersion: 15.5`; null when they are not there. */
export function parseProduct(text: string): string | null {
  const valueOf = (key: string) => new RegExp(`^${key}:\\s*(\\S.*?)\\s*$`, 'mu').exec(text)?.[1] ?? null
  const [name, number] = [valueOf('ProductName'), valueOf('ProductVersion')]
  return name === null || number === null ? null : `${name} ${number}`.slice(0, 100)
}

/** Product and kernel; the name is the kernel's own when the product cannot be asked. */
export async function macosSystemFacts(runner: ToolRunner): Promise<SystemFacts> {
  const product = await runner.run(productCommand, { path: swVers }).catch(() => null)
  return {
    os: { platform: 'macos', name: product ?? version(), kernel: release(), arch: arch() },
    cpus: availableParallelism(),
    memory: totalmem(),
  }
}
