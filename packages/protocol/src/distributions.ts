import { z } from 'zod'
import { Bytes, Path } from './primitives.ts'

/** The file of a distribution, as the system tells it; null: not told. */
export const DistributionDisk = z.lazy(() =>
  z.object({
    path: Path,
    exists: z.boolean().nullable(),
    /** Of the file. */
    size: Bytes.nullable(),
    /** What of it takes space. */
    allocated: Bytes.nullable(),
    isSparse: z.boolean().nullable(),
  }),
)
export type DistributionDisk = z.infer<typeof DistributionDisk>

/** `running`: also while WSL has its disk for another reason, such as an export; `unknown`: only its owner is told, and its file could not be asked. */
export const DistributionState = z.enum(['running', 'stopped', 'installing', 'uninstalling', 'unknown'])
export type DistributionState = z.infer<typeof DistributionState>

/** What WSL runs: a distribution, or the disk of Docker Desktop that it runs beside. */
export const WslDistribution = z.lazy(() =>
  z.object({
    id: z.string().min(1),
    kind: z.enum(['distribution', 'docker-disk']),
    name: z.string().min(1),
    /** The account, such as `PC\anna`, or its SID. */
    owner: z.string().min(1),
    /** Of the account that asks. */
    isOwn: z.boolean(),
    isDefault: z.boolean(),
    /** 2: it runs in a virtual machine, from a disk of its own. */
    version: z.union([z.literal(1), z.literal(2)]),
    state: DistributionState,
    /** Null: it keeps its files in a folder (WSL 1). */
    disk: DistributionDisk.nullable(),
  }),
)
export type WslDistribution = z.infer<typeof WslDistribution>
