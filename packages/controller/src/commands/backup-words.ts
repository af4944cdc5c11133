import { countOf } from '@varve/core/units/format-bytes'
import type { BackupFacts } from '../backup/backup-facts.ts'

/** What programs are told of a backup. */
export function told(facts: BackupFacts) {
  const { id, fleet, at, version, hosts, openRuns, parts } = facts
  return { id, fleet, at, version, hosts, openRuns, parts: parts.length }
}

/** The same for people. */
export function inWords({ fleet, at, hosts, openRuns, version }: BackupFacts): string {
  const runs = openRuns.length === 0 ? 'no run was open' : `${countOf(openRuns.length, 'run')} open`
  return `fleet ${fleet} as it was at ${at}: ${countOf(hosts, 'host')}, ${runs}; Varve ${version}`
}
