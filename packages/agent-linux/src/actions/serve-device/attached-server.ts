import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { imageInput } from '@varve/agent/actions/image-input'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import { serverLockOf } from '@varve/engine/attached/registry'
import { takeLock } from '@varve/engine/in-use/holder'
import { serveImage } from '@varve/engine/serving/serve-image'
import { Orders, type Report } from './orders.ts'

/** Looks so often whether what it serves for is still noted: who wanted it may have died before it was known. */
const lookAgainMs = 1000

/** A process of its own that serves one device to the kernel, until it is told to end or is wanted no more. */
async function run(orders: Orders): Promise<void> {
  const { attachment, folder, image, roots, socket, inUse, isThrowAway } = orders
  const lock = await takeLock(serverLockOf(folder, attachment))
  // Another one serves it already.
  if ('pid' in lock) return say({ isReady: true })
  await using held = lock
  void held
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  const note = join(folder, `${attachment}.json`)
  const timer = setInterval(() => {
    if (!existsSync(note)) stop.abort()
  }, lookAgainMs)
  try {
    await using served = await serveImage(imageInput(image, { roots }), {
      place: { socket },
      inUse,
      signal: stop.signal,
      isPatient: true,
      ...(isThrowAway && { throwAwayIn: '/var/tmp' }),
    })
    say({ isReady: true })
    await served.ended
  } finally {
    clearInterval(timer)
  }
}

function say(report: Report): void {
  // Who has started it may be gone, and need not be there.
  if (process.connected)
    process.send?.(report, undefined, undefined, () => process.connected && process.disconnect())
}

process.on('disconnect', () => {})
const orders = Orders.parse(JSON.parse(process.argv[2] ?? ''))
run(orders).then(
  () => process.exit(0),
  (error: unknown) => {
    say({ isReady: false, error: toErrorRecord(error, orders.image.path) })
    process.exitCode = 1
  },
)
