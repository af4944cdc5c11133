import { pino } from 'pino'
import type { Config } from './config.ts'
import { openDataFolder, StartError, type DataFolder } from './data-folder.ts'
import { createHttpServer } from './http/server.ts'
import { createController } from './services.ts'

/** A controller that runs in this process. */
export interface RunningController {
  /** Such as `http://127.0.0.1:7070`. */
  readonly url: string
  /** Stops it; migrations are left as they are and go on at the next start. */
  close(): Promise<void>
}

/** Starts a controller; throws `StartError` with a sentence for people when that cannot be. */
export async function startController(config: Config): Promise<RunningController> {
  const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }))
  const folder = openDataFolder(config.data)
  try {
    return await startIn(folder, config, logger)
  } catch (error) {
    folder.release()
    throw asStartError(error, config)
  }
}

async function startIn(folder: DataFolder, config: Config, logger: pino.Logger): Promise<RunningController> {
  const controller = createController(config, folder, logger)
  const server = await createHttpServer({
    config,
    logger,
    services: controller.services,
    manifests: controller.manifests,
    hearing: controller.hearing,
  })
  try {
    const url = await server.listen()
    await controller.start(url)
    logger.info({ url, data: config.data }, 'listening')
    let closing: Promise<void> | null = null
    const close = async () => {
      await Promise.all([server.close(), controller.stop()])
      folder.release()
    }
    return { url, close: () => (closing ??= close()) }
  } catch (error) {
    await Promise.all([server.close(), controller.stop()])
    throw error
  }
}

function asStartError(error: unknown, config: Config): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null
  const place = `${config.host}:${config.port}`
  if (code === 'EADDRINUSE') {
    return new StartError(
      `Port ${config.port} on ${config.host} is taken: stop what listens there, or choose another one with --port.`,
    )
  }
  if (code === 'EACCES')
    return new StartError(`This user may not listen on ${place}: choose a port above 1023 with --port.`)
  if (code === 'EADDRNOTAVAIL')
    return new StartError(`This machine has no address ${config.host}: choose another one with --host.`)
  if (typeof code === 'string' && code.startsWith('SQLITE_')) {
    const reason = error instanceof Error ? error.message : code
    return new StartError(`The inventory in ${config.data} cannot be opened: ${reason}.`)
  }
  return error
}
