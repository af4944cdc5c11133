import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { nativeAdapter } from '@varve/agent/actions/native'
import { DiskError, fromErrorRecord } from '@varve/core/problems/disk-error'
import { registryIn, serverOf, type Registry } from '@varve/engine/attached/registry'
import { threadFile } from '@varve/engine/run/start-thread'
import { isInLibraries, notOfLibraries } from '../in-libraries.ts'
import type { Orders, Report } from './orders.ts'

/** Starts a process that belongs to no terminal, and ends with none of those that wanted it. */
export const serveDevice = nativeAdapter('serve-device', {
  calls: 'fork(2) and setsid(2) of a process that opens the chain for reading and listens at the socket',

  async run({ attachment, image, socket, inUse, isThrowAway }, { ports, signal }) {
    if (!(await isInLibraries({ attachment, image: image.path, socket }, { ports })))
      throw notOfLibraries(image.path)
    const registry = registryIn(ports.runtimeFolder)
    signal.throwIfAborted()
    const { folder } = registry
    await start({
      attachment,
      folder,
      image,
      roots: ports.roots && [...ports.roots],
      socket,
      inUse,
      isThrowAway,
    })
    const served = await servedAt(registry, attachment, socket)
    if (served !== null) return served
    throw new DiskError('nbd-failed', {
      file: image.path,
      reason: 'the process that serves it has ended at once',
    })
  },

  async isDone({ attachment, image, socket }, { ports }) {
    if (!(await isInLibraries({ attachment, image: image.path, socket }, { ports }))) return null
    return await servedAt(registryIn(ports.runtimeFolder), attachment, socket)
  },
})

async function servedAt(registry: Registry, attachment: string, socket: string) {
  const server = await serverOf(registry, attachment)
  return server !== null && (await answers(socket)) ? { socket, pid: server.pid } : null
}

async function answers(socket: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = connect(socket, () => resolve(true))
  probe.on('error', () => resolve(false))
  const does = await promise
  probe.destroy()
  return does
}

async function start(orders: Orders): Promise<void> {
  const program = fileURLToPath(threadFile('attached-server', import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', program, JSON.stringify(orders)], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<Report>()
  child.once('message', (report) => resolve(report as Report))
  child.once('error', reject)
  child.once('exit', (code, signal) => {
    const reason = `the process that was to serve it has ended (${signal ?? `exit code ${code}`})`
    reject(new DiskError('nbd-failed', { file: orders.image.path, reason }))
  })
  const report = await promise
  child.unref()
  if (child.connected) child.disconnect()
  if (!report.isReady) throw fromErrorRecord(report.error)
}
