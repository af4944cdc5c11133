import { tempPlace } from '@varve/test-kit/temp-place'
import { BackendSqlite } from 'openworkflow/sqlite'
import { OpenWorkflow } from 'openworkflow'
import { expect, test } from 'vitest'
import { openLeases } from './leases.ts'

test('a run that a dead worker holds is taken over at once', async () => {
  await using place = await tempPlace()
  const path = place.file('workflows.sqlite')
  const backend = BackendSqlite.connect(path)
  const leases = openLeases(path)
  const workflow = new OpenWorkflow({ backend }).defineWorkflow({ name: 'sample' }, () => null)
  const { workflowRun } = await workflow.run()
  const leaseDurationMs = 30_000
  const claim = (workerId: string) => backend.claimWorkflowRun({ workerId, leaseDurationMs })
  expect((await claim('dead'))?.id).toBe(workflowRun.id)
  expect(await claim('living')).toBeNull()
  leases.takeOver()
  expect((await claim('living'))?.id).toBe(workflowRun.id)
  leases.close()
  await backend.stop()
})
