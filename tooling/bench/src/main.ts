import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findTool, runToolOk } from '@varve/test-kit/tools'
import { writeBenchDisk } from './bench-disk.ts'
import { type Conversion, type Places, commandOf, contestants, conversions } from './conversions.ts'
import { type Result, formatResults, ratios } from './results.ts'
import { peakMemory, timeCommand } from './run-timed.ts'

const usage = `Times varve convert against qemu-img on a 2 GiB disk with 1.2 GiB of data.

  --runs N       runs of each, interleaved (default 5)
  --only TEXT    only conversions whose name holds TEXT
  --folder DIR   where the images are made and kept (default: below the temporary folder)
  --varve ARGS   further arguments for varve convert, separated by blanks (default --no-verify)
  --json         print one JSON document
`

/** Makes the images once; a folder that holds them is used again. */
async function prepareImages(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const raw = join(folder, 'disk.raw')
  if (existsSync(join(folder, 'disk.qcow2'))) return
  writeBenchDisk(raw)
  await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', raw, join(folder, 'disk.vmdk')])
  await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, join(folder, 'disk.qcow2')])
}

/** Reads the source, so that it comes from memory for everyone. */
function warm(path: string): void {
  readFileSync(path)
}

async function runConversion(conversion: Conversion, places: Places, runs: number): Promise<Result[]> {
  const { output } = places
  warm(join(places.folder, conversion.source))
  const commands = contestants.map((contestant) => commandOf(contestant, conversion, places))
  const seconds = contestants.map((): number[] => [])
  const peaks: number[] = []
  for (const command of commands) {
    rmSync(output, { force: true })
    peaks.push(await peakMemory(command))
  }
  for (let run = 0; run < runs; run += 1) {
    for (const [place, command] of commands.entries()) {
      rmSync(output, { force: true })
      seconds[place]?.push(await timeCommand(command))
    }
  }
  rmSync(output, { force: true })
  return contestants.map((contestant, place) => ({
    conversion: conversion.name,
    contestant,
    seconds: seconds[place] ?? [],
    peakBytes: peaks[place] ?? 0,
  }))
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      folder: { type: 'string', default: join(tmpdir(), 'varve-bench') },
      varve: { type: 'string', default: '--no-verify' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const qemuImg = findTool('qemu-img')
  if (values.help || qemuImg === null) {
    process.stderr.write(qemuImg === null ? 'qemu-img is not installed\n' : usage)
    return values.help ? 0 : 1
  }
  await prepareImages(values.folder)
  const varveArgs = values.varve.split(' ').filter((arg) => arg !== '')
  const places = { folder: values.folder, output: join(values.folder, 'output.img'), qemuImg, varveArgs }
  const results: Result[] = []
  for (const conversion of conversions.filter(({ name }) => name.includes(values.only))) {
    process.stderr.write(`${conversion.name} …\n`)
    results.push(...(await runConversion(conversion, places, Number(values.runs))))
  }
  const conditions = `Whole processes, interleaved runs, sources in the page cache. qemu-img leaves its output to the page cache; varve convert computes the disk digest too and runs with: ${values.varve}`
  if (values.json) {
    const summary = conversions.map(({ name }) => ({ conversion: name, ratios: ratios(results, name) }))
    process.stdout.write(`${JSON.stringify({ conditions, results, summary }, null, 2)}\n`)
  } else {
    process.stdout.write(`${conditions}\n\n${formatResults(results)}\n`)
  }
  return 0
}

process.exitCode = await main()
