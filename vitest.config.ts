import { defineConfig } from 'vitest/config'

const tiers = ['tools', 'corpus', 'e2e', 'browser'] as const

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
    ],
  },
})
