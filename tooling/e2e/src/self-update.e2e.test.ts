import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { releaseArchive } from '@varve/controller/testing/release-archive'
import { signedRelease, sumsOf } from '@varve/controller/testing/signed-release'
import { eventually } from '@varve/controller/testing/eventually'
import type { RolloutView } from '@varve/protocol/updates'
import { freshHost, freshHostTools, type FreshHost } from '@varve/test-kit/fresh-host'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { root } from './fleet.ts'
import { TrustedFleet } from './trusted-fleet.ts'

/** Stands in for systemd: starts the service again when it fails, as its unit says. */
const systemctl = `#!/bin/sh
case $1 in
  restart)
    conf=/etc/systemd/system/varve-agent.service.d/install.conf
    sed -n 's/^Environment=//p' $conf | sed 's/^"\\(.*\\)"$/\\1/' >/run/environment
    while IFS= read -r one; do export "$(printf %b "$one")"; done </run/environment
    export VARVE_AGENT_DATA=/var/lib/varve/agent
    (
      while [ ! -e /run/stop ]; do
        $(sed -n 's/^ExecStart=\\(.\\)/\\1/p' $conf) >>/run/journal 2>>"$HOME/log" </dev/null
        code=$?
        echo "ended with $code" >>"$HOME/log"
        [ $code != 0 ] || break
        sleep 0.3
      done
    ) &
    ;;
  show) echo 0123 ;;
esac
`

/** What the agent of a build does: the real one, from the checkout. */
const real = `exec ${process.execPath} ${join(root, 'packages/agent-linux/bin/varve-agent.mjs')} "$@"`

async function archive(folder: string, version: string, agent: string): Promise<[string, Uint8Array]> {
  return await releaseArchive(folder, `varve-${version}-linux-x64`, {
    'bin/varve': `#!/bin/sh\necho ${version}\n`,
    'bin/varve-agent': `#!/bin/sh\n${agent}\n`,
    'lib/systemd/system/varve-agent.service': '[Service]\n',
  })
}

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64' || !requires(...freshHostTools))(
  'agents update themselves',
  () => {
    let place: TempPlace
    let fleet: TrustedFleet
    let host: FreshHost
    let signText: (text: string) => Promise<void>
    let releases: string
    let running: ReturnType<FreshHost['run']>
    let home: string

    beforeAll(async () => {
      place = await tempPlace()
      const data = place.file('controller')
      const [name, bytes] = await archive(place.path, '1.0.0', real)
      ;({ releases, signText } = await signedRelease(data, { [name]: bytes }))
      fleet = await TrustedFleet.start(place.path)
      const own = place.file('north')
      host = await freshHost(own)
      home = join(own, 'home')
      await host.standIn('systemctl', systemctl)
      const { install } = await fleet.api.trust.makeToken.mutate({ pattern: 'north' })
      await writeFile(
        join(home, 'line'),
        `${install.find(({ system }) => system === 'linux')?.line ?? ''} "$@"\n`,
      )
      running = host.run(`
        dash line --library images=/srv/images --library more=/srv/more && echo INSTALLED
        while [ ! -e "$HOME/stop" ]; do
          [ ! -e "$HOME/look" ] || { ls -A /opt/varve >"$HOME/seen.new"; mv "$HOME/seen.new" "$HOME/seen"; rm "$HOME/look"; }
          sleep 0.1
        done
        touch /run/stop`)
      await fleet.state('north', 'connected')
    }, 60_000)

    afterAll(async () => {
      await writeFile(join(home, 'stop'), '')
      await running
      await fleet[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    }, 30_000)

    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') process.stderr.write(await readFile(join(home, 'log'), 'utf8'))
    })

    const program = async () => (await fleet.api.fleet.host.query({ name: 'north' })).program

    /** Puts another release in the place of the one that is served. */
    async function serve(version: string, agent: string): Promise<void> {
      const [name, bytes] = await archive(place.path, version, agent)
      for (const old of await readdir(releases)) await rm(join(releases, old))
      await writeFile(join(releases, name), bytes)
      await signText(sumsOf({ [name]: bytes }))
    }

    async function update(): Promise<RolloutView> {
      const { id } = await fleet.api.updates.start.mutate({ soakSeconds: 0 })
      return await eventually(async () => {
        const { rollouts } = await fleet.api.updates.view.query()
        return rollouts.find((one) => one.id === id && one.state !== 'open')
      })
    }

    const varve = async (...words: string[]) =>
      await execa(process.execPath, [join(root, 'packages/cli/bin/varve.mjs'), ...words], {
        reject: false,
        env: { VARVE_CONTROLLER: `http://127.0.0.1:${fleet.port}`, VARVE_STATE: place.file('state') },
      })

    async function lies(): Promise<string[]> {
      await rm(join(home, 'seen'), { force: true })
      await writeFile(join(home, 'look'), '')
      const text = await eventually(async () => readFile(join(home, 'seen'), 'utf8').catch(() => null))
      return text
        .trim()
        .split('\n')
        .filter((name) => /^\d/u.test(name))
    }

    test('to a release that its installation believes, by the key that it kept', async () => {
      expect(await program()).toMatchObject({ build: expect.stringMatching(/^1\.0\.0-/u), isTried: false })
      expect((await fleet.api.updates.view.query()).outdated).toEqual([])
      await serve('1.1.0', real)
      expect(await fleet.api.updates.view.query()).toMatchObject({
        release: { version: '1.1.0' },
        outdated: ['north'],
      })
      const { exitCode, stdout, stderr } = await varve('agents', 'update', '--soak', '1s')
      expect([exitCode, stdout]).toEqual([0, 'The update to Varve 1.1.0 is done: 1 updated.'])
      expect(stderr).toMatch(/^Varve 1\.1\.0 to 1 host\n/u)
      expect(stderr).toMatch(/ {2}north: updated$/u)
      expect((await varve('agents', 'updates')).stdout).toMatch(
        /^Varve 1\.1\.0 is served; no host .*\n\n.* is done: 1 updated\.\nHOST .*\nnorth +1 +updated +1\.0\.0-[0-9a-f]{8} +1\.1\.0-[0-9a-f]{8}/u,
      )
      expect(await program()).toMatchObject({
        build: expect.stringMatching(/^1\.1\.0-/u),
        isTried: false,
        rolledBack: null,
      })
      expect((await lies()).map((name) => name.slice(0, 5))).toEqual(['1.0.0', '1.1.0'])
    }, 60_000)

    test('one that ends by itself is taken back, by what started it', async () => {
      await serve('1.2.0', 'echo broken >&2; exit 3')
      const view = await update()
      expect([view.state, view.counts['rolled-back']]).toEqual(['stopped', 1])
      expect(view.reason).toMatch(/^north went back to the build before: it ended by itself/u)
      expect(await program()).toMatchObject({ build: expect.stringMatching(/^1\.1\.0-/u), isTried: false })
      expect((await fleet.api.fleet.host.query({ name: 'north' })).libraries).toHaveLength(2)
    }, 60_000)

    test('one that loses a library is taken back, by the controller', async () => {
      await serve('1.3.0', `VARVE_LIBRARIES=images=/srv/images; export VARVE_LIBRARIES; ${real}`)
      const view = await update()
      expect([view.state, view.reason]).toEqual([
        'stopped',
        expect.stringContaining('libraries are missing: more'),
      ])
      expect(await program()).toMatchObject({
        build: expect.stringMatching(/^1\.1\.0-/u),
        rolledBack: { reason: 'libraries are missing: more' },
      })
      expect((await fleet.api.fleet.host.query({ name: 'north' })).libraries).toHaveLength(2)
    }, 60_000)

    test('neither to what another key has signed, nor to what is older', async () => {
      const key = await readFile(place.file('controller/release.pub'))
      const [name, bytes] = await archive(place.path, '1.4.0', real)
      for (const old of await readdir(releases)) await rm(join(releases, old))
      // A controller that somebody has taken over believes a key of theirs.
      await signedRelease(place.file('controller'), { [name]: bytes })
      const foreign = await update()
      expect(foreign.reason).toMatch(/north could not be updated: .*is not signed by the key that was kept/u)
      await writeFile(place.file('controller/release.pub'), key)
      await serve('1.0.0', real)
      expect((await fleet.api.updates.view.query()).outdated).toEqual([])
      await expect(fleet.api.updates.start.mutate({ hosts: ['north'] })).rejects.toThrow(
        'has a newer one: 1.1.0-',
      )
      expect((await lies()).filter((one) => one.startsWith('1.4'))).toEqual([])
    }, 60_000)

    test('what became of it is in the audit log', async () => {
      const { lines } = await fleet.api.audit.list.query({ what: 'updates.host', limit: 10 })
      expect(lines.map(({ entry }) => entry.result?.code ?? 'ok')).toEqual([
        'failed',
        'rolled-back',
        'rolled-back',
        'ok',
      ])
    })
  },
)
