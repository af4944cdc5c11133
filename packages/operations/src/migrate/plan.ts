import { formatBytes } from '@varve/core/units/format-bytes'
import { volumeAddress } from '@varve/core/image/volume-address'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import type { MigrateFacts } from '@varve/core/rules/migrate-facts'
import {
  findMigrationProblems,
  joinPath,
  migrationPreflightRules,
} from '@varve/core/rules/migration-preflight'
import type { Reading } from '@varve/protocol/primitives'
import { checkAgain } from '../actions/check-again.ts'
import { closeSource } from '../actions/close-source.ts'
import { compareDigests } from '../actions/compare-digests.ts'
import { digestSource } from '../actions/digest.ts'
import { exportDisk } from '../actions/export.ts'
import {
  inOrder,
  wholeEstimate,
  step,
  type DraftStep,
  type Estimate,
  type Plan,
  type Refusal,
} from '../plans/plan.ts'
import { freshToken, from } from '../plans/wired.ts'
import { roundedRemark } from '../volumes/remarks.ts'
import { landing, targetVolume, volumeSize } from './landing.ts'

/** Bytes a second that estimates assume until the pull has measured its own rate. */
export const assumedRate = 200_000_000

const exportLifeSeconds = 7 * 86_400

/** Where the two images are, and what was said about reading the source. */
export interface MigratePlaces {
  readonly source: { readonly library: string; readonly name: string }
  readonly reading: Reading
  /** Ids of the findings that were accepted. */
  readonly accepted: readonly string[]
}

/** Plans a migration: steps of one layer each, or a refusal with all its reasons. Warnings are to be accepted, infos are to be known. */
export function planMigrate(facts: MigrateFacts, places: MigratePlaces): Plan | Refusal {
  const problems = [...findMigrationProblems(facts), ...remarks(facts)]
  const operation = 'migrate'
  if (problems.some(isBlocking)) return { kind: 'refusal', operation, problems }
  const { source, target, options } = facts
  const steps = inOrder(stepsOf(facts, places))
  const bytes = dataBytes(facts)
  return {
    kind: 'plan',
    operation,
    summary: summarize(facts),
    steps,
    warnings: problems,
    subjects: [
      { host: source.host, path: source.report.path },
      {
        host: target.host,
        path: joinPath(target.libraryPath, options.name),
        from: { host: source.host, path: source.report.path },
      },
    ],
    estimate: { bytes, seconds: bytes === null ? null : wholeEstimate(inTurn(steps)).seconds },
  }
}

/** The source is digested beside the copy: that takes no time of its own. */
function inTurn(steps: readonly { readonly id: string; readonly estimate: Estimate }[]) {
  return steps.filter(({ id }) => id !== 'digest')
}

function summarize(facts: MigrateFacts): string {
  const { report } = facts.source
  const bytes = dataBytes(facts) ?? report.allocated ?? report.virtualSize
  return `Migrate ${bytes === null ? 'the disk' : formatBytes(bytes)} to ${facts.target.host}`
}

const moment: Estimate = { bytes: null, seconds: 1 }
const instant: Estimate = { bytes: null, seconds: 0 }

function stepsOf(facts: MigrateFacts, { source, reading, accepted }: MigratePlaces): readonly DraftStep[] {
  const { target, options } = facts
  const [north, south] = [facts.source.host, target.host]
  const image = { library: source.library, name: source.name, reading }
  const inUse = accepted.includes('in-use') ? ({ inUse: 'accept' } as const) : {}
  const { pulled, named } = landing(facts, { moment, move: move(facts) })
  return [
    step(checkAgain, {
      id: 'pre-flight',
      host: 'controller',
      input: { image: source.name, rules: migrationPreflightRules.length },
      needs: [`agent on ${north}`, `agent on ${south}`],
      estimate: moment,
    }),
    step(exportDisk, {
      id: 'export',
      host: north,
      input: {
        ...image,
        ...inUse,
        reader: south,
        exportName: freshToken,
        expiresInSeconds: exportLifeSeconds,
      },
      needs: [`read access to ${facts.source.report.path}`, `a free port on ${north}`],
      estimate: moment,
    }),
    ...pulled,
    step(digestSource, {
      id: 'digest',
      host: north,
      input: { ...image, ...inUse },
      after: ['export'],
      estimate: move(facts),
    }),
    step(closeSource, {
      id: 'close',
      host: north,
      input: {
        exportName: from('export', 'endpoint.exportName'),
        library: source.library,
        name: source.name,
      },
      after: ['verify', 'digest'],
      estimate: instant,
    }),
    step(compareDigests, {
      id: 'compare',
      host: 'controller',
      input: {
        sourceName: source.name,
        targetName: options.name,
        source: from('digest', 'digest'),
        pulled: from('pull', 'digest'),
        readBack: from('verify', 'digest'),
      },
      estimate: instant,
    }),
    named,
  ]
}

function dataBytes({ source }: MigrateFacts): number | null {
  return source.report.allocation?.dataBytes ?? null
}

/** Moving the data once, at the assumed rate. */
function move(facts: MigrateFacts): Estimate {
  const bytes = dataBytes(facts)
  return { bytes, seconds: bytes === null ? null : Math.max(1, Math.ceil(bytes / assumedRate)) }
}

/** Volumes have whole extents or blocks. */
function remarks(facts: MigrateFacts): Problem[] {
  const volume = targetVolume(facts)
  const { virtualSize } = facts.source.report
  const size = volumeSize(facts)
  if (!volume || virtualSize === null || size === null) return []
  return roundedRemark(volumeAddress(volume), virtualSize, size)
}
