import { ownAccessFolder } from '@varve/trust/own-folders'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLogger } from '../platform/logger.ts'
import type { Platform } from '../platform/platform.ts'
import { runAgent, type RunningAgent } from '../run-agent.ts'
import { memoryPlatform } from './memory-platform.ts'
import type { ScriptedController } from './scripted-controller.ts'

export interface TestAgent extends RunningAgent, AsyncDisposable {
  readonly library: string
}

export interface TestAgentOptions {
  readonly controller: ScriptedController
  readonly name: string
  /** A folder that is made; the library `images` lies below it. */
  readonly folder: string
  readonly platform?: Platform
  /** A second library of this name, beside the first. */
  readonly second?: string
}

/** An agent in this process with the library `images`, which watches but scans quickly. */
export async function startAgent(options: TestAgentOptions): Promise<TestAgent> {
  const { controller, name, folder, second, platform = memoryPlatform() } = options
  const library = join(folder, 'images')
  await mkdir(library, { recursive: true })
  const libraries = [{ name: 'images', path: library }]
  if (second !== undefined) {
    libraries.push({ name: second, path: join(folder, second) })
    await mkdir(join(folder, second), { recursive: true })
  }
  const agent = await runAgent({
    config: {
      controller: controller.url,
      name,
      libraries,
      nbdHost: '127.0.0.1',
      data: join(folder, 'data'),
      membership: null,
      installation: null,
      accessFolder: ownAccessFolder(process.env),
      logLevel: 'silent',
    },
    platform,
    log: silentLogger,
    scanTimes: { quietMs: 20, patienceMs: 200, watchedMs: 60_000, unwatchedMs: 60_000, inUseMs: 50 },
  })
  return { ...agent, library, [Symbol.asyncDispose]: () => agent.stop() }
}
