import { closeSync, existsSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundleProgram } from '@varve/bundle/bundle-program'
import { programs } from '@varve/bundle/programs'
import { canMount, mountedPlace } from '@varve/test-kit/mounted-place'
import { findTool, runToolOk } from '@varve/test-kit/tools'
import { writeBenchDisk } from './bench-disk.ts'
import {
  type Contestant,
  type Conversion,
  type Places,
  commandOf,
  contestantNames,
  contestants,
  conversions,
  matrix,
  matrixContestants,
  qemuTarget,
  sharedConversions,
  sharingFilesystems,
  sourceFormats,
} from './conversions.ts'
import { formatInspections, formatLibrary, runInspections, runLibrary } from './inspections.ts'
import { formatMigrations, runMigrations } from './migrations.ts'
import { dataPlaneRatios, formatDataPlane, runDataPlane } from './data-plane.ts'
import { runFleet } from './fleet/measure-fleet.ts'
import { formatMatrix } from './format-matrix.ts'
import { formatPage, runPage } from './page/measure-page.ts'
import { formatGuests, guestWork, runGuests } from './guests.ts'
import { type Result, formatResults, means, ratios } from './results.ts'
import { peakMemory, timeCommand, type Timing } from './run-timed.ts'

const usage = `Times varve against qemu-img and scp on a 2 GiB disk with 1.2 GiB of data.

  --runs N       runs of each, interleaved (default 5)
  --only TEXT    only what has TEXT in its name: a conversion as "vmdk → raw", "matrix", "reflink", "reclaim", "grow", "mount", "inspect", "library", "nbd", "migrate", "fleet", "attack", "page"
  --folder DIR   where the images are made and kept (default: below the temporary folder)
  --images N     images of the library, and of the page's fleet (default 10000)
  --hosts N,N    hosts of the invented fleets (default 200,1000,10000)
  --fleet-images N,N   images of them (default 100000,1000000)
  --json         print one JSON document
`

/** Makes the images once; a folder that holds them is used again. */
async function prepareImages(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const raw = join(folder, 'disk.raw')
  if (!existsSync(raw)) writeBenchDisk(raw)
  for (const format of sourceFormats) {
    const image = join(folder, `disk.${format}`)
    if (!existsSync(image))
      await runToolOk('qemu-img', ['convert', '-f', 'raw', ...qemuTarget(format), raw, image])
  }
}

/** Reads the source, so that it comes from memory for everyone. */
function warm(path: string): void {
  const fd = openSync(path, 'r')
  const buffer = Buffer.alloc(4 * 1024 * 1024)
  while (readSync(fd, buffer) > 0);
  closeSync(fd)
}

interface RunOptions {
  readonly runs: number
  readonly names?: readonly Contestant[]
}

async function runConversion(
  conversion: Conversion,
  places: Places,
  { runs, names = contestantNames }: RunOptions,
): Promise<Result[]> {
  const { output } = places
  warm(join(places.folder, conversion.source))
  const commands = names.map((contestant) => commandOf(contestant, conversion, places))
  const timings = names.map((): Timing[] => [])
  const peaks: number[] = []
  for (const command of commands) {
    rmSync(output, { force: true })
    const peak = await peakMemory(command)
    // Of a shell that runs two programs nothing is learnt.
    peaks.push(command.env ? 0 : peak)
  }
  for (let run = 0; run < runs; run += 1) {
    // Each comes first and last in turn: what the one before leaves in memory makes the next faster or slower.
    for (let turn = 0; turn < commands.length; turn += 1) {
      const place = (turn + run) % commands.length
      const command = commands[place]
      if (!command) continue
      rmSync(output, { force: true })
      timings[place]?.push(await timeCommand(command))
    }
  }
  rmSync(output, { force: true })
  return names.map((contestant, place) => ({
    conversion: conversion.name,
    contestant,
    runs: timings[place] ?? [],
    peakBytes: peaks[place] ?? 0,
  }))
}

/** Room for the disk, two copies of it and what is written. */
const mountedSize = 10 * 2 ** 30

/** Conversions on filesystems that share blocks; only root can mount them. */
async function runShared(
  folder: string,
  { qemuImg, runs }: { qemuImg: string; runs: number },
): Promise<Result[]> {
  const results: Result[] = []
  for (const [filesystem, make] of sharingFilesystems) {
    process.stderr.write(`reflink on ${filesystem} …\n`)
    await using place = await mountedPlace(make, mountedSize)
    const raw = place.file('disk.raw')
    await runToolOk('cp', ['--sparse=always', join(folder, 'disk.raw'), raw])
    const flat = ['-O', 'vmdk', '-o', 'subformat=monolithicFlat', raw, place.file('disk.vmdk')]
    await runToolOk('qemu-img', ['convert', '-f', 'raw', ...flat])
    await runToolOk('sync', ['-f', place.path])
    const places = { folder: place.path, output: place.file('output.img'), qemuImg }
    for (const conversion of sharedConversions(filesystem))
      results.push(...(await runConversion(conversion, places, { runs })))
  }
  return results
}

function conditions(): string {
  const load = loadavg().map((average) => average.toFixed(1))
  const who = Object.entries(contestants).map(([name, what]) => `  ${name}: ${what}`)
  return [
    `Whole processes, interleaved runs, sources in the page cache; ${availableParallelism()} processors, load ${load.join(' ')} at the start.`,
    ...who,
  ].join('\n')
}

function numbers(list: string): number[] {
  return list.split(',').flatMap((text) => (text === '' ? [] : Number(text)))
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      folder: { type: 'string', default: join(tmpdir(), 'varve-bench') },
      images: { type: 'string', default: '10000' },
      hosts: { type: 'string', default: '200,1000,10000' },
      'fleet-images': { type: 'string', default: '100000,1000000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const qemuImg = findTool('qemu-img')
  if (values.help || qemuImg === null) {
    process.stderr.write(qemuImg === null ? 'qemu-img is not installed\n' : usage)
    return values.help ? 0 : 1
  }
  const { folder, only, json } = values
  // Runs and proofs of what is timed are kept with the images, not in the home of whoever measures.
  process.env['XDG_STATE_HOME'] = join(folder, 'state')
  const runs = Number(values.runs)
  const wants = (name: string) => name.includes(only)
  const say = (text: string) => process.stdout.write(json ? '' : `${text}\n\n`)
  for (const program of programs()) await bundleProgram(program)
  if (!['fleet', 'attack', 'page', 'nbd'].includes(only)) await prepareImages(folder)
  const places = { folder, output: join(folder, 'output.img'), qemuImg }
  const document: Record<string, unknown> = { conditions: conditions() }
  say(conditions())
  const results: Result[] = []
  for (const conversion of conversions.filter(({ name }) => wants(name))) {
    process.stderr.write(`${conversion.name} …\n`)
    results.push(...(await runConversion(conversion, places, { runs })))
  }
  if (results.length > 0) {
    say(formatResults(results))
    const summary = conversions.map(({ name }) => ({ conversion: name, ratios: ratios(results, name) }))
    document['conversions'] = { results, summary, means: means(results) }
  }
  if (wants('matrix')) {
    const all: Result[] = []
    for (const conversion of matrix) {
      process.stderr.write(`matrix: ${conversion.name} …\n`)
      all.push(...(await runConversion(conversion, places, { runs, names: matrixContestants })))
    }
    say(formatMatrix(all))
    document['matrix'] = { results: all, means: means(all) }
  }
  if (wants('reflink')) {
    const shared = (await canMount()) ? await runShared(folder, { qemuImg, runs }) : []
    say(
      shared.length > 0
        ? formatResults(shared)
        : 'reflink: only root can mount filesystems that share blocks',
    )
    document['reflink'] = { results: shared, means: means(shared) }
  }
  if (Object.keys(guestWork).some(wants)) {
    const guests = await runGuests(folder, runs, wants)
    say(formatGuests(guests))
    document['guests'] = guests
  }
  if (wants('inspect')) {
    process.stderr.write('inspect …\n')
    const images = ['raw', ...sourceFormats].map((format) => join(folder, `disk.${format}`))
    const inspections = await runInspections(images, qemuImg)
    say(formatInspections(inspections))
    document['inspect'] = inspections
  }
  if (wants('library')) {
    process.stderr.write('library …\n')
    const library = await runLibrary(folder, Number(values.images))
    say(formatLibrary(library))
    document['library'] = library
  }
  if (wants('nbd')) {
    process.stderr.write('nbd …\n')
    const dataPlane = await runDataPlane(runs)
    say(formatDataPlane(dataPlane))
    document['nbd'] = { results: dataPlane, ratios: dataPlaneRatios(dataPlane) }
  }
  if (wants('migrate')) {
    process.stderr.write('migrate …\n')
    const migrations = await runMigrations(folder, runs)
    say(formatMigrations(migrations))
    document['migrate'] = migrations
  }
  if (wants('fleet') || wants('attack')) {
    process.stderr.write('fleet …\n')
    document['fleet'] = await runFleet({
      hosts: wants('fleet') ? numbers(values.hosts) : [],
      images: wants('fleet') ? numbers(values['fleet-images']) : [],
      attacks: wants('attack'),
      say,
    })
  }
  if (wants('page')) {
    process.stderr.write('page …\n')
    const page = await runPage({ images: Number(values.images), runs })
    say(formatPage(page))
    document['page'] = page
  }
  if (json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  return 0
}

process.exitCode = await main()
