import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Commands that tests start keep their runs and manifests here, not in the home of whoever tests.
const state = mkdtempSync(join(tmpdir(), 'varve-test-state-'))
process.env['XDG_STATE_HOME'] = state
// Where controllers that tests start say how they let this user in, whatever state a test gives a command.
process.env['VARVE_ACCESS'] = join(state, 'access')
// What they compile is kept for the next one, as the launcher keeps it.
process.env['NODE_COMPILE_CACHE'] = join(import.meta.dirname, '.varve/code-cache')
// A PowerShell that a test kills would leave the pipes behind that others could look into it by.
process.env['DOTNET_EnableDiagnostics'] = '0'
process.env['POWERSHELL_DIAGNOSTICS_OPTOUT'] = '1'
process.on('exit', () => rmSync(state, { recursive: true, force: true }))

const tiers = ['tools', 'corpus', 'e2e', 'browser', 'lab', 'wine'] as const

function tier(name: (typeof tiers)[number], timeoutMs: number) {
  return {
    test: {
      name,
      include: [`{packages,apps,tooling,e2e}/**/*.${name}.test.{ts,tsx}`],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
    },
  }
}

export default defineConfig({
  test: {
    // On two cores vitest would use one: tests mostly wait for the processes that they start.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,apps,tooling}/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', ...tiers.map((name) => `**/*.${name}.test.{ts,tsx}`)],
          testTimeout: 30_000,
        },
      },
      tier('tools', 120_000),
      tier('corpus', 120_000),
      tier('e2e', 300_000),
      tier('browser', 300_000),
      tier('lab', 600_000),
      tier('wine', 180_000),
    ],
  },
})
