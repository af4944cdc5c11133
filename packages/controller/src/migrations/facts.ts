import type { MigrateFacts } from '@varve/core/rules/migrate-facts'
import { migrateCommands } from '@varve/operations/migrate/commands'
import { planMigrate } from '@varve/operations/migrate/plan'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import { toPlanView } from '@varve/operations/plans/plan-view'
import { DiskError } from '@varve/core/problems/disk-error'
import { needsAcceptance, textDetail, type Problem } from '@varve/core/problems/problem'
import type { MigrationRequest } from '@varve/protocol/migrations'
import type { PlanView } from '@varve/protocol/plans'
import type { Reading } from '@varve/protocol/primitives'
import { fromImageReportView, type ImageReportView } from '@varve/protocol/reports'
import type { Db } from '../store/database.ts'
import { isScanned, libraryFactsOf } from '../store/hosts-store.ts'
import { hostView } from '../store/hosts-list.ts'
import { imageIdOf } from '../store/image-id.ts'
import { imageRow, imageView } from '../store/images-store.ts'
import { isTargetClaimed } from '../store/migrations-store.ts'

export interface FactsOptions {
  readonly isConnected: (host: string) => boolean
  /** The migration that asks, so that it does not stand in its own way. */
  readonly exceptId: string | null
  /** A fresher report than the inventory's. */
  readonly report?: ImageReportView
}

/** What the planner needs to know of a migration, from the inventory; throws `not-found` for an image, host or library that is not there. */
export function gatherFacts(db: Db, request: MigrationRequest, options: FactsOptions): MigrateFacts {
  const image = imageView(db, request.image, () => false)
  if (!image) throw new DiskError('not-in-fleet', { file: request.image, kind: 'image' })
  const target = { host: request.targetHost, library: request.targetLibrary, name: request.name }
  const place = libraryFactsOf(db, target.host, target.library)
  if (!place) {
    const isHost = hostView(db, target.host) !== null
    const missing = isHost
      ? ({ file: `${target.host}:${target.library}`, kind: 'library' } as const)
      : ({ file: target.host, kind: 'host' } as const)
    throw new DiskError('not-in-fleet', missing)
  }
  const report = fromImageReportView(options.report ?? image.report)
  const inUse = report.problems.find(({ id }) => id === 'in-use')
  return {
    source: {
      host: image.row.host,
      connected: options.isConnected(image.row.host),
      report,
      inUseBy: inUse ? (textDetail(inUse, 'by') ?? 'a program') : null,
      inUseFile: inUse?.file ?? null,
    },
    target: {
      host: target.host,
      connected: options.isConnected(target.host),
      library: target.library,
      libraryPath: place.path,
      place: place.place,
      nameIsFree: nameIsFree(db, target, options.exceptId),
      writable: place.writable,
      volumes: place.volumes ?? null,
    },
    options: {
      name: request.name,
      format: request.format,
      subformat: request.subformat ?? null,
      compression: request.compression ?? 'none',
      thinPool: request.thinPool ?? null,
      sparse: request.sparse ?? false,
    },
  }
}

function nameIsFree(
  db: Db,
  target: { host: string; library: string; name: string },
  exceptId: string | null,
): boolean | null {
  const exists = imageRow(db, imageIdOf(target.host, target.library, target.name)) !== null
  if (exists || isTargetClaimed(db, target, exceptId)) return false
  return isScanned(db, target.host, target.library) ? true : null
}

/** Whether nobody said how the image is to be read: only then do reports and proofs speak of the image itself. */
export function isUsualReading(reading: Reading | undefined): boolean {
  return Object.values(reading ?? {}).every((value) => value === undefined)
}

/** Warnings of a plan that are not among the accepted ids. Infos need no word. */
export function unacceptedWarnings(plan: Pick<Plan, 'warnings'>, accepted: readonly string[]): Problem[] {
  return plan.warnings.filter((problem) => needsAcceptance(problem) && !accepted.includes(problem.id))
}

export interface PlanningOf {
  readonly source: { readonly library: string; readonly name: string }
  readonly request: MigrationRequest
  readonly accepted: readonly string[]
}

/** Plans the migration that is asked for. */
export function planOf(facts: MigrateFacts, { source, request, accepted }: PlanningOf): Plan | Refusal {
  const { library, name } = source
  return planMigrate(facts, { source: { library, name }, reading: request.reading ?? {}, accepted })
}

/** The plan as people see it. */
export function viewOf(plan: Plan | Refusal, facts: MigrateFacts): PlanView {
  const commands = migrateCommands(facts)
  const view = toPlanView(plan, () => ({ argv: [] }))
  if (view.kind === 'refusal') return view
  return { ...view, steps: view.steps.map((step) => ({ ...step, command: commands[step.id] ?? '' })) }
}
