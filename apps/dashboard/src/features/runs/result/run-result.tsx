import { actionTable } from '@varve/operations/actions/action-table'
import type { RunView } from '@varve/protocol/runs'
import type { ReactElement } from 'react'
import { Panel } from '../../../components/card.tsx'
import styles from './result.module.css'
import {
  CheckResult,
  CompareResult,
  DigestResult,
  MapResult,
  MeasureResult,
  VerifyResult,
} from './reading-results.tsx'

/** What an operation that only reads gave; a result that another version made shows nothing. */
const views: Readonly<Record<string, (result: unknown) => ReactElement | null>> = {
  check: (result) => {
    const told = actionTable['examine-image'].outcome.safeParse(result)
    return told.success ? <CheckResult of={told.data} /> : null
  },
  compare: (result) => {
    const told = actionTable['compare-images'].outcome.safeParse(result)
    return told.success ? <CompareResult of={told.data} /> : null
  },
  digest: (result) => {
    const told = actionTable['digest-image'].outcome.safeParse(result)
    return told.success ? <DigestResult of={told.data} /> : null
  },
  map: (result) => {
    const told = actionTable['map-image'].outcome.safeParse(result)
    return told.success ? <MapResult of={told.data} /> : null
  },
  measure: (result) => {
    const told = actionTable['measure-image'].outcome.safeParse(result)
    return told.success ? <MeasureResult of={told.data} /> : null
  },
  verify: (result) => {
    const told = actionTable['verify-image'].outcome.safeParse(result)
    return told.success ? <VerifyResult of={told.data} /> : null
  },
}

/** What a run that only reads found; nothing for any other. */
export function RunResult({ run: { operation, state, steps } }: { readonly run: RunView }) {
  const view = views[operation]
  const result = steps.at(-1)?.result ?? null
  if (state !== 'succeeded' || result === null || !view) return null
  const shown = view(result)
  if (shown === null) return null
  return (
    <Panel label="Result">
      <div className={styles.body}>{shown}</div>
    </Panel>
  )
}
