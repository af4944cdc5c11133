import { z } from 'zod'

/** The first member of a backup; it says what the others are. */
export const factsName = 'varve-backup.json'
/** Of that member. */
export const mostFactsBytes = 64 * 1024 ** 2
const mostParts = 200_000

/** No path tricks are possible in what these are: no `..`, no root, nothing hidden, no letter of a drive. */
const segment = String.raw`[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`
const partName = new RegExp(`^${segment}(?:/${segment})?$`, 'u')

/** Whether a file of a data folder, as `name` or `folder/name`, may be called so in a backup. */
export function isPartName(name: string): boolean {
  return partName.test(name) && name.toLowerCase() !== factsName
}

const Part = z.object({
  name: z.string().refine(isPartName, 'it is no name of a file in a data folder'),
  size: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
})

/** A file of the data folder. */
export type BackupPart = Readonly<z.infer<typeof Part>>

const OpenRun = z.object({ id: z.string(), operation: z.string(), startedAt: z.string() })

/** What a backup is of, and all of its parts in their order. */
export const BackupFacts = z.object({
  format: z.literal(1),
  /** Of this backup. */
  id: z.uuid(),
  /** Of Varve. */
  version: z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[\w.]{1,64})?$/u),
  /** The instant that all databases are of. */
  at: z.iso.datetime(),
  fleet: z.string().regex(/^[0-9a-f]{32}$/u),
  hosts: z.number().int().min(0),
  openRuns: z.array(OpenRun).max(100_000),
  parts: z
    .array(Part)
    .min(1)
    .max(mostParts)
    .refine(
      (parts) => new Set(parts.map(({ name }) => name.toLowerCase())).size === parts.length,
      'two parts have one name',
    ),
})
export type BackupFacts = z.infer<typeof BackupFacts>

/** What of `BackupFacts` every version has. */
export const AnyBackupFacts = z.object({ format: z.number().int(), version: z.string().max(100) })

/** Without these a folder is none of a controller that has run. */
export const neededParts = ['inventory.sqlite', 'workflows.sqlite', 'trust.sqlite', 'secrets.key'] as const

/** Whether `version` is later than `own`, by its numbers. */
export function isNewer(version: string, own: string): boolean {
  const [theirs, ours] = [version, own].map((text) => text.split(/[.-]/u).slice(0, 3).map(Number))
  for (const [at, number] of (theirs ?? []).entries()) {
    const other = ours?.[at] ?? 0
    if (number !== other) return number > other
  }
  return false
}
