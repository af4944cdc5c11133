import { describePlatform } from '@varve/agent/testing/platform-contract'
import { ScriptedToolRunner } from '@varve/agent/testing/scripted-tool-runner'
import { expect, test } from 'vitest'
import { windowsPlatform } from './platform.ts'
import { toolFolders } from './tools/tool-table.ts'

const make = () => windowsPlatform({ runner: new ScriptedToolRunner([]) })

describePlatform('windows, with what every system has', make)

test('it does not claim what Node alone cannot do there', () => {
  const { capabilities } = make()
  expect(capabilities).toMatchObject({ sparseFiles: false, reflink: false })
})

test('tools are looked for by absolute folders only, as executables', () => {
  for (const folder of toolFolders) expect(folder).toMatch(/^[A-Z]:\\/u)
  expect(make().tools.suffixes).toEqual(['.exe'])
})
