import { z } from 'zod'
import { FindingGroup } from './images.ts'
import { HostView } from './hosts.ts'
import { MigrationView } from './migrations.ts'
import { Bytes } from './primitives.ts'

export const Overview = z.object({
  hosts: z.array(HostView),
  images: z.number().int(),
  virtualBytes: Bytes,
  allocatedBytes: Bytes,
  reclaimableBytes: Bytes,
  running: z.array(MigrationView),
  recent: z.array(MigrationView),
  findings: z.array(FindingGroup),
  /** The command that joins a host to this controller. */
  joinCommand: z.string(),
})
export type Overview = z.infer<typeof Overview>

export const ServerInfo = z.object({
  version: z.string(),
  protocolVersion: z.number().int(),
  hosts: z.object({ connected: z.number().int(), total: z.number().int() }),
  images: z.number().int(),
  migrationsRunning: z.number().int(),
})
export type ServerInfo = z.infer<typeof ServerInfo>
