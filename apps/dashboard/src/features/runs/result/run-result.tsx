import { actionTable } from '@varve/operations/actions/action-table'
import type { RunView } from '@varve/protocol/runs'
import type { ReactElement } from 'react'
import { Panel } from '../../../components/card.tsx'
import { ChainResult } from './chain-result.tsx'
import { DoctorResult } from './doctor-result.tsx'
import { InfoResult } from './info-result.tsx'
import { ReclaimResult } from './reclaim-result.tsx'
import styles from './result.module.css'
import { ServeResult } from './serve-result.tsx'
import {
  CheckResult,
  CompareResult,
  DigestResult,
  MapResult,
  MeasureResult,
  VerifyResult,
} from './reading-results.tsx'

interface RunResultProps {
  readonly run: RunView
  /** Opens the plan of what mends the finding at that place. */
  readonly onMend: (at: number) => void
  /** Asks before it is undone. */
  readonly onUndo: () => void
}

/** What an operation that only reads gave; a result that another version made shows nothing. */
const views: Readonly<Record<string, (result: unknown, ways: RunResultProps) => ReactElement | null>> = {
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
  'reclaim-report': (result, { onMend }) => {
    const told = actionTable['survey-reclaim'].outcome.safeParse(result)
    return told.success ? <ReclaimResult of={told.data} onReclaim={() => onMend(0)} /> : null
  },
  'chain-show': (result) => {
    const told = actionTable['show-chain'].outcome.safeParse(result)
    return told.success ? <ChainResult of={told.data} /> : null
  },
  doctor: (result, { onMend }) => {
    const told = actionTable['diagnose-folder'].outcome.safeParse(result)
    return told.success ? <DoctorResult of={told.data} onMend={onMend} /> : null
  },
  info: (result) => {
    const told = actionTable['inspect-image'].outcome.safeParse(result)
    return told.success ? <InfoResult of={told.data} /> : null
  },
  serve: (result, { run: { can, hosts }, onUndo }) => {
    const told = actionTable['serve-image'].outcome.safeParse(result)
    return told.success ? (
      <ServeResult of={told.data} on={hosts[0] ?? ''} onStop={can.undo ? onUndo : null} />
    ) : null
  },
  verify: (result) => {
    const told = actionTable['verify-image'].outcome.safeParse(result)
    return told.success ? <VerifyResult of={told.data} /> : null
  },
}

/** What a run that only reads found; nothing for any other. */
export function RunResult(ways: RunResultProps) {
  const { operation, state, steps } = ways.run
  const view = views[operation]
  const result = steps.at(-1)?.result ?? null
  if (state !== 'succeeded' || result === null || !view) return null
  const shown = view(result, ways)
  if (shown === null) return null
  return (
    <Panel label="Result">
      <div className={styles.body}>{shown}</div>
    </Panel>
  )
}
