import { createTRPCClient, httpBatchLink, type TRPCClient } from '@trpc/client'
import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import type { AppRouter } from '@varve/controller/router/root'
import type { ImageRow } from '@varve/protocol/images'
import { migrationNumbers } from '@varve/protocol/migration-numbers'
import { movedWords, passWords } from '@varve/protocol/migration-words'
import type { MigrationView } from '@varve/protocol/migrations'
import { localAccessHeaders } from '@varve/trust/local-access'
import { ownAccessFolder } from '@varve/trust/own-folders'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from './config.ts'

export interface ShowOptions {
  readonly url: string
  readonly signal: AbortSignal
  readonly isTerminal: boolean
  readonly say: (text: string) => void
}

/** As the user that started the fleet. */
export function accessTo(url: string): Record<string, string> {
  return localAccessHeaders(url, ownAccessFolder(process.env))
}

type Api = TRPCClient<AppRouter>

const imageWaitMs = 60_000

/** Migrates north:web01.vmdk to south:web01.qcow2, or proves again what an earlier start has migrated. */
export async function showMigration(options: ShowOptions): Promise<void> {
  const { url, signal, say } = options
  const api = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${url}/trpc`, headers: () => accessTo(url) })],
  })
  const source = await waitForImage(api, { host: 'north', name: 'web01.vmdk', signal })
  const there = await findImage(api, 'south', 'web01.qcow2')
  if (there) {
    say('south:web01.qcow2 is there from an earlier start; proving it again …')
    await proveAgain(api, { source, there, options })
    return
  }
  say('Migrating north:web01.vmdk to south:web01.qcow2 …')
  const request = {
    image: source.id,
    targetHost: 'south',
    targetLibrary: 'images',
    name: 'web01.qcow2',
    format: 'qcow2',
    compression: 'none',
  } as const
  const plan = await api.migrations.plan.query(request, { signal })
  if (plan.kind === 'refusal') {
    throw new StartError(
      `The migration is refused: ${plan.problems.map(({ message, remedy }) => `${message} (${remedy})`).join('; ')}`,
    )
  }
  const accepted = [...new Set(plan.warnings.map(({ id }) => id))]
  const started = await api.migrations.start.mutate({
    ...request,
    idempotencyKey: `start-${Date.now()}-${process.pid}`,
    accepted,
  })
  const ended = await follow(api, started.id, options)
  if (ended.state !== 'succeeded') {
    throw new StartError(
      `The migration ${ended.state}: ${ended.error?.message ?? ''} ${ended.error?.remedy ?? ''}`.trim(),
    )
  }
  say(summary(ended))
}

async function findImage(api: Api, host: string, name: string): Promise<ImageRow | null> {
  const page = await api.images.list.query({ host, search: name })
  return page.rows.find((row) => row.name === name) ?? null
}

async function waitForImage(
  api: Api,
  { host, name, signal }: { host: string; name: string; signal: AbortSignal },
): Promise<ImageRow> {
  for (const startedMs = Date.now(); Date.now() - startedMs < imageWaitMs;) {
    const [found, facts] = await Promise.all([findImage(api, host, name), api.fleet.hosts.query({})])
    const isScanned = facts.rows.every((each) => each.scan.state === 'watching')
    if (found && isScanned) return found
    await sleep(100, undefined, { signal })
  }
  throw new StartError(`The agent on ${host} did not report ${name} within ${imageWaitMs / 1000} s.`)
}

async function follow(
  api: Api,
  id: string,
  { signal, isTerminal, say }: ShowOptions,
): Promise<MigrationView> {
  let shown = ''
  for (;;) {
    const migration = await api.migrations.get.query({ id }, { signal })
    const line = describe(migration)
    if (isTerminal) process.stderr.write(`\r\u001B[K${line}`)
    else if (line !== shown) say(line)
    shown = line
    if (['succeeded', 'failed', 'canceled'].includes(migration.state)) {
      if (isTerminal) process.stderr.write('\r\u001B[K')
      return migration
    }
    await sleep(200, undefined, { signal })
  }
}

function describe(migration: MigrationView): string {
  const { steps, progress } = migration
  const step = steps.find(({ state }) => state === 'running')
  if (!step) return 'waiting …'
  const parts = [`${step.layer} ${step.title}`]
  if (progress) {
    const numbers = migrationNumbers(migration)
    parts.push(`${numbers.percent} %`, passWords(numbers))
    if (numbers.rate !== null) parts.push(formatRate(numbers.rate))
  }
  return parts.join(' · ')
}

/** What was moved, how fast, digest, verified: one line. */
function summary(migration: MigrationView): string {
  const { sourceDigest, targetDigest, verified, source, target } = migration
  const proof = verified && sourceDigest === targetDigest ? 'verified' : 'NOT VERIFIED'
  return [
    `${source.host}:${source.name} → ${target.host}:${target.name}: ${movedWords(migration)}`,
    `digest ${targetDigest ?? 'none'}`,
    proof,
  ].join(', ')
}

async function proveAgain(
  api: Api,
  { source, there, options }: { source: ImageRow; there: ImageRow; options: ShowOptions },
): Promise<void> {
  const { signal, say } = options
  const started = performance.now()
  const [from, to] = await Promise.all([
    api.images.digest.mutate({ id: source.id }, { signal }),
    api.images.digest.mutate({ id: there.id }, { signal }),
  ])
  const seconds = (performance.now() - started) / 1000
  if (from.digest !== to.digest) {
    throw new StartError(
      `south:web01.qcow2 differs from north:web01.vmdk: one of them was changed since. Remove south's, then start again.`,
    )
  }
  const rate = formatRate((from.dataBytes + to.dataBytes) / seconds)
  say(
    `north:web01.vmdk = south:web01.qcow2: ${from.dataBytes} bytes (${formatBytes(from.dataBytes)}), ${seconds.toFixed(1)} s, ${rate}, digest ${to.digest}, verified`,
  )
}
