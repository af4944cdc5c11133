import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeRpm } from './rpm.ts'
import { serviceFiles } from './services.ts'
import { findTarget } from './targets.ts'
import { makeSmallRoot } from './testing/small-root.ts'
import { textFile } from './tree.ts'

/** What scripts of the package call, noted instead of done. */
const standIns = {
  getent: '[ -e /users ]',
  'systemd-sysusers': ': >/users',
  systemctl: ':',
}

describe.skipIf(process.platform !== 'linux' || !requires('rpmbuild', 'rpm', 'unshare', 'ldd', 'dash'))(
  'a package for rpm',
  () => {
    let place: TempPlace
    const packageOf = async (name: string, version: string, target = 'linux-x64') => {
      const tree = [
        textFile('bin/varve', `#!/bin/sh\necho ${version}\n`, 0o755),
        textFile('lib/varve/100%', 'a percent sign'),
        textFile('lib/varve/with space', 'a space'),
        textFile('share/varve/varve.ps1', 'words'),
        textFile('LICENCES/varve.txt', 'the licence'),
        ...(await serviceFiles()),
      ]
      const packing = { version, seconds: 1_700_000_000, level: 1, target: findTarget(target) }
      await writeRpm(place.file(name), tree, packing)
      return place.file(name)
    }

    beforeAll(async () => {
      place = await tempPlace()
    })
    afterAll(async () => await place?.[Symbol.asyncDispose]())

    test.each([
      ['linux-x64', 'x86_64'],
      ['linux-arm64', 'aarch64'],
    ])('for %s has the same bytes twice, and says what it is', async (target, cpu) => {
      const once = await packageOf('once.rpm', '1.2.3', target)
      const before = process.umask(0o077)
      const again = await packageOf('again.rpm', '1.2.3', target).finally(() => process.umask(before))
      expect((await readFile(again)).equals(await readFile(once))).toBe(true)
      const form = '%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{BUILDHOST} %{BUILDTIME}'
      expect(await runToolOk('rpm', ['-qp', '--qf', form, once])).toBe(
        `varve 1.2.3 1 ${cpu} varve 1700000000`,
      )
      expect(await runToolOk('rpm', ['-K', once])).toBe(`${once}: digests OK`)
      const files = await runToolOk('rpm', [
        '-qp',
        '--qf',
        '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEMTIMES} %{FILENAMES}\n]',
        once,
      ])
      expect(files.trim().split('\n')).toEqual([
        'lrwxrwxrwx root 1700000000 /usr/bin/varve',
        '-rw-r--r-- root 1700000000 /usr/lib/systemd/system/varve-agent.service',
        '-rw-r--r-- root 1700000000 /usr/lib/systemd/system/varve-controller.service',
        '-rw-r--r-- root 1700000000 /usr/lib/sysusers.d/varve.conf',
        'drwxr-xr-x root 1700000000 /usr/lib/varve',
        'drwxr-xr-x root 1700000000 /usr/lib/varve/LICENCES',
        '-rw-r--r-- root 1700000000 /usr/lib/varve/LICENCES/varve.txt',
        'drwxr-xr-x root 1700000000 /usr/lib/varve/bin',
        '-rwxr-xr-x root 1700000000 /usr/lib/varve/bin/varve',
        'drwxr-xr-x root 1700000000 /usr/lib/varve/lib',
        'drwxr-xr-x root 1700000000 /usr/lib/varve/lib/varve',
        '-rw-r--r-- root 1700000000 /usr/lib/varve/lib/varve/100%',
        '-rw-r--r-- root 1700000000 /usr/lib/varve/lib/varve/with space',
        'drwxr-xr-x root 1700000000 /usr/share/licenses/varve',
        'lrwxrwxrwx root 1700000000 /usr/share/licenses/varve/LICENSE',
        'drwxr-xr-x root 1700000000 /usr/share/varve',
        '-rw-r--r-- root 1700000000 /usr/share/varve/varve.ps1',
      ])
    })

    test('installed it starts nothing, updated it starts again what ran, removed it leaves what was kept', async () => {
      const system = place.file('system')
      await shellInto(system)
      const older = await packageOf('older.rpm', '1.2.3-rc.1')
      const newer = await packageOf('newer.rpm', '1.2.3')
      const script = `
        rpm() { command rpm --root ${system} --nodeps "$@" 2>&1 | grep -v 'rpm: '; tr '\\n' ';' <${system}/asked; echo; : >${system}/asked; }
        rpm -i ${older}; ${system}/usr/bin/varve
        mkdir -p ${system}/var/lib/varve/agent; touch ${system}/var/lib/varve/agent/kept
        rpm -U ${newer}; ${system}/usr/bin/varve
        rpm -V varve
        rpm -e varve
        find ${system}/usr -name '*varve*'; ls ${system}/var/lib/varve/agent`
      const own = process.getuid?.() === 0 ? [] : ['--map-root-user']
      const { all } = await execa('unshare', ['--mount', ...own, 'sh', '-uc', script], {
        all: true,
        reject: false,
      })
      expect(all.split('\n')).toEqual([
        'getent passwd varve;systemd-sysusers varve.conf;systemctl daemon-reload;',
        '1.2.3-rc.1',
        'getent passwd varve;systemctl daemon-reload;systemctl daemon-reload;systemctl try-restart varve-controller.service varve-agent.service;',
        '1.2.3',
        '',
        'systemctl disable --now varve-controller.service varve-agent.service;systemctl daemon-reload;',
        'kept',
      ])
    })

    /** A root that has a shell, a systemd that notes what it is asked, and nothing else. */
    async function shellInto(system: string): Promise<void> {
      await makeSmallRoot(system, [])
      await mkdir(join(system, 'usr/bin'), { recursive: true })
      await mkdir(join(system, 'run/systemd/system'), { recursive: true })
      for (const [name, does] of Object.entries(standIns)) {
        const path = join(system, 'usr/bin', name)
        await writeFile(path, `#!/bin/sh\necho "${name} $*" >>/asked\n${does}\n`)
        await chmod(path, 0o755)
      }
    }
  },
)
