import { expect, test } from 'vitest'
import { startFakeAgent } from '../testing/fake-agent.ts'
import { startMigration } from '../testing/migrate-story.ts'
import { sampleRecord } from '../testing/samples.ts'
import { startTestController } from '../testing/start-test-controller.ts'

test('a migration is not resumed, undone or forgotten as a run', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  await using _north = await startFakeAgent({
    url,
    name: 'north',
    images: [sampleRecord('north', 'web01.vmdk')],
  })
  await using _south = await startFakeAgent({ url, name: 'south' })
  const id = await startMigration(client)
  for (const wished of ['resume', 'undo', 'forget', 'cancel'] as const)
    await expect(client.runs[wished].mutate({ id })).rejects.toThrow(/no run of that name/u)
})
