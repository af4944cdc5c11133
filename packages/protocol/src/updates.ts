import { z } from 'zod'
import { Bytes, HostName, Timestamp } from './primitives.ts'

/** A release as it lies on a host: its version, and the first eight digits of its archive's SHA-256. */
export const Build = z
  .string()
  .regex(
    /^\d{1,5}\.\d{1,5}\.\d{1,5}(?:-[0-9A-Za-z.]{1,40})?-[0-9a-f]{8}$/u,
    'a build, such as 1.2.0-89abcdef',
  )

/** An archive of a release, as `SHA256SUMS` names it. */
export const ReleaseArchive = z.lazy(() =>
  z.object({
    name: z.string().regex(/^varve-[\w.-]{1,100}\.tar\.gz$/u),
    sum: z.string().regex(/^[0-9a-f]{64}$/u),
    size: Bytes,
  }),
)
export type ReleaseArchive = z.infer<typeof ReleaseArchive>

/** The program of an agent that the fleet can update. */
export const AgentProgram = z.lazy(() =>
  z.object({
    build: Build,
    /** System and processor, such as `linux-x64`. */
    target: z.string().regex(/^[a-z0-9]{1,20}-[a-z0-9]{1,20}$/u),
    /** Nobody has confirmed yet that it does. */
    isTried: z.boolean(),
    /** A build that did not do, so that the one before it runs again. */
    rolledBack: z.object({ build: Build, at: Timestamp, reason: z.string().max(300) }).nullable(),
  }),
)
export type AgentProgram = z.infer<typeof AgentProgram>

/** What is done to one host of a rollout. */
export const updateStates = [
  'waiting',
  'staging',
  'switching',
  'checking',
  'updated',
  'rolled-back',
  'failed',
  'skipped',
] as const
export type UpdateState = (typeof updateStates)[number]

const mostHosts = 10_000
const hour = 3600

/** How many hosts are updated at the end of a ring: a number, or of all in percent. */
const Ring = z
  .string()
  .regex(/^(?:[1-9]\d{0,4}|(?:[1-9]\d?|100)%)$/u, 'a number of hosts, or so many percent: 1, 10%')

/** Each is of all hosts, so that numbers rise, and so do percents. */
function areRising(rings: readonly string[]): boolean {
  const isRising = (bounds: readonly number[]) =>
    bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? 0))
  const numbers = (arePercents: boolean) =>
    rings.filter((ring) => ring.endsWith('%') === arePercents).map((ring) => Number.parseInt(ring, 10))
  return isRising(numbers(false)) && isRising(numbers(true))
}

const Rings = z
  .array(Ring)
  .min(1)
  .max(10)
  .refine(areRising, 'each says how many of all hosts are updated at its end, so they rise: 1, 10%, 100%')

export const StartRollout = z.lazy(() =>
  z.object({
    /** Left out: all that have an older build and can be updated. */
    hosts: z.array(HostName).min(1).max(mostHosts).optional(),
    rings: Rings.default(['1', '10%', '100%']),
    /** How long a ring has to do well before the next one begins. */
    soakSeconds: z
      .number()
      .int()
      .min(0)
      .max(24 * hour)
      .default(60),
    /** Hosts of a ring that are updated at the same time. */
    atOnce: z.number().int().min(1).max(50).default(5),
  }),
)
export type StartRollout = z.input<typeof StartRollout>

export const RolloutHost = z.lazy(() =>
  z.object({
    name: z.string(),
    /** From 0. */
    ring: z.number().int().min(0),
    state: z.enum(updateStates),
    from: z.string().nullable(),
    to: z.string().nullable(),
    /** What it waits for, or why it ended so; empty: nothing is to be said. */
    detail: z.string(),
    changedAt: Timestamp,
  }),
)
export type RolloutHost = z.infer<typeof RolloutHost>

export const rolloutStates = ['open', 'done', 'stopped', 'canceled'] as const

export const RolloutView = z.lazy(() =>
  z.object({
    id: z.string(),
    version: z.string(),
    /** `stopped`: a host did not do well, and the rest was left as it is. */
    state: z.enum(rolloutStates),
    reason: z.string(),
    /** Sizes of the rings. */
    rings: z.array(z.number().int()),
    soakSeconds: z.number().int(),
    startedAt: Timestamp,
    endedAt: Timestamp.nullable(),
    /** How many hosts there are in each state. */
    counts: z.record(z.enum(updateStates), z.number().int()),
    /** The first of them: what goes wrong, then what is going on. */
    hosts: z.array(RolloutHost),
  }),
)
export type RolloutView = z.infer<typeof RolloutView>

export const UpdatesView = z.lazy(() =>
  z.object({
    /** What hosts can be updated to; null: nothing, and why. */
    release: z.union([
      z.object({ version: z.string(), reason: z.null() }),
      z.object({ version: z.null(), reason: z.string() }),
    ]),
    /** Hosts that are connected, have another build than that and can be updated. */
    outdated: z.array(z.string()),
    /** How many hosts were installed otherwise, so that the fleet cannot update them. */
    otherwise: z.number().int(),
    /** Newest first. */
    rollouts: z.array(RolloutView),
  }),
)
export type UpdatesView = z.infer<typeof UpdatesView>
