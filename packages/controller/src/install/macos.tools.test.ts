import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freshHost, freshHostTools, type FreshHost } from '@varve/test-kit/fresh-host'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { packageFolder } from '../package.ts'
import { between } from '../testing/between.ts'
import { releaseArchive } from '../testing/release-archive.ts'
import { signedRelease } from '../testing/signed-release.ts'
import { startTestController } from '../testing/start-test-controller.ts'

/** A program as small as can be in place of the agent, which joins whom it is told. */
const agent = `#!/bin/sh
case \${1-} in
  --version) echo 1.2.3 ;;
  join)
    grep -ls 'varve-join\\.' /proc/[0-9]*/cmdline >>/run/seen
    echo "$* $VARVE_JOIN_TOKEN" >>/run/joined
    [ ! -e /run/refuse ] || { echo 'varve agent: the token was used already' >&2; exit 1; }
    mkdir -p /var/lib/varve/agent
    echo "{\\"fleet\\":\\"$(cat "$HOME/fleet")\\",\\"name\\":\\"north\\"}" >/var/lib/varve/agent/membership.json
    ;;
  service)
    echo "$* with \${VARVE_LIBRARIES-what it had} at \${VARVE_NBD_HOST-as before}" >>/run/service
    [ ! -e /run/refuse-service ] || { echo 'varve agent: could not start it: it ended when it was started (2)' >&2; exit 1; }
    case $2 in
      install) echo '{"version":1}' >/var/lib/varve/agent/service.json; [ -z "\${VARVE_JOIN_TOKEN-}" ] || echo 'with its token' >>/run/service ;;
      remove) rm -f /var/lib/varve/agent/service.json ;;
    esac
    ;;
  *) echo "agent $*" ;;
esac
`

/** What only macOS has, or has otherwise. */
const standIns = {
  uname: '[ "$1" = -m ] && echo ${MACHINE:-arm64} || echo ${SYSTEM:-Darwin}',
  sysctl: 'echo ${IS_ARM:-1}',
  sw_vers: 'echo ${MACOS:-14.5}',
}

describe.skipIf(process.platform !== 'linux' || !requires(...freshHostTools, 'shasum', 'zsh'))(
  'the line for macOS',
  () => {
    let place: TempPlace
    let controller: Awaited<ReturnType<typeof startTestController>>
    let host: FreshHost
    let line = ''

    beforeAll(async () => {
      place = await tempPlace()
      const files: Record<string, Uint8Array> = {}
      for (const cpu of ['x64', 'arm64']) {
        const name = `varve-1.2.3-darwin-${cpu}`
        const own = { 'bin/varve': agent, 'bin/varve-agent': agent, cpu }
        const [archive, bytes] = await releaseArchive(place.path, name, own)
        files[archive] = bytes
      }
      const { releases, releaseKey } = await signedRelease(place.path, files)
      controller = await startTestController({ releases, releaseKey })
    }, 60_000)

    afterAll(async () => {
      await controller?.[Symbol.asyncDispose]()
      await place?.[Symbol.asyncDispose]()
    })

    beforeEach(async () => {
      const own = place.file(`host-${Math.random().toString(36).slice(2)}`)
      host = await freshHost(own)
      for (const [name, text] of Object.entries(standIns)) await host.standIn(name, `#!/bin/sh\n${text}\n`)
      const { fleet } = await controller.client.trust.view.query()
      await writeFile(join(own, 'home/fleet'), fleet)
      const { install } = await controller.client.trust.makeToken.mutate({})
      line = install.find(({ system }) => system === 'macos')?.line ?? ''
      await writeFile(join(own, 'home/line'), `${line} "$@"\n`)
    })

    const url = () => `https://127.0.0.1:${new URL(controller.url).port}`
    const install = 'zsh line --library images=/srv/images'

    test('it has the sum of the script as macOS says it', async () => {
      expect(line).toMatch(
        /^s=\$\(curl -fsSk https:\/\/127\.0\.0\.1:\d+\/install\/macos\.sh\); \[ "\$\(printf %s "\$s" \| shasum -a 256\)" = "[0-9a-f]{64} {2}-" \].* \| sudo sh -s /u,
      )
      const script = join(packageFolder, 'install/macos.sh')
      for (const shell of ['dash', 'bash', 'zsh']) await runToolOk(shell, ['-n', script])
      expect(await readFile(script, 'latin1')).toMatch(/^[\n\x20-\x7e]*$/u)
    })

    test('it installs, joins and has launchd start it; again it joins no second time, and mends', async () => {
      const { said } = await host.run(`
      ${install} --library "more=/srv/other's images" --nbd-host 192.0.2.7 && cat /run/seen /run/joined
      cat /opt/varve/current/cpu; readlink /usr/local/bin/varve
      echo AGAIN; rm /opt/varve/current/bin/varve; mkdir /opt/varve/1.2.2-00000000; dash line && wc -l </run/joined
      ls -A /opt/varve; cat /run/service; /usr/local/bin/varve --version
      grep -rl 'varve-join[.]' /opt /var/lib /srv`)
      const token = /varve-join\.[\w.-]+/u.exec(line)?.[0] ?? 'none'
      expect(said.replace(/[0-9a-f]{8}$/mu, 'SUM').replaceAll(url(), 'URL')).toBe(
        `varve: installed and running, and north is in the fleet of URL. launchd starts it with this Mac.
join URL --data /var/lib/varve/agent ${token}
arm64/opt/varve/current/bin/varve
AGAIN
varve: installed and running, and north is in the fleet of URL. launchd starts it with this Mac.
1
1.2.3-SUM
current
remove.sh
service install --data /var/lib/varve/agent with images=/srv/images
more=/srv/other's images at 192.0.2.7
service install --data /var/lib/varve/agent with what it had at as before
1.2.3`,
      )
    })

    test('what a version before kept in start-agent is taken over, once launchd runs it', async () => {
      const { said } = await host.run(`
      ${install} >/dev/null; rm /var/lib/varve/agent/service.json /run/service
      { echo '#!/bin/sh'; echo "export VARVE_LIBRARIES='images=/srv/images"; echo "more=/srv/more'"; echo export VARVE_NBD_HOST=192.0.2.9
        echo 'exec /opt/varve/current/bin/varve-agent --data /var/lib/varve/agent "$@"'; } >/opt/varve/start-agent
      touch /run/refuse-service; dash line; echo "code $?"; rm /run/refuse-service; ls /opt/varve/start-agent
      dash line; cat /run/service; ls -A /opt/varve`)
      expect(said.replace(/[0-9a-f]{8}$/mu, 'SUM').replaceAll(url(), 'URL')).toBe(
        `varve agent: could not start it: it ended when it was started (2)
varve: launchd does not run the agent; why is above. The Mac is in its fleet.
  Run the line again when that is mended.
code 1
/opt/varve/start-agent
varve: installed and running, and north is in the fleet of URL. launchd starts it with this Mac.
service install --data /var/lib/varve/agent with images=/srv/images
more=/srv/more at 192.0.2.9
service install --data /var/lib/varve/agent with images=/srv/images
more=/srv/more at 192.0.2.9
1.2.3-SUM
current
remove.sh`,
      )
    })

    test('removed, it leaves images alone and nothing else; not while a program of it runs', async () => {
      const { said } = await host.run(`
      ${install} && echo image >/srv/images/disk.raw
      mkdir -p /opt/varve/current/lib/node/bin && cp /bin/sleep /opt/varve/current/lib/node/bin/node
      node=$(readlink -f /opt/varve/current)/lib/node/bin/node; $node 60 &
      until [ "$(readlink /proc/$!/exe)" = "$node" ]; do sleep 0.05; done; sh /opt/varve/remove.sh; kill $!; wait $!
      sh /opt/varve/remove.sh; find /opt /srv /usr/local/bin /var/lib -mindepth 1; sh /opt/varve/remove.sh; ${install} >/dev/null && echo BACK`)
      expect(said).toMatch(/varve: A program of Varve still runs: process \d+\.\n/u)
      expect(said).toContain('--forget north\n/srv/images\n/srv/images/disk.raw\n')
      expect(said).toMatch(/BACK$/u)
    })

    test('a script and an archive of somebody in between are not believed', async () => {
      await using middle = await between(controller.url, (path, bytes) =>
        path === '/install/macos.sh' ? Buffer.concat([bytes, Buffer.from('\ntouch /opt/evil')]) : bytes,
      )
      await using changed = await between(controller.url, (path, bytes) =>
        path === '/install/macos.sh' ? bytes : Buffer.concat([bytes.subarray(0, -1), Buffer.of(1)]),
      )
      const { said } = await host.run(`
      sed -i 's#${url()}#${middle.url}#g' line; ${install}; echo "code $?"; ls /opt
      sed -i 's#${middle.url}#${changed.url}#g' line; ${install}; echo "code $?"; ls -A /opt/varve`)
      expect(said).toMatch(
        /^varve: this is not the script of the line, make a new one on the controller\ncode 1\nvarve: The archive is not the one.*\n.*\ncode 1\nremove\.sh$/u,
      )
    })

    test.each([
      ['another system', { SYSTEM: 'Linux' }, '', 'on macOS only'],
      ['a macOS that is too old', { MACOS: '13.4.1' }, '', 'This is macOS 13.4.1.'],
      ['a folder that is none', {}, '--library images=srv', '--library images=srv is none'],
      ['a folder with a line', {}, '--library "images=/srv/a\nb"', 'that cannot be seen'],
      ['no folder, and nobody to ask', {}, '</dev/null', 'Which folder has the images'],
    ])('a host with %s is refused, and nothing is there', async (_what, env, more, words) => {
      const { said } = await host.run(`dash line ${more}; echo "code $?"; ls -A /opt /var/lib`, env)
      expect(said).toContain(words)
      expect(said).toMatch(/code 1\n\/opt:\n\n\/var\/lib:$/u)
    })

    test('a Mac with Intel gets its archive, also one that a shell for Intel runs on; offline it does the same', async () => {
      const token = /varve-join\.[\w.-]+/u.exec(line)?.[0] ?? ''
      const { said } = await host.run(
        `
      curl -fsSk ${url()}/install/macos.sh -o macos.sh; curl -fsSkO ${url()}/install/files/varve-1.2.3-darwin-x64.tar.gz
      IS_ARM=0 VARVE_JOIN_TOKEN=${token} sh macos.sh ${url()} --archive varve-1.2.3-darwin-x64.tar.gz --library images=/srv/images >/dev/null
      cat /opt/varve/current/cpu /run/joined; sh macos.sh --remove >/dev/null
      touch /run/refuse; ${install}; echo "code $?"; cat /opt/varve/current/cpu`,
        { MACHINE: 'x86_64' },
      )
      expect(said).toMatch(
        /^x64join https:.* varve-join\..*\nvarve agent: the token was used already\nvarve: The Mac could not join; .*\n.*\ncode 1\narm64$/u,
      )
    })
  },
)
