import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { commandFlags } from '@varve/bundle/node-flags'
import { findTool, runToolOk } from '@varve/test-kit/tools'
import { median } from './statistics.ts'
import { timeCommand, type Command, type Timing } from './run-timed.ts'

const cli = resolve(import.meta.dirname, '../../../packages/cli/bin/varve.mjs')
const MiB = 1024 ** 2
/** MiB of the disk and of its partition, and of files that the guest keeps, and that it has removed: their bytes are in the image still. */
const sizes = { disk: 4096, start: 1, kept: 400, removed: 800 }

/** Work on what is inside a guest, and the tool of libguestfs that does the same: it starts a machine for it. */
export const guestWork = {
  reclaim: {
    what: 'what 800 MiB of removed files held is given back, into a new image',
    rival: 'virt-sparsify',
  },
  'reclaim in place': { what: 'the same, in the image itself', rival: 'virt-sparsify --in-place' },
  grow: { what: 'from 4 to 6 GiB: partition and ext4 grow', rival: 'virt-resize' },
  mount: { what: 'a raw copy is mounted, read and unmounted', rival: 'guestmount' },
} as const
export type GuestWork = keyof typeof guestWork

export interface Measured {
  readonly work: GuestWork
  readonly who: string
  readonly runs: readonly Timing[]
  /** Bytes on the host afterwards. */
  readonly after: number
}

/** A qcow2 image with ext4 in a partition; made without a mount, so that nobody has to be root. */
async function prepare(folder: string): Promise<string> {
  const image = join(folder, 'guest.qcow2')
  if (existsSync(image)) return image
  const [tree, raw, script] = ['guest-files', 'guest.raw', 'guest.script'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  mkdirSync(tree, { recursive: true })
  const removed = Array.from({ length: sizes.removed }, (_, index) => `removed-${index}`)
  const kept = Array.from({ length: sizes.kept }, (_, index) => `kept-${index}`)
  for (const name of [...removed, ...kept]) writeFileSync(join(tree, name), randomBytes(MiB))
  writeFileSync(raw, '')
  truncateSync(raw, sizes.disk * MiB)
  const partition = `start=${sizes.start}MiB, size=${sizes.disk - sizes.start}MiB, type=83`
  await runToolOk('sh', ['-c', 'printf "label: dos\\n%s\\n" "$1" | sfdisk -q "$0"', raw, partition])
  const offset = sizes.start * MiB
  await runToolOk('mkfs.ext4', [
    '-q',
    '-F',
    '-d',
    tree,
    '-E',
    `offset=${offset}`,
    raw,
    `${(sizes.disk - sizes.start) * 1024}k`,
  ])
  writeFileSync(script, removed.map((name) => `rm /${name}\n`).join(''))
  await runToolOk('debugfs', ['-w', '-f', script, `${raw}?offset=${offset}`])
  await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, image])
  for (const path of [tree, raw, script]) rmSync(path, { recursive: true })
  return image
}

interface Places {
  readonly image: string
  readonly output: string
  readonly mounted: string
}

/** By shells where it takes several commands. */
function commandsOf(work: GuestWork, { image, output, mounted }: Places): { own: Command; rival: Command } {
  const varve = (...args: string[]): Command => ({
    file: process.execPath,
    args: [...commandFlags, cli, ...args],
  })
  const shell = (script: string, ...args: string[]): Command => ({
    file: '/bin/sh',
    args: ['-ec', script, ...args],
  })
  switch (work) {
    case 'reclaim':
      return {
        own: varve('reclaim', image, '--yes'),
        rival: { file: 'virt-sparsify', args: ['--quiet', image, output] },
      }
    case 'reclaim in place':
      return {
        own: varve('reclaim', image, '--yes'),
        rival: { file: 'virt-sparsify', args: ['--quiet', '--in-place', image] },
      }
    case 'grow':
      return {
        own: varve('grow', image, '--to', '6G', '--yes'),
        rival: shell(
          'qemu-img create -q -f qcow2 "$1" 6G && virt-resize --quiet --expand /dev/sda1 "$0" "$1"',
          image,
          output,
        ),
      }
    case 'mount':
      return {
        own: shell(
          '"$0" "$1" mount "$2" "$3" --yes >/dev/null && cat "$3/kept-0" >/dev/null && "$0" "$1" umount "$3" --yes >/dev/null',
          process.execPath,
          cli,
          image,
          mounted,
        ),
        rival: shell(
          'guestmount --format=raw -a "$0" -m /dev/sda1 --ro --pid-file "$1.pid" "$1" && cat "$1/kept-0" >/dev/null && P=$(cat "$1.pid") && guestunmount "$1" && while kill -0 $P 2>/dev/null; do sleep 0.05; done',
          image,
          mounted,
        ),
      }
  }
}

const onHost = (path: string) => statSync(path).blocks * 512

/** In turn, each on a fresh copy of the image; tools that are not installed are left out. */
export async function runGuests(
  folder: string,
  runs: number,
  wants: (name: string) => boolean,
): Promise<Measured[]> {
  const source = await prepare(folder)
  const work = join(folder, 'guest-work')
  const measured: Measured[] = []
  for (const name of (Object.keys(guestWork) as GuestWork[]).filter(wants)) {
    process.stderr.write(`${name} …\n`)
    const rival = guestWork[name].rival
    const isThere = findTool(rival.split(' ', 1)[0] ?? '') !== null
    const timings = { own: [] as Timing[], rival: [] as Timing[] }
    const after = { own: 0, rival: 0 }
    for (let run = 0; run < runs; run += 1)
      for (const who of run % 2 === 0 ? (['own', 'rival'] as const) : (['rival', 'own'] as const)) {
        if (who === 'rival' && !isThere) continue
        rmSync(work, { recursive: true, force: true })
        const places = {
          image: join(work, name === 'mount' ? 'disk.raw' : 'disk.qcow2'),
          output: join(work, 'output.qcow2'),
          mounted: join(work, 'mounted'),
        }
        mkdirSync(places.mounted, { recursive: true })
        // Kernels without nbd make devices of raw images alone.
        if (name === 'mount') await runToolOk('qemu-img', ['convert', '-O', 'raw', source, places.image])
        else await runToolOk('cp', [source, places.image])
        timings[who].push(await timeCommand(commandsOf(name, places)[who]))
        after[who] = onHost(existsSync(places.output) ? places.output : places.image)
      }
    measured.push({ work: name, who: 'varve', runs: timings.own, after: after.own })
    if (isThere) measured.push({ work: name, who: rival, runs: timings.rival, after: after.rival })
  }
  rmSync(work, { recursive: true, force: true })
  return measured
}

/** A line for each, and how many times faster varve is. */
export function formatGuests(results: readonly Measured[]): string {
  const seconds = ({ runs }: Measured) => median(runs.map((run) => run.seconds))
  const works = (Object.keys(guestWork) as GuestWork[]).filter((name) =>
    results.some(({ work }) => work === name),
  )
  return works
    .flatMap((name) => {
      const [own, rival] = results.filter(({ work }) => work === name)
      const { what, rival: named } = guestWork[name]
      const lines = [own, rival].flatMap((one) =>
        one
          ? `  ${one.who.padEnd(25)} ${seconds(one).toFixed(2)} s, then ${Math.round(one.after / MiB)} MiB on the host`
          : [],
      )
      const ratio =
        own && rival
          ? `  ${(seconds(rival) / seconds(own)).toFixed(1)} times faster`
          : `  ${named} is not installed`
      return [`${name}: ${what} (ext4 in a partition)`, ...lines, ratio]
    })
    .join('\n')
}
