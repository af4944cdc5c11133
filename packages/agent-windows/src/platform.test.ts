import { describePlatform } from '@varve/agent/testing/platform-contract'
import { ScriptedToolRunner } from '@varve/agent/testing/scripted-tool-runner'
import { expect, test } from 'vitest'
import { windowsPlatform } from './platform.ts'
import { toolFolders } from './tools/tool-table.ts'

const make = () => windowsPlatform({ runner: new ScriptedToolRunner([]) })

describePlatform('windows, with what every system has', make)

test('tools are looked for by absolute folders only, as executables', () => {
  for (const folder of toolFolders) expect(folder).toMatch(/^[A-Z]:\\/u)
  expect(make().tools.suffixes).toEqual(['.exe'])
})
