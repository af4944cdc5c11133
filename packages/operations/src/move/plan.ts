import { formatBytes } from '@varve/core/units/format-bytes'
import { isBlocking } from '@varve/core/problems/problem'
import { copyFiles } from '../actions/copy-files.ts'
import { moveImage } from '../actions/move-image.ts'
import { baseName } from '../actions/path-words.ts'
import { repointParent } from '../actions/repoint-parent.ts'
import { setAside } from '../actions/set-aside.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate, type DraftStep } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'
import { planByWsl } from './by-wsl.ts'
import type { MoveFacts } from './facts.ts'
import { moveProblems } from './problems.ts'
import { MoveRequest } from './request.ts'

/** Gives an image another name or folder; across filesystems by a proven copy. Who names it, and whom it names, is kept right. */
export const moveOperation = defineOperation<MoveRequest, MoveFacts>({
  name: 'move',
  request: MoveRequest,
  paths: ['source', 'target', 'folders'],
  plan(_request, facts) {
    const { host, path, target, bytes, isOneFilesystem, children } = facts
    if (facts.ofWsl) return planByWsl(facts, facts.ofWsl)
    const problems = moveProblems(facts)
    const blocking = problems.filter(isBlocking)
    if (blocking.length > 0) return { kind: 'refusal', operation: 'move', problems: blocking }
    const there = isOneFilesystem ? [renamed(facts)] : copied(facts)
    const away = isOneFilesystem ? [] : [setAwayStep(facts)]
    const steps = inOrder([...there, ...repointed(facts), ...away])
    const how = isOneFilesystem ? '' : ', to another filesystem'
    return {
      kind: 'plan',
      operation: 'move',
      summary: `Move ${baseName(path)} (${formatBytes(bytes)}) to ${target}${how}`,
      steps,
      warnings: problems,
      subjects: [
        { host, path },
        { host, path: target, from: { host, path } },
        ...children.map((child) => ({ host, path: child.path })),
      ],
      estimate: wholeEstimate(steps),
    }
  },
})

function renamed({ host, moves }: MoveFacts): DraftStep {
  const estimate = { bytes: 0, seconds: 1 }
  return step(moveImage, { id: 'move', host, input: { files: [...moves], emptied: null }, estimate })
}

function copied({ host, moves, bytes }: MoveFacts): DraftStep[] {
  return [
    step(copyFiles, {
      id: 'copy',
      host,
      input: { files: [...moves], staging: freshId },
      needs: [`${formatBytes(bytes)} of room`, 'nobody writes to the image'],
      estimate: { bytes: 2 * bytes, seconds: null },
    }),
    step(moveImage, {
      id: 'publish',
      host,
      input: { files: from('copy', 'files'), emptied: from('copy', 'hidden') },
      estimate: { bytes: 0, seconds: 1 },
    }),
  ]
}

function setAwayStep({ host, path }: MoveFacts): DraftStep {
  const input = { path, quarantine: freshId, why: 'moved' as const, only: null }
  return step(setAside, { id: 'set-aside', host, input, estimate: { bytes: 0, seconds: 1 } })
}

/** Its own parent first, so that it can be read; then those that are made over it. */
function repointed({ host, target, parent, children }: MoveFacts): DraftStep[] {
  const own = parent
    ? [
        step(repointParent, {
          id: 'repoint-own',
          host,
          input: { path: target, parent: { path: parent.path, format: parent.format }, undo: freshId },
          estimate: { bytes: 0, seconds: 1 },
        }),
      ]
    : []
  const others = children.map((child, index) =>
    step(repointParent, {
      id: `repoint-${index + 1}`,
      host,
      input: { path: child.path, parent: child.parent, undo: freshId },
      needs: [`nobody has ${baseName(child.path)} open`],
      estimate: { bytes: 0, seconds: 1 },
    }),
  )
  return [...own, ...others]
}
