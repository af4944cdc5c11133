import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { requires } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { accessTo, root, waitFor } from './fleet.ts'

/** An address of documentation (RFC 5737), of no machine's loopback; it lies in a network namespace of the test's own. */
const address = '198.51.100.7'
const port = 7070
const controllerProgram = 'packages/controller/bin/varve-controller.mjs'
const agentProgram = 'packages/agent-linux/bin/varve-agent.mjs'
const mayMakeNetworks = process.getuid?.() === 0

/** A controller that listens at `address`, in a network of its own; `inside` runs a program there. */
async function controllerAfar(folder: string, args: readonly string[] = []) {
  const up = `ip link set lo up && ip address add ${address}/32 dev lo && exec "$@"`
  const listen = ['--host', '0.0.0.0', '--port', String(port), '--data', join(folder, 'controller')]
  const program = [process.execPath, controllerProgram, ...listen, ...args]
  const child = spawn('unshare', ['--net', 'sh', '-c', up, 'sh', ...program], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const started: ChildProcess[] = [child]
  await new Promise<void>((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('listening ') && done())
    child.on('exit', (code) => fail(new Error(`the controller ended with ${code}`)))
  })
  const enter = ['--target', String(child.pid), '--net', process.execPath]
  const inside = (...words: string[]) =>
    execa('nsenter', [...enter, ...words], { cwd: root, reject: false, all: true })
  const said = (stdout: string) =>
    stdout.split('\n').map((line) => JSON.parse(line) as { status: number | null; said: string })
  return {
    inside,
    start(...words: string[]) {
      started.push(spawn('nsenter', [...enter, ...words], { cwd: root, stdio: 'ignore' }))
    },
    async ask(...addresses: string[]) {
      const { stdout } = await inside('tooling/e2e/src/ask-from-afar.ts', ...addresses)
      return said(stdout)
    },
    /** As the user that runs the controller, who may read its file on its machine. */
    async askAsOwner(...addresses: string[]) {
      const { stdout } = await execa(
        'nsenter',
        [...enter, 'tooling/e2e/src/ask-from-afar.ts', ...addresses],
        {
          cwd: root,
          env: { ASK_AS: accessTo(here)['authorization'] ?? '' },
        },
      )
      return said(stdout)
    },
    async [Symbol.asyncDispose]() {
      const ends = started.map((one) => new Promise((done) => one.once('exit', done)))
      for (const one of started) one.kill('SIGKILL')
      await Promise.all(ends)
    },
  }
}

const [secure, plain, here] = [
  `https://${address}:${port}`,
  `http://${address}:${port}`,
  `http://127.0.0.1:${port}`,
]

describe.skipIf(!mayMakeNetworks || !requires('unshare', 'nsenter', 'ip'))('from another machine', () => {
  test('nothing is answered in plain text, nothing to a stranger by TLS, and a host joins and is seen', async () => {
    await using place = await tempPlace()
    await using afar = await controllerAfar(place.path)
    const open = await afar.ask(`${plain}/`, `${plain}/api/health`, `${plain}/trpc/fleet.info`)
    for (const { status, said } of open)
      expect([status, said]).toEqual([403, expect.stringContaining('use https')])
    const [page, manifest] = await afar.ask(`${secure}/sign-in`, `${secure}/api/manifests/${'a'.repeat(64)}`)
    expect([200, 503]).toContain(page?.status)
    expect([manifest?.status, manifest?.said]).toEqual([401, expect.stringContaining('Sign in first')])
    const calls = await afar.ask(
      `${secure}/trpc/fleet.info`,
      `${secure}/trpc/trust.view`,
      `${secure}/trpc/images.list?input={}`,
    )
    expect(calls.map(({ status }) => status)).toEqual([401, 401, 401])
    const known = await afar.ask(
      `${secure}/api/health`,
      `${secure}/api/trust/roots`,
      `${secure}/trpc/account.me`,
      `${here}/trpc/trust.view`,
    )
    expect(known.map(({ status }) => status)).toEqual([200, 200, 200, 401])
    // Whoever may read its file is let in on its machine, at whichever address of it.
    const own = await afar.askAsOwner(`${here}/trpc/trust.view`, `${secure}/trpc/trust.view`)
    expect(own.map(({ status }) => status)).toEqual([200, 200])

    const [made] = await afar.askAsOwner(`POST ${here}/trpc/trust.makeToken`)
    const token = (JSON.parse(made?.said ?? '') as { result: { data: { text: string } } }).result.data.text
    const data = place.file('north')
    await mkdir(join(data, 'images'), { recursive: true })
    const joined = await afar.inside(agentProgram, 'join', secure, token, '--name', 'north', '--data', data)
    expect([joined.exitCode, joined.all]).toEqual([0, expect.stringContaining('joined as north')])
    const library = `images=${join(data, 'images')}`
    afar.start(agentProgram, '--data', data, '--library', library, '--nbd-host', address)
    const info = `${here}/trpc/fleet.info`
    await waitFor('north', async () =>
      (await afar.askAsOwner(info))[0]?.said.includes('"hosts":{"connected":1,"total":1}') ? true : null,
    )
    // Who shows no certificate is no agent.
    const [hello] = await afar.ask(`POST ${secure}/trpc/agents.hello`)
    expect([hello?.status, hello?.said]).toEqual([401, expect.stringContaining('no certificate was shown')])
  })

  test('with the explicit switch people sign in over plain text, and are told', async () => {
    await using place = await tempPlace()
    await using afar = await controllerAfar(place.path, ['--plain-text'])
    const [info, me] = await afar.ask(`${plain}/trpc/fleet.info`, `${plain}/trpc/account.me`)
    expect([info?.status, me?.status]).toEqual([401, 200])
    const [own] = await afar.askAsOwner(`${here}/trpc/fleet.info`)
    expect(JSON.parse(own?.said ?? '')).toMatchObject({ result: { data: { isOpen: true } } })
  })

  test('with both switches everybody is answered, and people are told', async () => {
    await using place = await tempPlace()
    await using afar = await controllerAfar(place.path, ['--plain-text', '--no-sign-in'])
    const [info, me] = await afar.ask(`${plain}/trpc/fleet.info`, `${plain}/trpc/account.me`)
    expect(JSON.parse(info?.said ?? '')).toMatchObject({ result: { data: { isOpen: true } } })
    expect(JSON.parse(me?.said ?? '')).toMatchObject({ result: { data: { isSignInOff: true } } })
  })
})
