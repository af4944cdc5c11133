import { z } from 'zod'
import { ErrorView, HostName, ImageId, Timestamp } from './primitives.ts'
import { RunId } from './runs.ts'
import { longestEvery, shortestEvery } from './schedule-limits.ts'

/** A time of the day on the clock of the controller, such as `22:00`. */
export const TimeOfDay = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/u, 'a time of the day is written as 22:00, from 00:00 to 23:59')
export type TimeOfDay = z.infer<typeof TimeOfDay>

/** The part of the day in which something may begin; from 22:00 to 06:00 it goes over midnight. */
export const DayWindow = z.object({ from: TimeOfDay, to: TimeOfDay }).refine(({ from, to }) => from !== to, {
  path: ['to'],
  error: 'a window ends at another time than it begins; without one it is the whole day',
})
export type DayWindow = z.infer<typeof DayWindow>

/** A library of a host. */
export const LibraryPlace = z.lazy(() => z.object({ host: HostName, library: z.string().min(1).max(100) }))
export type LibraryPlace = z.infer<typeof LibraryPlace>

const EverySeconds = z
  .number()
  .int()
  .min(shortestEvery, 'an hour is the shortest time between two verifications')
  .max(longestEvery, '365 days are the longest time between two verifications')

/** How often each image of a library is proven again against the manifest that its host keeps. */
export const SetSchedule = z.lazy(() =>
  LibraryPlace.unwrap().extend({
    everySeconds: EverySeconds,
    /** Null: at any time. */
    window: DayWindow.nullable().default(null),
    isOn: z.boolean().default(true),
  }),
)
export type SetSchedule = z.output<typeof SetSchedule>

/**
 * What a schedule does now. `idle`: no image is due. Images are due, but wait: for their `host`, which is offline, for the
 * `window`, or for their `turn` after other images of the host.
 */
export const ScheduleState = z.enum([
  'off',
  'running',
  'idle',
  'waits-for-host',
  'waits-for-window',
  'waits-for-turn',
])
export type ScheduleState = z.infer<typeof ScheduleState>

const ImageOfSchedule = z.lazy(() => z.object({ id: ImageId, name: z.string() }))

export const ScheduleView = z.lazy(() =>
  LibraryPlace.unwrap().extend({
    everySeconds: EverySeconds,
    window: DayWindow.nullable(),
    /** Time zone of the controller, which the window is in. */
    zone: z.string(),
    isOn: z.boolean(),
    state: ScheduleState,
    /** Images that are being verified now, with their runs. */
    running: z.array(ImageOfSchedule.unwrap().extend({ run: RunId.nullable() })).max(100),
    images: z.number().int().min(0),
    /** Images of which the host keeps no manifest yet: they are passed over. Null: it was not asked yet. */
    withoutManifest: z.number().int().min(0).nullable(),
    due: z.number().int().min(0),
    /** When one of its images was verified last, by whomever. */
    lastAt: Timestamp.nullable(),
    /** When the next one is due; in the past: as soon as it can. Null: never, as things are. */
    nextAt: Timestamp.nullable(),
    /** Images that did not hold any more what they held. */
    changed: z.number().int().min(0),
    /** The newest verification that came to no result, and how many images it is so with. */
    failed: z
      .object({
        images: z.number().int().min(1),
        newest: ImageOfSchedule.unwrap().extend({ at: Timestamp, error: ErrorView }),
      })
      .nullable(),
    /** Why the host could not say of which images it keeps a manifest. */
    problem: ErrorView.nullable(),
  }),
)
export type ScheduleView = z.infer<typeof ScheduleView>

export const ScheduleQuery = z.lazy(() =>
  z.object({
    host: HostName.nullable().default(null),
    offset: z.number().int().min(0).max(10_000_000).default(0),
    limit: z.number().int().min(1).max(500).default(200),
  }),
)
export type ScheduleQuery = z.input<typeof ScheduleQuery>

export const SchedulePage = z.lazy(() =>
  z.object({
    rows: z.array(ScheduleView),
    total: z.number().int(),
    offset: z.number().int(),
  }),
)
export type SchedulePage = z.infer<typeof SchedulePage>
