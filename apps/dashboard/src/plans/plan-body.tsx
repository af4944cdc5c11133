import { Button } from '@mantine/core'
import { ErrorCard, SkeletonRows } from '../components/states.tsx'
import { PlanReview } from './plan-review.tsx'
import styles from './plan.module.css'
import { Runbook } from './runbook.tsx'
import type { UsedPlan } from './use-planned.ts'

interface PlanBodyProps {
  readonly used: Pick<
    UsedPlan,
    'plan' | 'isCurrent' | 'accepted' | 'accept' | 'open' | 'canStart' | 'starting'
  >
  /** Said beside the buttons when nothing is left to do but to start. */
  readonly ready: string
  /** What the start button says as long as there is no plan. */
  readonly verb: string
  /** Why it cannot be started yet for a reason that is not the plan's; null: for none. */
  readonly waits?: string | null
  readonly onClose: () => void
}

/** Below a form: the plan that follows from it, what is to be accepted, and the button that starts it. */
export function PlanBody({ used, ready, verb, waits = null, onClose }: PlanBodyProps) {
  const { plan, isCurrent, accepted, accept, canStart, starting } = used
  const words = plan.data?.plan.kind === 'plan' ? plan.data.plan.summary : verb
  return (
    <>
      {plan.data && (
        <PlanReview plan={plan.data.plan} isCurrent={isCurrent} accepted={accepted} onAccept={accept} />
      )}
      {plan.data && plan.data.script !== null && <Runbook script={plan.data.script} />}
      {!plan.data && plan.isError && <ErrorCard error={plan.error} onRetry={() => void plan.refetch()} />}
      {!plan.data && !plan.isError && (
        <div className={styles.plan} style={{ padding: 16 }}>
          {plan.isFetching ? (
            <SkeletonRows rows={4} height={40} />
          ) : (
            <p className={styles.soft}>The plan appears here once the form is filled in.</p>
          )}
        </div>
      )}
      {starting.isError && (
        <div style={{ marginTop: 12 }}>
          <ErrorCard error={starting.error} />
        </div>
      )}
      <div className={styles.foot}>
        <span className={styles.footWords} role="status">
          {footWords(used, { ready, waits })}
        </span>
        <div className={styles.footButtons}>
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            variant="filled"
            disabled={!canStart || waits !== null}
            loading={starting.isPending}
            classNames={{ label: styles.startWords }}
            title={words}
          >
            {words}
          </Button>
        </div>
      </div>
    </>
  )
}

function footWords(
  { plan, open, isCurrent }: Pick<UsedPlan, 'plan' | 'open' | 'isCurrent'>,
  { ready, waits }: { readonly ready: string; readonly waits: string | null },
): string {
  if (plan.data?.plan.kind === 'refusal')
    return 'Change the form, or follow the remedy: the plan is made anew by itself.'
  if (open > 0)
    return open === 1 ? 'One warning is still to accept.' : `${open} warnings are still to accept.`
  if (!isCurrent) return plan.isFetching ? 'Planning…' : ready
  return waits ?? ready
}
