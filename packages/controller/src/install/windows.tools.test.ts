import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPowershell, newLanguage, runPowershell } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { packageFolder } from '../package.ts'
import { between } from '../testing/between.ts'
import { signedRelease } from '../testing/signed-release.ts'
import { startTestController } from '../testing/start-test-controller.ts'

/** A program as small as can be in place of the agent, which joins whom it is told. */
const agent = `#!/bin/sh
case \${1-} in
  --version) echo 1.2.3 ;;
  join)
    grep -ls 'varve-join\\.' /proc/[0-9]*/cmdline >>"$ASKED"
    echo "varve-agent $* $VARVE_JOIN_TOKEN" >>"$ASKED"
    [ ! -e "$ASKED.refuse" ] || { echo 'varve agent: the token was used already' >&2; exit 1; }
    for data; do :; done
    mkdir -p "$data"
    echo "{\\"fleet\\":\\"$FLEET\\",\\"name\\":\\"north\\"}" >"$data/membership.json"
    ;;
  service)
    echo "varve-agent $*" >>"$ASKED"
    [ ! -e "$ASKED.refuse-service" ] || { echo 'varve agent: varve-agent: it refuses' >&2; exit 1; }
    case $2 in
      install) echo '{}' >"$4/service.json"; printf '%s\\n' 'varve-agent is installed and runs.' '  account  one' ;;
      remove) echo 'varve-agent is removed.' ;;
    esac
    ;;
esac
`

/** Programs of Windows: those that are the same elsewhere are run, the others noted. */
const standIns = {
  'curl.exe': 'env | grep -c VARVE_JOIN_TOKEN >>"$ASKED"; exec curl "$@"',
  'tar.exe': 'exec tar "$@"',
  'whoami.exe': 'echo "Mandatory Label\\High Mandatory Level Label ${LEVEL:-S-1-16-12288}"',
  'icacls.exe': 'echo "icacls $*" >>"$ASKED"',
}

const archive = 'varve-1.2.3-windows-x64'
const pwsh = findPowershell()

describe.skipIf(process.platform !== 'linux' || pwsh === null || !requires('curl', 'tar'))(
  'the line for Windows',
  () => {
    let place: TempPlace
    let controller: Awaited<ReturnType<typeof startTestController>>
    let own: string
    let line: string
    let fleet: string

    beforeAll(async () => {
      place = await tempPlace()
      for (const program of ['varve', 'varve-agent']) {
        const path = place.file(`${archive}/bin/${program}.cmd`)
        await mkdir(place.file(`${archive}/bin`), { recursive: true })
        await writeFile(path, agent)
        await chmod(path, 0o755)
      }
      await runToolOk('tar', ['-czf', place.file(`${archive}.tar.gz`), '-C', place.path, archive])
      const bytes = await readFile(place.file(`${archive}.tar.gz`))
      const { releases, releaseKey } = await signedRelease(place.path, { [`${archive}.tar.gz`]: bytes })
      controller = await startTestController({ releases, releaseKey })
      fleet = (await controller.client.trust.view.query()).fleet
    }, 60_000)

    afterAll(async () => {
      await controller?.[Symbol.asyncDispose]()
      await place?.[Symbol.asyncDispose]()
    })

    beforeEach(async () => {
      own = place.file(`host-${Math.random().toString(36).slice(2)}`)
      await mkdir(join(own, 'Windows/System32'), { recursive: true })
      for (const [name, text] of Object.entries(standIns)) {
        await writeFile(join(own, 'Windows/System32', name), `#!/bin/sh\n${text}\n`)
        await chmod(join(own, 'Windows/System32', name), 0o755)
      }
      const { install } = await controller.client.trust.makeToken.mutate({})
      line = install.find(({ system }) => system === 'windows')?.line ?? ''
    })

    const url = () => `https://127.0.0.1:${new URL(controller.url).port}`
    const home = () => join(own, 'Program Files/Varve')
    const asked = async () => await readFile(join(own, 'asked'), 'utf8').catch(() => '')

    /** PowerShell runs the text as an administrator would in a window. */
    async function run(text: string, env: Readonly<Record<string, string>> = {}) {
      await writeFile(join(own, 'text.ps1'), text)
      const { stdout, stderr, exitCode } = await runPowershell(join(own, 'text.ps1'), {
        pwsh: pwsh ?? '',
        cwd: own,
        env: {
          PATH: `${join(own, 'Windows/System32')}:${process.env['PATH']}`,
          OS: 'Windows_NT',
          PROCESSOR_ARCHITECTURE: 'AMD64',
          ProgramFiles: join(own, 'Program Files'),
          SystemRoot: join(own, 'Windows'),
          SystemDrive: 'C:',
          ASKED: join(own, 'asked'),
          FLEET: fleet,
          ...env,
        },
      })
      return { exitCode, said: `${stdout}\n${stderr}`.trim() }
    }
    const install = String.raw` -Library images=D:\images`

    test('it has the sum of the script, and a script that Windows PowerShell 5.1 reads', async () => {
      expect(line).toMatch(
        /^\$s = \(curl\.exe -fsSk 'https:\/\/127\.0\.0\.1:\d+\/install\/windows\.ps1'\) -join "`n"; if \(.* -ne '[0-9a-f]{64}'\)/u,
      )
      const { install: named } = await controller.client.trust.makeToken.mutate({ pattern: 'web-01' })
      expect(named.find(({ system }) => system === 'windows')?.line).toMatch(
        / 'https:\/\/127\.0\.0\.1:\d+' -Name web-01$/u,
      )
      const script = join(packageFolder, 'install/windows.ps1')
      expect(await readFile(script, 'latin1')).toMatch(/^[\n\x20-\x7e]*$/u)
      const { said } = await run(`
        $found = & { ${newLanguage} } ([pscustomobject] @{ script = '${script}' })
        "$($found.errors.Count) errors, $($found.new.Count) of a newer language"`)
      expect(said).toBe('0 errors, 0 of a newer language')
    })

    test('it installs, joins and starts the service; again it joins no second time and keeps the settings', async () => {
      const { said } = await run(
        `${line}${install},more=E:\\ -NbdHost 192.0.2.7\n"left: $env:VARVE_JOIN_TOKEN."`,
      )
      expect(said).toMatch(
        /^varve: installed, and north is in the fleet of https:\/\/127\.0\.0\.1:\d+\. It starts with Windows:\n {2}varve-agent is installed and runs\.\n {4}account {2}one\nleft: \.$/u,
      )
      const token = /varve-join\.[\w.-]+/u.exec(line)?.[0] ?? 'none'
      expect(await asked()).toBe(
        `0\n0\nicacls ${home()}/data /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F /grant:r *S-1-5-32-544:(OI)(CI)F\nvarve-agent join ${url()} --data ${home()}/data ${token}\nvarve-agent service install --data ${home()}/data --library images=D:\\images --library more=E:\\. --nbd-host 192.0.2.7\n`,
      )
      const [build = ''] = (await readdir(home())).filter((name) => name.startsWith('1.2.3-'))
      expect(build).toMatch(/^1\.2\.3-[0-9a-f]{8}$/u)
      for (const name of ['varve', 'varve-agent'])
        expect(await readFile(join(home(), `${name}.cmd`), 'utf8')).toBe(
          `@echo off\r\n"%~dp0${build}\\bin\\${name}.cmd" %*\r\n`,
        )
      expect(await readdir(own)).toContain('D:\\images')

      await writeFile(join(home(), build, 'bin/varve.cmd'), '#!/bin/sh\nexit 1\n')
      await mkdir(join(home(), '1.2.2-00000000'))
      expect((await run(line)).said).toMatch(/^varve: installed, and north/u)
      expect(await runToolOk('sh', [join(home(), build, 'bin/varve.cmd'), '--version'])).toBe('1.2.3')
      expect((await asked()).match(/varve-agent join/gu)).toHaveLength(1)
      expect((await asked()).trimEnd().split('\n').at(-1)).toBe(
        `varve-agent service install --data ${home()}/data`,
      )
      expect((await readdir(home())).sort()).toEqual([
        build,
        'data',
        'remove.ps1',
        'varve-agent.cmd',
        'varve.cmd',
      ])
    })

    test('a script of somebody in between is not run, nor an archive of his unpacked', async () => {
      await using middle = await between(controller.url, (path, bytes) =>
        path === '/install/windows.ps1' ? Buffer.concat([bytes, Buffer.from('\n"EVIL"')]) : bytes,
      )
      await using changed = await between(controller.url, (path, bytes) =>
        path === '/install/windows.ps1' ? bytes : Buffer.concat([bytes.subarray(0, -1), Buffer.of(1)]),
      )
      const through = ({ url: other }: { readonly url: string }) => line.replaceAll(url(), other) + install
      const { said } = await run(`
        try { ${through(middle)} } catch { "$_" }
        "left: $env:VARVE_JOIN_TOKEN."
        ${through(changed)}
        "left: $env:VARVE_JOIN_TOKEN."`)
      expect(said).toMatch(
        /^varve: this is not the script of the line, make a new one on the controller\nleft: \.\nvarve: The archive is not the one that this script is for.*\n.*\nleft: \.$/u,
      )
      expect(middle.asked).toEqual(['/install/windows.ps1'])
      expect(await readdir(home())).toEqual(['remove.ps1'])
    })

    test('a host that it is not for, and settings that are none, are refused, and nothing is there', async () => {
      const cases = [
        ["$env:OS = ''", '', 'This installs Varve on Windows only.'],
        ["$env:LEVEL = 'S-1-16-8192'", '', 'This needs an administrator.'],
        ["$env:PROCESSOR_ARCHITECTURE = 'x86'", '', 'There is no Varve for a processor of the kind x86.'],
        ["$env:PROCESSOR_ARCHITECTURE = 'ARM64'", '', 'The controller has no release for Windows on ARM64.'],
        ['', ' -Library images=srv', '-Library images=srv is none.'],
        [
          '',
          " -Library 'images=D:\\a&calc'",
          '-Library images=D:\\a&calc has characters that a file of commands cannot take.',
        ],
        ['', ' -Library images=D:\\a -NbdHost "a b"', '-NbdHost a b is no address.'],
        ['', '', 'Which folder has the images of this host?'],
      ] as const
      const usual = "$env:OS = 'Windows_NT'; $env:LEVEL = ''; $env:PROCESSOR_ARCHITECTURE = 'AMD64'"
      const { said } = await run(
        cases.map(([before, more]) => `${usual}; ${before}\n${line}${more}`).join('\n'),
      )
      expect(said.split('\n').filter((one) => one.startsWith('varve: '))).toEqual(
        cases.map(([, , words]) => `varve: ${words}`),
      )
      await expect(readdir(join(own, 'Program Files'))).rejects.toThrow('ENOENT')
    })

    test('by hand and offline it does the same, and ends with a code; removed, it leaves images alone', async () => {
      const served = await fetch(`${controller.url}/install/windows.ps1`)
      expect(served.headers.get('content-type')).toContain('text/plain')
      await writeFile(join(own, 'windows.ps1'), await served.text())
      await writeFile(join(own, 'asked.refuse'), '')
      const token = /varve-join\.[\w.-]+/u.exec(line)?.[0] ?? ''
      const offline = `$env:VARVE_JOIN_TOKEN = '${token}'; & ./windows.ps1 ${url()} -Archive '${place.file(`${archive}.tar.gz`)}'`
      const { said } = await run(`
        Set-Content "$env:SystemRoot/System32/curl.exe" "#!/bin/sh\`nexit 7"
        ${offline}${install}; "code $LASTEXITCODE"
        Remove-Item asked.refuse
        Set-Content asked.refuse-service ''
        ${offline}${install}; "code $LASTEXITCODE"
        Remove-Item asked.refuse-service
        ${offline}${install}
        [IO.File]::WriteAllText("$PWD/D:\\images/kept.vhdx", 'an image')
        $place = "$env:ProgramFiles/Varve"
        Set-Content asked.refuse-service ''
        & "$place/remove.ps1"; "code $LASTEXITCODE"
        Remove-Item asked.refuse-service
        $node = Join-Path (Get-Item "$place/1.2.3-*").FullName 'node.exe'
        cp /bin/sleep $node
        $process = Start-Process -PassThru $node 60
        & "$place/remove.ps1"; "code $LASTEXITCODE"
        $process.Kill(); $process.WaitForExit()
        & ./windows.ps1 -Remove
        & ./windows.ps1 -Remove; "code $LASTEXITCODE"`)
      expect(said).toMatch(
        new RegExp(
          [
            String.raw`^varve: The host could not join; .*\n.*\ncode 1`,
            String.raw`varve: The service could not be installed; .*\n.*\ncode 1`,
            String.raw`varve: installed, and north is in the fleet .*\n.*\n.*account {2}one`,
            String.raw`varve: The service could not be removed; .*\n.*\ncode 1`,
            String.raw`  varve-agent is removed\.\nvarve: A program of Varve still runs: process \d+\.\n.*\ncode 1`,
            String.raw`  varve-agent is removed\.\nvarve: removed; images were left alone\.\n  north is still in the list .*`,
            String.raw`varve: There is nothing here that windows\.ps1 installed\.\n.*\ncode 1`,
            'varve agent: the token was used already',
            'varve agent: varve-agent: it refuses',
            'varve agent: varve-agent: it refuses$',
          ].join(String.raw`\n`),
          'u',
        ),
      )
      expect(await readFile(join(own, 'asked'), 'utf8')).toContain(` ${token}\n`)
      expect(await readdir(join(own, 'Program Files'))).toEqual([])
      expect(await readdir(join(own, 'D:\\images'))).toEqual(['kept.vhdx'])
    })
  },
)
