import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { runToEnd, startControllerProcess } from './testing/controller-process.ts'
import { connect, sampleDigest, startFakeAgent, untilAborted, type Script } from './testing/fake-agent.ts'
import { ended, startMigration } from './testing/migrate-story.ts'
import { sampleRecord } from './testing/samples.ts'
import { eventually } from './testing/start-test-controller.ts'

const images = [sampleRecord('north', 'web01.vmdk')]

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a controller that ends by ${signal} in the pull goes on after its next start, without pulling twice`, async () => {
    await using place = await tempPlace()
    const args = ['--port', '0', '--data', place.file('data')]
    const first = await startControllerProcess(args)
    const hang: Partial<Script> = { pull: (_, tools) => untilAborted(tools) }
    const north = await startFakeAgent({ url: first.url, name: 'north', images })
    const south = await startFakeAgent({ url: first.url, name: 'south', script: hang })
    const before = connect(first.url)
    const id = await startMigration(before.client)
    await eventually(async () => south.started.some(({ kind }) => kind === 'pull'))
    await Promise.all([north.vanish(), south.vanish(), before.socket.close()])
    expect(await first.end(signal)).toBe(signal === 'SIGKILL' ? 'SIGKILL' : 0)

    const second = await startControllerProcess(args)
    const jobId = south.commands.flatMap((command) =>
      command.kind === 'start-job' && command.request.kind === 'pull' ? [command.jobId] : [],
    )[0]
    if (jobId === undefined) throw new Error('no pull was started')
    // The same processes come back, and the pull has ended while the controller was away.
    await using _north = await startFakeAgent({
      url: second.url,
      name: 'north',
      images,
      instance: north.instance,
    })
    await using south2 = await startFakeAgent({
      url: second.url,
      name: 'south',
      instance: south.instance,
      jobs: [jobId],
    })
    await south2.client.agents.report.mutate({
      session: south2.session,
      reports: [
        {
          kind: 'succeeded',
          jobId,
          result: {
            kind: 'pull',
            digest: sampleDigest,
            virtualSize: 64,
            transferredBytes: 16,
            fileSize: 17,
            seconds: 1,
          },
        },
      ],
    })
    const after = connect(second.url)
    const done = await ended(after.client, id)
    expect(done).toMatchObject({ state: 'succeeded', verified: true })
    expect(south2.started.map(({ kind }) => kind)).toEqual(['verify', 'publish'])
    await after.socket.close()
    expect(await second.end('SIGINT')).toBe(0)
  })
}

describe('a start that cannot be says why in one sentence', () => {
  test('when another controller has the data directory', async () => {
    await using place = await tempPlace()
    const args = ['--port', '0', '--data', place.file('data')]
    const first = await startControllerProcess(args)
    const second = await runToEnd(args)
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Another controller uses .*\n$/u),
    })
    expect(await first.end('SIGTERM')).toBe(0)
  })

  test('when the port is taken', async () => {
    await using place = await tempPlace()
    const first = await startControllerProcess(['--port', '0', '--data', place.file('one')])
    const { port } = new URL(first.url)
    const second = await runToEnd(['--port', port, '--data', place.file('two')])
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Port \d+ on 127\.0\.0\.1 is taken.*\n$/u),
    })
    expect(await first.end('SIGTERM')).toBe(0)
  })

  test('when a flag is wrong', async () => {
    expect(await runToEnd(['--port', '70000'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('port'),
    })
    expect(await runToEnd(['--unknown'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--unknown'),
    })
  })
})
