import { describePlatform } from '@varve/agent/testing/platform-contract'
import { ScriptedToolRunner } from '@varve/agent/testing/scripted-tool-runner'
import { describe, expect, test } from 'vitest'
import { macosPlatform } from './platform.ts'
import { macosSystemFacts } from './system-facts.ts'
import { macosTools } from './tools/tool-table.ts'

describePlatform('macos, with what every system has', () =>
  macosPlatform({ runner: new ScriptedToolRunner([]) }),
)

describe('macosSystemFacts', () => {
  test('names the product that sw_vers names', async () => {
    const stdout = 'ProductName:\t\tmacOS\nProductVersion:\t\t15.5\nBuildVersion:\t\t24F74\n'
    const runner = new ScriptedToolRunner([{ tool: 'sw_vers', args: [], stdout }])
    const facts = await macosSystemFacts(runner)
    expect(facts.os).toMatchObject({ platform: 'macos', name: 'macOS 15.5' })
    expect(runner.left).toEqual([])
  })

  test('falls back to the kernel when sw_vers says something else', async () => {
    const runner = new ScriptedToolRunner([{ tool: 'sw_vers', args: [], stdout: 'nothing\n' }])
    const facts = await macosSystemFacts(runner)
    expect(facts.os.name).not.toBe('')
    expect(facts.os.name).not.toContain('nothing')
  })
})

test('every tool that is not part of the system says how to get it', () => {
  for (const { install } of macosTools) expect(install).toMatch(/^(?:brew install|It is part of macOS)/u)
})
