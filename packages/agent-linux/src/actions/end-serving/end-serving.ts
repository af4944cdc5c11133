import { setTimeout as sleep } from 'node:timers/promises'
import { nativeAdapter } from '@varve/agent/actions/native'
import { DiskError } from '@varve/core/problems/disk-error'
import { registryIn, serverOf } from '@varve/engine/attached/registry'
import { isInLibraries } from '../in-libraries.ts'

/** How long it may take to end by itself, and then by force. */
const patienceMs = 10_000
const pauseMs = 20

/** Only the process that holds the lock of the attachment, by its number and its beginning, is ever signalled. */
export const endServing = nativeAdapter('end-serving', {
  calls: 'kill(2) of the process that serves it',

  async run({ attachment }, { ports }) {
    const registry = registryIn(ports.runtimeFolder)
    if (!(await isInLibraries({ attachment }, { ports }))) return { wasServed: false }
    const began = performance.now()
    let wasServed = false
    for (;;) {
      const server = await serverOf(registry, attachment)
      if (server === null) return { wasServed }
      const lastedMs = performance.now() - began
      if (lastedMs > 2 * patienceMs)
        throw new DiskError('in-use', { file: attachment, by: `process ${server.pid}`, how: 'locks' })
      signalTo(server.pid, lastedMs > patienceMs ? 'SIGKILL' : 'SIGTERM')
      wasServed = true
      await sleep(pauseMs)
    }
  },
})

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended in between.
  }
}
