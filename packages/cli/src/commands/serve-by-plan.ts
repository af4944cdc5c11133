import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { clientCommands, nbdUri } from '@varve/engine/serving/nbd-uri'
import { serveImage } from '@varve/operations/actions/serve-image'
import { shellWord } from '@varve/operations/plans/shown'
import type { RunView } from '@varve/protocol/runs'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { openFleet } from '../fleet.ts'
import { changeFleetRun } from '../operations/operate-on-fleet.ts'
import { imageOf, inUseWish, readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { printable } from '../output/text.ts'
import type { ServeOptions } from './serve.ts'

/** Seconds: an agent serves nothing for ever, since who asked for it may be gone. */
const usualSeconds = 3600

/** `varve serve IMAGE` with --plan, --script or --host: on a host of the fleet until Ctrl-C, or its time is over; with `--detach` its agent goes on until then. */
export async function serveByPlan(
  image: string,
  options: ServeOptions & ReadByPlanOptions,
  context: CommandContext,
): Outcome {
  const { port = 0, expires, accept, host, controller, detach = false } = options
  assertPort(options, context)
  const request = {
    image: imageOf(image, options),
    inUse: inUseWish(accept),
    port,
    expiresSeconds: Math.max(1, Math.round(expires ?? usualSeconds)),
  }
  let served: RunView | null = null
  // With --detach too it is waited for until it is served.
  const code = await readByPlan(
    { operation: 'serve', request },
    { ...options, detach: host === undefined && detach },
    context,
    (_result, run) => {
      served = run
      return exitCodes.ok
    },
  )
  const run = served as RunView | null
  if (run === null || host === undefined) return code
  const at = serveImage.outcome.parse(run.steps.at(-1)?.result)
  tell({ image, host, run }, at, context)
  if (detach) return code
  try {
    await Promise.race([
      sleep(Math.max(0, Date.parse(at.until) - Date.now()), undefined, { signal: context.signal }).catch(
        () => {},
      ),
      context.signal.aborted ? Promise.resolve() : once(context.signal, 'abort'),
    ])
  } finally {
    // What stops the waiting does not stop the release.
    const calm = { ...context, signal: new AbortController().signal }
    await using fleet = openFleet(calm, controller)
    await changeFleetRun(fleet, controller ?? context.config.controller, { id: run.id, wish: 'undo' })
  }
  if (!context.json) context.remark('It is served no more.')
  return code
}

/** The operation serves at a port, for a while. */
function assertPort(
  { socket, port, expires, host, tlsCertificates, listen, 'tls1.2': isOld }: ServeOptions & ReadByPlanOptions,
  context: CommandContext,
) {
  if (tlsCertificates !== undefined || listen !== undefined || isOld === true)
    throw new UsageError(
      'TLS is for what this process serves: --tls-certificates, --tls-1.2 and --listen go without --plan, --script and --host.',
    )
  if (socket !== undefined)
    throw new UsageError(
      host === undefined
        ? 'What has a plan is served at a port: --socket goes without --plan and --script.'
        : 'Another host serves at a port: --socket is for this one.',
    )
  if (host === undefined && (port === undefined || expires === undefined))
    context.remark(
      'The plan is of serving at a port for a while; without it, and without --port and --expires, a socket of this user is served until Ctrl-C.',
    )
}

function tell(
  { image, host, run }: { readonly image: string; readonly host: string; readonly run: RunView },
  { virtualSize, until, ...place }: ReturnType<typeof serveImage.outcome.parse>,
  context: CommandContext,
): void {
  const address = { host: place.host, port: place.port }
  const commands = clientCommands(address)
  const tunnel = ['ssh', '-N', '-L', `${place.port}:${place.host}:${place.port}`, host]
  if (context.json) {
    const about = {
      image,
      on: host,
      virtualSize,
      readOnly: true,
      uri: nbdUri(address),
      ...address,
      exportName: '',
    }
    context.print(JSON.stringify({ ...about, until, tunnel, commands, run: run.number }))
    return
  }
  const lines = [
    `${printable(image)} is served read-only on ${printable(host)} until ${until.slice(0, 19).replace('T', ' ')} UTC, for that host alone:`,
    `  ${nbdUri(address)}`,
    'From elsewhere through a tunnel:',
    `  ${printable(tunnel.map(shellWord).join(' '))}`,
    ...Object.values(commands).map((argv) => `  ${printable(argv.map(shellWord).join(' '))}`),
    `It is ended before by: varve runs ${run.number} --fleet --undo`,
  ]
  context.print(lines.join('\n'))
}
