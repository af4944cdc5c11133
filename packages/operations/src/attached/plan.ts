import { listAttached } from '../actions/list-attached.ts'
import { defineOperation } from '../operation.ts'
import { step } from '../plans/plan.ts'
import { planReading, type ReadingFacts } from '../read/plan-reading.ts'

/** What is attached and mounted on a host, as it is now. */
export const attachedOperation = defineOperation({
  name: 'attached',
  request: listAttached.input,
  paths: [],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'attached', summary: 'Look what is attached' },
      facts,
      step(listAttached, { id: 'attached', host: facts.host, input: request }),
    ),
})
