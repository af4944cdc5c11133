import { randomBytes } from 'node:crypto'
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

/** A program as small as can be in place of the agent, which joins whom it is told and says that it is connected. */
const agent = `#!/bin/sh
case \${1-} in
  --version) echo 1.2.3 ;;
  join)
    grep -l 'varve-join\\.' /proc/[0-9]*/cmdline >>/run/seen
    echo "$VARVE_JOIN_TOKEN" >>/run/joined
    [ ! -e /run/refuse ] || { echo 'varve agent: the token was used already' >&2; exit 1; }
    mkdir -p /var/lib/varve/agent
    echo "{\\"fleet\\":\\"$(cat "$HOME/fleet")\\",\\"name\\":\\"north\\"}" >/var/lib/varve/agent/membership.json
    ;;
  *) echo "connected north to wss://vault:7070/trpc"; exec sleep 60 ;;
esac
`

const cpus = ['x64', 'arm64'] as const

/** Archives that are laid out as those of a release; a MiB of noise makes them as large as a disk may be full. */
async function archives(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {}
  for (const cpu of cpus) {
    const [archive, bytes] = await releaseArchive(folder, `varve-1.2.3-linux-${cpu}`, {
      'bin/varve': agent,
      'bin/varve-agent': agent,
      'lib/systemd/system/varve-agent.service': '[Service]\n',
      noise: randomBytes(1024 ** 2),
    })
    files[archive] = bytes
  }
  return files
}

/** That nothing is left but what a second run starts from. */
const isClean = `
[ ! -e /opt/varve/.new ] && [ ! -e /opt/varve/current ] && [ ! -e /usr/local/bin/varve ] && [ ! -e /var/lib/varve ] &&
  [ -z "$(ls /etc/systemd/system)" ] && echo CLEAN`

describe.skipIf(process.platform !== 'linux' || !requires(...freshHostTools))('the line for Linux', () => {
  let place: TempPlace
  let controller: Awaited<ReturnType<typeof startTestController>>
  let host: FreshHost
  let line = ''

  beforeAll(async () => {
    place = await tempPlace()
    const { releases, releaseKey } = await signedRelease(place.path, await archives(place.path))
    controller = await startTestController({ releases, releaseKey })
  }, 60_000)

  afterAll(async () => {
    await controller?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  beforeEach(async () => {
    const own = place.file(`host-${Math.random().toString(36).slice(2)}`)
    host = await freshHost(own)
    const { fleet } = await controller.client.trust.view.query()
    await writeFile(join(own, 'home/fleet'), fleet)
    const { install } = await controller.client.trust.makeToken.mutate({})
    line = install.find(({ system }) => system === 'linux')?.line ?? ''
    await writeFile(join(own, 'home/line'), `${line} "$@"\n`)
  })

  const url = () => `https://127.0.0.1:${new URL(controller.url).port}`
  const install = 'dash line --library images=/srv/images'

  test('it has the sum of the script, and its token in no command line', async () => {
    expect(line).toMatch(
      /^s=\$\(curl -fsSk https:\/\/127\.0\.0\.1:\d+\/install\/linux\.sh\); \[ "\$\(printf %s "\$s" \| sha256sum\)" = "[0-9a-f]{64} {2}-" \]/u,
    )
    const { token, install: named } = await controller.client.trust.makeToken.mutate({ pattern: 'web-01' })
    expect(token.pattern).toBe('web-01')
    expect(named[0]?.line).toMatch(/ sh -s https:\/\/127\.0\.0\.1:\d+ --name web-01$/u)
    const script = join(packageFolder, 'install/linux.sh')
    for (const shell of ['dash', 'bash']) await runToolOk(shell, ['-n', script])
    expect(await readFile(script, 'latin1')).toMatch(/^[\n\x20-\x7e]*$/u)
  })

  test('it installs, joins and starts; again it joins no second time, and mends what is broken', async () => {
    const { exitCode, said } = await host.run(`
      ${install} --library "more=/srv/other images" --nbd-host 192.0.2.7 && cat /run/seen /run/joined
      cat /etc/systemd/system/varve-agent.service.d/install.conf /run/asked
      ls -ld /srv/images "/srv/other images" && readlink /usr/local/bin/varve && /usr/local/bin/varve --version
      echo AGAIN; rm /opt/varve/current/bin/varve; bash line && wc -l </run/joined
      ls -A /opt/varve; tr '\\0' '\\n' </proc/$(cat /run/agent.pid)/environ | grep -A1 LIBRARIES
      grep -rl 'varve-join[.]' /opt /etc/systemd /var/lib /var/cache /srv`)
    expect([exitCode, said]).toEqual([
      1,
      expect.stringContaining('varve: north is connected to https://127.0.0.1'),
    ])
    const token = /varve-join\.[\w.-]+/u.exec(line)?.[0] ?? 'none'
    expect(said.split('\n')[1]).toBe(token)
    for (const words of [
      'ExecStart=\nExecStart=/bin/sh /opt/varve/start.sh\nRestart=always\nRestartPreventExitStatus=\nReadWritePaths=/opt/varve\n',
      String.raw`Environment="VARVE_LIBRARIES=images=/srv/images\nmore=/srv/other images"`,
      'Environment=VARVE_NBD_HOST=192.0.2.7\nReadWritePaths="/srv/images"\nReadWritePaths="/srv/other images"\n',
      'systemctl daemon-reload\nsystemctl enable varve-agent.service\nsystemctl restart varve-agent.service\n',
      '/opt/varve/current/bin/varve\n1.2.3\nAGAIN\n',
      'is connected to https://127.0.0.1',
    ])
      expect(said).toContain(words)
    const [, again = ''] = said.split('AGAIN\n')
    expect(again).toMatch(
      /^varve: north is connected to .*\n1\n\.lock\n1\.2\.3-[0-9a-f]{8}\ncurrent\nrelease\.pub\nremove\.sh\nstart\.sh\n/u,
    )
    expect(again).toMatch(/VARVE_LIBRARIES=images=\/srv\/images\nmore=\/srv\/other images$/u)
  })

  test('removed, it leaves images alone and nothing else', async () => {
    const { said } = await host.run(`
      ${install} && echo image >/srv/images/disk.raw
      mkdir -p /run/varve/attached && touch /run/varve/attached/one.json
      sh /opt/varve/remove.sh; rm /run/varve/attached/one.json
      sh /opt/varve/remove.sh; find /opt /srv /usr/local/bin /etc/systemd/system /var/lib /var/cache -mindepth 1
      ls /run | grep varve; tail -n 2 /run/asked; sh /opt/varve/remove.sh; ${install} && echo BACK`)
    expect(said).toContain('varve: An image is attached on this host.')
    expect(said).toContain(
      'varve: removed; images were left alone.\n  north is still in the list of its fleet. On the controller: varve agents revoke north, then varve hosts --forget north\n/srv/images\n/srv/images/disk.raw\n',
    )
    expect(said).not.toMatch(/^varve$/mu)
    expect(said).toContain('systemctl disable --now varve-agent.service\nsystemctl daemon-reload\n')
    expect(said).toMatch(/BACK$/u)
  })

  test('a script of somebody in between is not run', async () => {
    await using middle = await between(controller.url, (path, bytes) =>
      path === '/install/linux.sh' ? Buffer.concat([bytes, Buffer.from('\ntouch /opt/evil')]) : bytes,
    )
    const { said } = await host.run(
      `sed -i 's#${url()}#${middle.url}#g' line; ${install}; echo "code $?"; ls /opt; ${isClean}`,
    )
    expect(said).toBe(
      'varve: this is not the script of the line, make a new one on the controller\ncode 1\nCLEAN',
    )
    expect(middle.asked).toEqual(['/install/linux.sh'])
    await using flipped = await between(controller.url, (_path, bytes) => {
      bytes[bytes.length - 40] = 0x20
      return bytes
    })
    expect(
      (await host.run(`sed -i 's#${middle.url}#${flipped.url}#g' line; ${install}; ${isClean}`)).said,
    ).toBe('varve: this is not the script of the line, make a new one on the controller\nCLEAN')
  })

  test.each([
    [
      'changed by a byte',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.of(1)]),
      'The archive is not the one',
    ],
    [
      'cut off by its half',
      (bytes: Buffer) => bytes.subarray(0, bytes.length / 2),
      'The archive is not the one',
    ],
    ['broken off', () => null, 'The archive could not be fetched'],
  ])(
    'an archive that is %s on its way is not unpacked; the next run is as the first',
    async (_how, change, words) => {
      let isTrue = false
      await using middle = await between(controller.url, (path, bytes) =>
        path === '/install/linux.sh' || isTrue ? bytes : change(bytes),
      )
      const script = `sed -i 's#${url()}#${middle.url}#g' line; ${install}; echo "code $?"; ${isClean}`
      const { said } = await host.run(script)
      expect(said).toContain(`varve: ${words}`)
      expect(said).toMatch(/code 1\nCLEAN$/u)
      isTrue = true
      expect((await host.run(`sed -i 's#${url()}#${middle.url}#g' line; ${install}`)).said).toContain(
        'is connected',
      )
    },
  )

  test.each([
    [
      'a processor that there is nothing for',
      'uname',
      '#!/bin/sh\n[ "$1" = -m ] && echo armv7l || echo Linux\n',
      'armv7l',
    ],
    ['no glibc', 'getconf', '#!/bin/sh\nexit 1\n', 'no glibc'],
    [
      'a glibc that is too old',
      'getconf',
      '#!/bin/sh\n[ "$1" = LONG_BIT ] && echo 64 || echo glibc 2.27\n',
      'glibc 2.27',
    ],
    ['32 bits', 'getconf', '#!/bin/sh\n[ "$1" = LONG_BIT ] && echo 32 || echo glibc 2.36\n', '32 bits'],
    ['somebody who is not root', 'id', '#!/bin/sh\necho 1000\n', 'This needs root.'],
  ])('a host with %s is refused, and nothing is there', async (_what, program, text, words) => {
    await host.standIn(program, text)
    const { said } = await host.run(`${install}; echo "code $?"; ls -A /opt; ${isClean}`)
    expect(said).toContain(words)
    expect(said).toMatch(/code 1\nCLEAN$/u)
  })

  test('without room nothing is unpacked, and with it the next run goes on', async () => {
    const { said } = await host.run(`
      mount -t tmpfs -o size=2m small /opt; ${install}; echo "code $?"; ${isClean}; umount /opt; ${install}`)
    expect(said).toMatch(
      /\/opt\/varve has room for \d MiB, and 5 MiB are needed\.\n.*\ncode 1\nCLEAN\n.*is connected/u,
    )
  })

  test.each(['cp', 'ln', 'mkdir', 'mv', 'tar'])(
    'killed at its first %s, it is done by the next run, and nothing is left over',
    async (program) => {
      await host.standIn(
        program,
        `#!/bin/sh\n[ -e /run/killed ] || { touch /run/killed; kill -9 $PPID; exit 1; }\nexec /bin/${program} "$@"\n`,
      )
      const { said } = await host.run(
        `/bin/mkdir /srv/images; ${install}; echo "code $?"; ${install}; ls -A /opt/varve /etc/systemd/system/varve-agent.service.d`,
      )
      expect(said).toMatch(
        /^(?:Killed\n)?code (?!0$)\d+\nvarve: north is connected .*\n\/etc\/.*:\ninstall\.conf\n\n\/opt\/varve:\n\.lock\n1\.2\.3-[0-9a-f]{8}\ncurrent\nrelease\.pub\nremove\.sh\nstart\.sh$/mu,
      )
    },
  )

  test('a token that is refused leaves a host that a new one mends', async () => {
    const { said } = await host.run(`
      touch /run/refuse; ${install}; echo "code $?"; ls /var/lib/varve /etc/systemd/system; rm /run/refuse; ${install}`)
    expect(said).toMatch(
      /^varve agent: the token was used already\nvarve: The host could not join; .*\n.*\ncode 1\n\/etc\/systemd\/system:\n\n\/var\/lib\/varve:\n.*is connected/u,
    )
  })

  test('a host of another fleet, one installed by hand, and settings that are none are refused', async () => {
    const refused = async (script: string) => (await host.run(`${script}; echo "code $?"`)).said
    expect(
      await refused(
        `mkdir -p /var/lib/varve/agent; echo '{"fleet":"00"}' >/var/lib/varve/agent/membership.json; ${install}`,
      ),
    ).toMatch(/belongs to another fleet.*\n.*\ncode 1$/u)
    expect(await refused(`mkdir /opt/varve; touch /opt/varve/mine; ${install}`)).toMatch(
      /installed here by hand/u,
    )
    expect(await refused(`touch /etc/systemd/system/varve-agent.service; ${install}`)).toMatch(
      /installed here by hand/u,
    )
    expect(await refused('dash line --library images=srv')).toContain('--library images=srv is none')
    expect(await refused(`dash line --library 'images=/srv/"$(id)%'`)).toContain(
      'characters that the service cannot take',
    )
    expect(await refused('dash line --nonsense')).toContain('There is no option --nonsense')
    expect(await refused('dash line </dev/null')).toMatch(/Which folder has the images.*\n.*--library/u)
    expect(await refused(`touch /usr/local/bin/varve; ${install}; wc -c </usr/local/bin/varve`)).toMatch(
      /connected.*\n0\n/u,
    )
  })

  test('by hand, and offline from an archive, it does the same; without systemd it says how to start', async () => {
    const token = /varve-join\.[\w.-]+/u.exec(line)?.[0] ?? ''
    const { said } = await host.run(`
      curl -fsSk ${url()}/install/linux.sh -o linux.sh && sha256sum linux.sh
      for cpu in x64 arm64; do curl -fsSkO ${url()}/install/files/varve-1.2.3-linux-$cpu.tar.gz; done
      [ "$(uname -m)" = x86_64 ] && cpu=x64 || cpu=arm64
      printf '#!/bin/sh\\nexit 7\\n' >$HOME/../bin/curl; chmod 755 $HOME/../bin/curl
      rmdir /run/systemd/system
      VARVE_JOIN_TOKEN=${token} sh linux.sh ${url()} --archive varve-1.2.3-linux-$cpu.tar.gz --library images=/srv/images
      cat /run/joined; rm $HOME/../bin/curl; sh linux.sh --remove`)
    expect(line).toContain(said.slice(0, 64))
    expect(said).toContain('there is no systemd here. Start it as root with:\n')
    expect(said).toContain(`/opt/varve/current/bin/varve-agent --data /var/lib/varve/agent\n${token}\n`)
    expect(said).toContain('varve: removed')
  })
})
