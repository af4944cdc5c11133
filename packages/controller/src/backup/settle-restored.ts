import { controllerItself } from '../audit/who-of.ts'
import { done } from '../audit/result-of.ts'
import type { AuditService } from '../audit/audit-log.ts'
import type { Restored } from '../restored.ts'
import type { Services } from '../router/context.ts'
import { readRestoredMark, removeRestoredMark } from './restored-mark.ts'

export interface SettleOptions {
  readonly data: string
  readonly restored: Restored
  readonly trust: Pick<Services['trust'], 'view' | 'cancelToken'>
  readonly audit: AuditService
}

/**
 * The first start on a folder that was made from a backup, before anything goes on: its open runs are held, and join tokens
 * that may have been used since are canceled. It is a line of the audit log. Killed on the way, the next start does it again.
 */
export async function settleRestored({ data, restored, trust, audit }: SettleOptions): Promise<boolean> {
  const mark = readRestoredMark(data)
  if (mark === null) return false
  const heldRuns = await restored.begin(mark)
  const open = trust.view().tokens.filter(({ state }) => state === 'open')
  for (const { id } of open) trust.cancelToken(id)
  audit.record({
    who: controllerItself,
    peer: null,
    what: 'controller.restored',
    input: { backup: mark.backup, at: mark.at, restoredAt: mark.restoredAt, heldRuns, canceled: open.length },
    result: done,
  })
  removeRestoredMark(data)
  return true
}
