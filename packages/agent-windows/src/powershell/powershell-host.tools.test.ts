import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { findPowershell } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PowerShellHost, type CallOptions, type ScriptName } from './powershell-host.ts'

const pwsh = findPowershell()
/** A process is gone a moment after it was told to. */
const patience = { timeout: 10_000 }

const scripts = {
  echo: 'param($Parameters)\n@{ given = $Parameters; type = $Parameters.one.GetType().Name }',
  deep: '@{ a = @{ b = @(@{ c = @(1, @{ d = @("x") }) }) } }',
  one: '@{ list = @("only"); big = [uint64] 9007199254740991; none = $null; yes = $true }',
  pid: '@{ pid = $PID }',
  noise: `Write-Host '{"id": "of nobody"}'; Write-Warning w; Write-Verbose v -Verbose; Write-Progress p; [Console]::Error.WriteLine('e'); $null = /bin/echo 'x'; @{ done = $true }`,
  two: '@{ a = 1 }; @{ b = 2 }',
  nothing: '$null = 1',
  syntax: 'if (',
  slow: 'Start-Sleep -Milliseconds 2000; @{ pid = $PID }',
  thrown: "throw 'Datei nicht gefunden'",
  command: "\n\nGet-NoSuchThing -Path 'x'",
  code: "$e = New-Object -TypeName System.IO.IOException -ArgumentList 'in use', ([int] 0x80070020)\nthrow (New-Object -TypeName System.InvalidOperationException -ArgumentList 'outer', $e)",
  record: "Write-Error -Message 'belegt' -ErrorId 'ObjectInUse' -Category ResourceBusy",
  unset: '@{ a = $neverSet }',
  leave:
    '[Console]::Error.WriteLine("#< CLIXML`n<Objs><S S=`"Error`">gone &lt;x&gt;_x000D__x000A_</S></Objs>"); [Environment]::Exit(7)',
  hang: "param($Parameters)\n/bin/sh -c ('sleep 60 & echo $! > \"' + $Parameters.file + '\"; wait')\n@{}",
  flood: "$line = 'x' * 1MB; for ($i = 0; $i -lt 20; $i++) { [Console]::Out.WriteLine($line) }; @{}",
}

describe.skipIf(process.platform === 'win32' || pwsh === null)('scripts in one PowerShell', () => {
  let place: TempPlace
  let host: PowerShellHost

  beforeAll(async () => {
    place = await tempPlace()
    for (const [name, text] of Object.entries(scripts)) await writeFile(place.file(`${name}.ps1`), text)
    host = new PowerShellHost({ path: pwsh ?? '', folder: place.path })
    await call('pid')
  }, 60_000)

  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  const call = async (script: keyof typeof scripts, parameters?: object, options?: CallOptions) =>
    await host.call(script as ScriptName, parameters, options)
  const pid = async () => ((await call('pid')) as { pid: number }).pid

  test('parameters arrive as they are, and so does what comes back', async () => {
    const given = {
      one: 'Zürich "1" 北京\n`$x\' 🙂',
      two: [1],
      three: { four: null, five: [[]] },
      six: 4_398_046_511_104,
    }
    expect(await call('echo', given)).toEqual({ given, type: 'String' })
    expect(await call('deep')).toEqual({ a: { b: [{ c: [1, { d: ['x'] }] }] } })
    expect(await call('one')).toEqual({ list: ['only'], big: Number.MAX_SAFE_INTEGER, none: null, yes: true })
  })

  test('what else is written to the console is of nobody, and the process is the same one', async () => {
    const before = await pid()
    expect(await call('noise')).toEqual({ done: true })
    expect(await pid()).toBe(before)
  })

  test('several that are asked at once come one after the other', async () => {
    const answers = await Promise.all([1, 2, 3].map(async (one) => await call('echo', { one })))
    expect(answers).toMatchObject([1, 2, 3].map((one) => ({ given: { one } })))
  })

  test.each([
    ['thrown', { id: 'Datei nicht gefunden', category: 'OperationStopped' }],
    ['command', { id: 'CommandNotFoundException', category: 'ObjectNotFound', line: 3 }],
    ['code', { codes: [expect.stringMatching(/^0x[0-9A-F]{8}$/u), '0x80070020'] }],
    ['record', { id: 'ObjectInUse', category: 'ResourceBusy' }],
    ['unset', { id: 'VariableIsUndefined' }],
    ['two', { message: 'the script gave 2 objects' }],
    ['nothing', { message: 'the script gave 0 objects' }],
    ['syntax', { id: expect.stringContaining('ParseException') }],
  ] as const)(
    '%s fails with what tells it apart in every language, and the process goes on',
    async (script, failure) => {
      const before = await pid()
      await expect(call(script)).rejects.toMatchObject({ name: 'ScriptError', script, failure })
      expect(await pid()).toBe(before)
    },
  )

  test('a script that is not there is an error of its own', async () => {
    await expect(host.call('no-such' as ScriptName)).rejects.toMatchObject({
      failure: { id: 'FileNotFoundException', codes: expect.arrayContaining(['0x80070002']) },
    })
  })

  test('a process that ends in the midst of a script is told with what it said, and the next call has a new one', async () => {
    const before = await pid()
    await expect(call('leave')).rejects.toMatchObject({
      code: 'tool-failed',
      details: { exitCode: 7, stderr: 'gone <x>' },
    })
    expect(await pid()).not.toBe(before)
  })

  test('one that was ended between calls is started anew', async () => {
    const before = await pid()
    // What starts it is gone once Node has heard of its end.
    const started = /^PPid:\s*(\d+)$/mu.exec(await readFile(`/proc/${before}/status`, 'utf8'))?.[1]
    process.kill(before, 'SIGKILL')
    await expect.poll(() => existsSync(`/proc/${started}`), patience).toBe(false)
    await sleep(100)
    expect(await pid()).not.toBe(before)
  })

  test.each(['silent', 'canceled'] as const)(
    'one that hangs, and is %s, ends with all that it started',
    async (how) => {
      const before = await pid()
      const file = place.file(`${how}.pid`)
      const canceled = new AbortController()
      const hanging = call(
        'hang',
        { file },
        how === 'silent' ? { silenceMs: 4000 } : { signal: canceled.signal },
      )
      const ended = expect(hanging).rejects.toMatchObject({
        code: how === 'silent' ? 'no-progress' : 'canceled',
      })
      const childOf = async () => (await readFile(file, 'utf8').catch(() => '')).trim()
      await expect.poll(childOf, patience).toMatch(/^\d+$/u)
      canceled.abort()
      await ended
      await expect.poll(() => existsSync(`/proc/${before}`), patience).toBe(false)
      const child = (await readFile(file, 'utf8')).trim()
      await expect.poll(() => child !== '' && !existsSync(`/proc/${child}`), patience).toBe(true)
      expect(await pid()).not.toBe(before)
    },
  )

  test('what was canceled before it began is not begun', async () => {
    await expect(call('pid', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'canceled' })
  })

  test('what is canceled while it waits for another call is told at once, and ends nobody', async () => {
    const canceled = new AbortController()
    const first = call('slow')
    const second = call('pid', {}, { signal: canceled.signal })
    canceled.abort()
    await expect(second).rejects.toMatchObject({ code: 'canceled', details: { what: 'pid' } })
    const isOver = await Promise.race([first.then(() => true), sleep(100).then(() => false)])
    expect(isOver).toBe(false)
    expect(await first).toEqual({ pid: await pid() })
  })

  test('a flood is cut off', async () => {
    await expect(call('flood')).rejects.toMatchObject({
      code: 'tool-failed',
      details: { stderr: 'it said more than 16 MiB' },
    })
  })

  test('a program that has nothing else to do ends, and so does its PowerShell', async () => {
    const module = JSON.stringify(resolve(import.meta.dirname, 'powershell-host.ts'))
    const text = `import { PowerShellHost } from ${module}
      const host = new PowerShellHost(${JSON.stringify({ path: pwsh, folder: place.path })})
      console.log((await host.call('pid')).pid)`
    const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', text], { timeout: 20_000 })
    expect(Number(stdout)).toBeGreaterThan(0)
    await expect.poll(() => existsSync(`/proc/${stdout}`), patience).toBe(false)
  })

  test('it ends when no call comes, and a PowerShell that is not there is told', async () => {
    await using idle = new PowerShellHost({ path: pwsh ?? '', folder: place.path, idleMs: 50 })
    const { pid: first } = (await idle.call('pid' as ScriptName)) as { pid: number }
    await expect.poll(() => existsSync(`/proc/${first}`), patience).toBe(false)
    expect(await idle.call('pid' as ScriptName)).not.toEqual({ pid: first })
    await using missing = new PowerShellHost({ path: place.file('powershell.exe') })
    await expect(missing.call('get-disks')).rejects.toMatchObject({ code: 'tool-missing' })
  })
})
