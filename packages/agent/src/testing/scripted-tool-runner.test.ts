import { expect, test } from 'vitest'
import { ScriptedToolRunner } from './scripted-tool-runner.ts'
import { contractAnswers, describeToolRunner } from './tool-runner-contract.ts'

describeToolRunner('scripted', () => new ScriptedToolRunner(contractAnswers, { oemCodePage: 850 }))

test('a command that is not in the script fails the test', async () => {
  const runner = new ScriptedToolRunner([])
  const command = { tool: 'rm', args: ['-rf', '/'], parse: () => null }
  await expect(runner.run(command, { path: '/bin/rm' })).rejects.toThrow('not in the script')
})
