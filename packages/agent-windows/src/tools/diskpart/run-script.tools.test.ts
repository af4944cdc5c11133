import { chmod, readdir, writeFile } from 'node:fs/promises'
import type { ToolBox } from '@varve/agent/actions/adapter'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { platformTools } from '@varve/agent/tools/tool-box'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { runDiskpart } from './run-script.ts'

const lines = ['select vdisk file="C:\\a.vhdx"', 'compact vdisk']

/** A program in its place that does what `body` says, in the language of the shell. */
async function withProgram(place: TempPlace, body: string): Promise<ToolBox> {
  const path = place.file('diskpart')
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
  const runner = new ExecaToolRunner({ oemCodePage: async () => Promise.resolve(850) })
  return platformTools({ table: [], folders: [place.path], suffixes: [''], runner })
}

const leftIn = async (place: TempPlace) => (await readdir(place.path)).filter((name) => /varve/u.test(name))

describe.skipIf(process.platform === 'win32')('a script of diskpart', () => {
  const options = (place: TempPlace, tools: ToolBox) => ({ tools, folder: place.path, pauseMs: 0 })

  test('is a file for its time only, and its text is in the code page of the host', async () => {
    await using place = await tempPlace()
    const image = place.file('a.vhdx')
    const tools = await withProgram(
      place,
      `echo "$1"; stat -c %a "$2" "$(dirname "$2")"; cat "$2"; printf 'ausgew\\204hlt'`,
    )
    const { exitCode, text } = await runDiskpart({ image, lines }, options(place, tools))
    expect([exitCode, text.split(/\r?\n/u)]).toEqual([0, ['/s', '600', '700', ...lines, 'ausgewählt']])
    expect(await leftIn(place)).toEqual([])
  })

  test.each([0, 1, 5])('exit code %i is an answer: the state judges', async (code) => {
    await using place = await tempPlace()
    const tools = await withProgram(place, `echo no; exit ${code}`)
    const said = await runDiskpart({ image: place.file('a'), lines }, options(place, tools))
    expect(said).toEqual({ exitCode: code, text: 'no' })
  })

  test('another exit code, and a tool that is not there, are failures with nothing left', async () => {
    await using place = await tempPlace()
    const script = { image: place.file('a.vhdx'), lines }
    const dies = await withProgram(place, 'exit 77')
    await expect(runDiskpart(script, options(place, dies))).rejects.toMatchObject({
      code: 'tool-failed',
      details: { file: script.image, exitCode: 77 },
    })
    const none = platformTools({ table: [], folders: [], suffixes: [''], runner: new ExecaToolRunner() })
    await expect(runDiskpart(script, options(place, none))).rejects.toMatchObject({ code: 'tool-missing' })
    expect(await leftIn(place)).toEqual([])
  })

  test('hanging or canceled, it ends with what it started', async () => {
    await using place = await tempPlace()
    const script = { image: place.file('a.vhdx'), lines }
    const tools = await withProgram(place, 'sleep 60')
    await expect(runDiskpart(script, { ...options(place, tools), silenceMs: 200 })).rejects.toMatchObject({
      code: 'no-progress',
    })
    const signal = AbortSignal.timeout(200)
    await expect(runDiskpart(script, { ...options(place, tools), signal })).rejects.toMatchObject({
      code: 'canceled',
    })
    expect(await leftIn(place)).toEqual([])
  })

  test('two never run at the same time, and the pause is between them', async () => {
    await using place = await tempPlace()
    const script = { image: place.file('a.vhdx'), lines }
    const tools = await withProgram(place, 'date +%s%3N; sleep 0.2; date +%s%3N')
    const all = await Promise.all(
      [0, 300].map(async (pauseMs) => runDiskpart(script, { ...options(place, tools), pauseMs })),
    )
    const [first, second] = all.map(({ text }) => text.split('\n').map(Number))
    expect((second?.[0] ?? 0) - (first?.[1] ?? 0)).toBeGreaterThanOrEqual(290)
  })
})
