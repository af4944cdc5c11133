import { tempPlace } from '@varve/test-kit/temp-place'
import { makeConfig, type Config } from '../config.ts'
import { startController } from '../start-controller.ts'
import { connect } from './fake-agent.ts'

export { eventually } from './eventually.ts'

/** A controller in this process, on a port of its own, that is quick to give up; with a client of its API. */
export async function startTestController(change: Partial<Config> = {}) {
  const place = await tempPlace()
  const config = makeConfig({
    port: 0,
    logLevel: 'error',
    signIn: false,
    data: place.file('data'),
    dashboard: place.file('dist'),
    graceMs: 300,
    cancelMs: 500,
    eventMs: 10,
    retryMs: 10,
    ...change,
  })
  let controller = await startController(config)
  let { client, socket } = connect(controller.url)
  return {
    get url() {
      return controller.url
    },
    config,
    get client() {
      return client
    },
    /** Stops it and starts one on the same data, on another port; `meanwhile` while there is none. */
    async restart(meanwhile: () => void = () => {}) {
      await socket.close()
      await controller.close()
      meanwhile()
      controller = await startController(config)
      ;({ client, socket } = connect(controller.url))
    },
    async [Symbol.asyncDispose]() {
      await socket.close()
      await controller.close()
      await place[Symbol.asyncDispose]()
    },
  }
}
