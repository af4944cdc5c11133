import { z } from 'zod'
import { FindingGroup } from './images.ts'
import { HostTotals, HostView } from './hosts.ts'
import { MigrationView } from './migrations.ts'
import { Bytes } from './primitives.ts'

/** What a person looks at first, and sums; its size does not depend on that of the fleet. */
export const Overview = z.lazy(() =>
  z.object({
    /** The first hosts of the fleet: offline ones, then those with the least free space, then by name. */
    hosts: z.array(HostView).max(20),
    hostTotals: HostTotals,
    images: z.number().int(),
    virtualBytes: Bytes,
    allocatedBytes: Bytes,
    reclaimableBytes: Bytes,
    /** The newest of those that run. */
    running: z.array(MigrationView).max(50),
    /** The newest that ended. */
    recent: z.array(MigrationView).max(10),
    /** The newest that failed and were not made good: no later one of that image to that host succeeded or runs. */
    failed: z.array(MigrationView).max(10).default([]),
    findings: z.array(FindingGroup),
    /** The command that joins a host to this controller. */
    joinCommand: z.string(),
    /** Whether a host joins by a token, beyond this machine. */
    joinsByToken: z.boolean().default(false),
  }),
)
export type Overview = z.infer<typeof Overview>

export const ServerInfo = z.lazy(() =>
  z.object({
    version: z.string(),
    protocolVersion: z.number().int(),
    hosts: HostTotals,
    images: z.number().int(),
    migrationsRunning: z.number().int(),
    /** Runs of operations that are not over. */
    runsOpen: z.number().int().default(0),
    /** Whether plain text is spoken beyond this machine, by an explicit switch: every page says so. */
    isOpen: z.boolean().default(false),
  }),
)
export type ServerInfo = z.infer<typeof ServerInfo>
