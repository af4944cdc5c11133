import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from '@varve/bundle/programs'
import { whyNotBuilt } from '@varve/lab/build/build-root'
import { debianTools, startDebian, type Debian } from '@varve/lab/debian/start-debian'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRelease } from './make-release.ts'
import { signatureName, signWith, sumOf, sumsName, sumsText, writeKeys } from './sums.ts'
import { findTarget } from './targets.ts'

function whyNot(): string | null {
  if (process.env['VARVE_LAB'] !== 'all') return 'takes minutes: VARVE_LAB=all runs it'
  return whyNotBuilt(debianTools)
}

const why = whyNot()
if (why !== null) process.stderr.write(`skipped: a fresh Debian: ${why}\n`)

const controllerUrl = 'http://127.0.0.1:7070'

/** The whole way with a real release and a real init: installed by the line, updated, taken back, removed. */
describe.skipIf(why !== null)('a fresh Debian', () => {
  let place: TempPlace
  let debian: Debian
  let controller: ChildProcess
  let served: string
  let made: string

  beforeAll(async () => {
    place = await tempPlace()
    served = place.file('served')
    made = place.file('made')
    await writeKeys(place.file('key'))
    await makeRelease({
      to: served,
      targets: [findTarget('linux-x64')],
      key: place.file('key'),
      fetch: false,
      level: 1,
      packages: false,
      say: () => {},
    })
    await mkdir(made)
    const [archive = ''] = (await readdir(served)).filter((name) => name.endsWith('.tar.gz'))
    await runToolOk('tar', ['-xzf', join(served, archive), '-C', made])
    debian = await startDebian(place.path, 'north')
    const words = [
      'packages/controller/bin/varve-controller.mjs',
      '--port',
      '7070',
      '--data',
      place.file('controller'),
    ]
    const releases = ['--releases', served, '--release-key', place.file('key.pub')]
    const [enter = '', ...inside] = debian.inNetwork
    controller = spawn(enter, [...inside, process.execPath, ...words, ...releases], {
      cwd: root,
      env: { ...process.env, VARVE_ACCESS: place.file('access') },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { stdout } = controller
    await new Promise<void>((done) => {
      if (stdout)
        createInterface({ input: stdout }).on('line', (line) => line.startsWith('listening ') && done())
    })
  }, 600_000)

  afterAll(async () => {
    controller?.kill('SIGKILL')
    await debian?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  async function varve(...words: string[]) {
    const [enter = '', ...inside] = debian.inNetwork
    return await execa(
      enter,
      [...inside, process.execPath, join(root, 'packages/cli/bin/varve.mjs'), ...words],
      {
        reject: false,
        env: {
          VARVE_CONTROLLER: controllerUrl,
          VARVE_ACCESS: place.file('access'),
          VARVE_STATE: place.file('state'),
        },
      },
    )
  }

  /** Serves the programs that were made as another version, with `agent` as the first line of what starts the agent. */
  async function serve(version: string, agent: string): Promise<void> {
    const name = `varve-${version}-linux-x64`
    const [folder = ''] = await readdir(made)
    await runToolOk('mv', [join(made, folder), join(made, name)])
    const launcher = join(made, name, 'bin/varve-agent')
    const [shebang, ...lines] = (await readFile(launcher, 'utf8')).split('\n')
    await writeFile(launcher, [shebang, agent, ...lines].join('\n'))
    for (const old of await readdir(served)) await rm(join(served, old))
    await runToolOk('tar', ['-czf', join(served, `${name}.tar.gz`), '-C', made, name])
    const text = sumsText(new Map([[`${name}.tar.gz`, await sumOf(join(served, `${name}.tar.gz`))]]))
    await writeFile(join(served, sumsName), text)
    await writeFile(join(served, signatureName), await signWith(place.file('key'), Buffer.from(text)))
  }

  const current = async () => (await debian.run('readlink /opt/varve/current')).said

  test('the line takes it from nothing to a connected agent within a minute', async () => {
    const { stdout } = await varve('agents', 'token', 'north', '--json')
    const { install } = JSON.parse(stdout) as {
      readonly install: readonly { readonly system: string; readonly line: string | null }[]
    }
    const line = install.find(({ system }) => system === 'linux')?.line
    expect(line).toMatch(/^s=/u)
    await writeFile(join(debian.root, 'root/line'), `${line} --library images=/srv/images\n`)
    const started = performance.now()
    const { exitCode, said } = await debian.run('sh /root/line')
    const seconds = (performance.now() - started) / 1000
    process.stderr.write(`from nothing to a connected agent: ${seconds.toFixed(1)} s\n`)
    expect([exitCode, said]).toEqual([
      0,
      expect.stringContaining('varve: north is connected to https://127.0.0.1:7070'),
    ])
    expect((await varve('hosts')).stdout).toMatch(/^north +connected +Debian GNU\/Linux 12/mu)
    expect((await debian.run('systemctl is-active varve-agent; systemctl is-system-running')).said).toBe(
      'active\nrunning',
    )
  })

  test('it is updated, confined as its service is', async () => {
    await serve('9.0.0', '')
    const { exitCode, stdout } = await varve('agents', 'update', '--soak', '2s')
    expect([exitCode, stdout]).toEqual([0, 'The update to Varve 9.0.0 is done: 1 updated.'])
    expect(await current()).toMatch(/^9\.0\.0-/u)
  })

  test('a build that does not start is taken back, and the service is whole', async () => {
    await serve('9.1.0', 'exit 9')
    const { exitCode, stdout } = await varve('agents', 'update', '--soak', '2s')
    expect([exitCode, stdout]).toEqual([
      8,
      expect.stringContaining('it ended by itself each time that it was started'),
    ])
    expect(await current()).toMatch(/^9\.0\.0-/u)
    expect((await debian.run('systemctl is-active varve-agent; systemctl is-system-running')).said).toBe(
      'active\nrunning',
    )
  })

  test('removed, it leaves images and nothing else', async () => {
    const { said } = await debian.run(`
      echo image >/srv/images/disk.raw
      sh /opt/varve/remove.sh
      find / -xdev \\( -path /proc -o -path /sys -o -path /var/log/journal \\) -prune -o -iname '*varve*' -print
      cat /srv/images/disk.raw; systemctl is-system-running`)
    expect(said).toMatch(/^varve: removed; images were left alone\.\n.*\nimage\nrunning$/u)
  })
})
