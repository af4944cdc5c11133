import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startTestController } from '@varve/controller/testing/start-test-controller'
import { tempPlace } from '@varve/test-kit/temp-place'
import { startWindows } from '@varve/wine/start-windows'
import { hasWindows } from '@varve/wine/testing/windows-of-tests'
import { placePrograms } from '@varve/wine/windows-programs'
import { expect, test } from 'vitest'

const node = String.raw`Z:\work\varve\lib\node\bin\node.exe`
const agent = String.raw`Z:\work\varve\lib\varve\packages\agent-windows\bin\varve-agent.mjs`
const data = String.raw`C:\Varve data`
const patience = { timeout: 30_000 }

test.skipIf(!(await hasWindows()))(
  'a Windows joins a fleet, and its service is there while it runs',
  async () => {
    await using place = await tempPlace()
    await using controller = await startTestController()
    await using windows = await startWindows(place.path)
    await placePrograms(join(windows.work, 'varve'))
    // Wine ends its services with the last program beside them.
    const beside = await windows.start(node, ['-e', 'setInterval(() => {}, 60_000)'])
    await using _ = { [Symbol.asyncDispose]: async () => await beside.kill() }
    const agentDoes = async (...words: readonly string[]) => {
      const { exitCode, stdout, stderr } = await windows.run(node, [agent, ...words])
      if (exitCode !== 0) throw new Error(`${words.join(' ')}: ${stdout}${stderr}`)
      return stdout
    }
    const host = async () => {
      const { rows } = await controller.client.fleet.hosts.query({})
      return rows.find(({ name }) => name === 'west')
    }

    const images = join(windows.work, 'images')
    await windows.run('cmd', ['/c', 'mkdir', String.raw`Z:\work\images`])
    await writeFile(join(images, 'one.raw'), Buffer.alloc(1 << 20))
    const { command } = await controller.client.trust.makeToken.mutate({})
    const token = /varve-join\.[\w.-]+/u.exec(command)?.[0] ?? ''
    const url = `https://127.0.0.1:${new URL(controller.url).port}`
    expect(await agentDoes('join', url, token, '--name', 'west', '--data', data)).toContain(
      `Start it with: varve-agent service install --library images=FOLDER`,
    )

    const library = String.raw`images=Z:\work\images`
    await agentDoes('service', 'install', '--data', data, '--library', library)
    await expect
      .poll(host, patience)
      .toMatchObject({ state: 'connected', images: 1, os: { platform: 'windows' } })
    // Wine has no PowerShell: that is told, and all else is there.
    expect((await host())?.tools.filter(({ path }) => path === null)).toContainEqual(
      expect.objectContaining({ name: 'what Windows PowerShell tells' }),
    )

    await agentDoes('service', 'stop')
    await expect.poll(host, patience).toMatchObject({ state: 'offline' })
    await agentDoes('service', 'start')
    await expect.poll(host, patience).toMatchObject({ state: 'connected' })
    await agentDoes('service', 'remove')
    await expect.poll(host, patience).toMatchObject({ state: 'offline' })
  },
)
