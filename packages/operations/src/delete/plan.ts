import { formatBytes } from '@varve/core/units/format-bytes'
import { isBlocking } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { setAside } from '../actions/set-aside.ts'
import type { ImageFilesFacts } from '../image-files-facts.ts'
import {
  dependentsProblem,
  machineProblems,
  partOfProblems,
  remarks,
  useProblems,
} from '../image-files-problems.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, noEstimate, step } from '../plans/plan.ts'
import { freshId } from '../plans/wired.ts'
import { DeleteRequest } from './request.ts'

/** Puts an image with all its files into quarantine, unless anything depends on it. */
export const deleteOperation = defineOperation<DeleteRequest, ImageFilesFacts>({
  name: 'delete',
  request: DeleteRequest,
  paths: ['image'],
  plan(_request, facts) {
    const { host, path, bytes, files } = facts
    const problems = [
      ...partOfProblems(facts, (image) => ['varve', 'delete', image]),
      ...dependentsProblem(facts),
      ...useProblems(facts),
      ...machineProblems(facts),
      ...remarks(facts),
    ]
    const blocking = problems.filter(isBlocking)
    if (blocking.length > 0) return { kind: 'refusal', operation: 'delete', problems: blocking }
    const count = files.length > 1 ? ` in ${files.length} files` : ''
    return {
      kind: 'plan',
      operation: 'delete',
      summary: `Put ${baseName(path)} (${formatBytes(bytes)}${count}) into quarantine`,
      steps: inOrder([
        step(setAside, {
          id: 'set-aside',
          host,
          input: { path, quarantine: freshId, why: 'deleted', only: null },
        }),
      ]),
      warnings: problems,
      subjects: [{ host, path }],
      estimate: noEstimate,
    }
  },
})
