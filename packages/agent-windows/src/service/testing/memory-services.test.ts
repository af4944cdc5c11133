import { expect, test } from 'vitest'
import { agentService, passThrough } from '../definition.ts'
import { MemoryServices } from './memory-services.ts'
import { proveServices } from './service-contract.ts'

const program = { node: 'C:\\node.exe', nodeWords: [], script: 'C:\\a b\\agent.mjs' }
const definition = agentService(program, { data: 'C:\\data', privileges: [passThrough] })

test('services in memory are as those of Windows', async () => {
  const steps: string[] = []
  const system = new MemoryServices({ lacking: ['required privileges'] })
  await proveServices({ system, name: 'one', definition, onStep: (step) => steps.push(step) })
  expect(steps).toContain('made; lacking: required privileges')
  expect(steps.at(-1)).toBe('it is gone')
})

test('the agent is started by absolute paths with its folder, and anew when it ends', () => {
  expect(definition).toMatchObject({
    commandLine: 'C:\\node.exe "C:\\a b\\agent.mjs" service run --data C:\\data',
    account: 'NT SERVICE\\varve-agent',
    privileges: ['SeChangeNotifyPrivilege'],
    restartsAfterMs: [5000, 30_000, 60_000],
    forgetsAfterSeconds: 86_400,
  })
})
