import { z } from 'zod'
import { HostName, ImageId, MigrationId, Timestamp } from './primitives.ts'
import { HostView } from './hosts.ts'
import { ImageRow } from './images.ts'
import { MigrationView } from './migrations.ts'
import { RunId, RunView } from './runs.ts'
import { LibraryPlace, ScheduleView } from './schedules.ts'

/** What changed, with the new state of the thing. Clients patch their caches with it. */
export const FleetEvent = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('host-changed'), host: HostView }),
    z.object({ kind: z.literal('image-changed'), image: ImageRow }),
    z.object({ kind: z.literal('image-removed'), id: ImageId, host: HostName }),
    z.object({ kind: z.literal('migration-changed'), migration: MigrationView }),
    z.object({ kind: z.literal('run-changed'), run: RunView }),
    z.object({ kind: z.literal('host-removed'), name: HostName }),
    z.object({ kind: z.literal('migration-removed'), id: MigrationId }),
    z.object({ kind: z.literal('run-removed'), id: RunId }),
    z.object({ kind: z.literal('schedule-changed'), schedule: ScheduleView }),
    LibraryPlace.unwrap().extend({ kind: z.literal('schedule-removed') }),
  ]),
)
export type FleetEvent = z.infer<typeof FleetEvent>

export const EventView = z.lazy(() =>
  z.object({ sequence: z.number().int().min(1), at: Timestamp, event: FleetEvent }),
)
export type EventView = z.infer<typeof EventView>

/** A change for the activity log, for people. */
export const ActivityRow = z.lazy(() =>
  z.object({
    sequence: z.number().int(),
    at: Timestamp,
    subject: z.enum(['host', 'image', 'migration', 'run']),
    subjectId: z.string(),
    title: z.string(),
  }),
)
export type ActivityRow = z.infer<typeof ActivityRow>
