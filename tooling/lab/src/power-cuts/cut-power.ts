import { truncate, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { startLab, type Lab } from '../machine/start-lab.ts'

/** What the image was found to be after a power cut, before anything went on. */
export type Found = 'original' | 'result'

export interface Cut {
  /** How long after its beginning, in ms. */
  readonly afterMs: number
  /** Whether the operation had come to its end by then. */
  readonly wasOver: boolean
  readonly found: Found
  /** What it was after the run was resumed. */
  readonly ended: Found
}

export interface PowerCuts {
  /** The folder of the built lab. */
  readonly lab: string
  /** Lays the image at /mnt/data/pristine/NAME; the folder is empty. */
  readonly prepare: string
  /** The image's name. */
  readonly name: string
  /** The operation on the image, which is in the working folder. */
  readonly operation: string
  /** Prints what tells a result from the original. */
  readonly mark: string
  /** Prints the same for an image as it was and for a result, when nothing in it is lost; fails when it is damaged. */
  readonly facts: string
  readonly cuts: number
  readonly say: (words: string) => void
}

const dataBytes = 2 * 1024 ** 3
const serial = 'data'
const state = 'export XDG_STATE_HOME=/mnt/data/state; cd /mnt/data/work'

/**
 * Cuts the power of the lab at a random moment of an operation, over and over, and looks after each what is there: the image
 * as it was, or the result, whole, and both of them after the run was resumed. Throws at the first that is neither.
 */
export async function cutPower(options: PowerCuts): Promise<readonly Cut[]> {
  await using place = await tempPlace()
  const disk = place.file('data.raw')
  await writeFile(disk, '')
  await truncate(disk, dataBytes)
  const cuts: Cut[] = []
  let lab = await startLab(options.lab)
  try {
    const { wholeMs, expected } = await firstRun(lab, { ...options, disk })
    for (;;) {
      const afterMs = Math.round(Math.random() * wholeMs)
      const running = lab.run(`${state}; ${options.operation}`).then(
        ({ exitCode }) => exitCode,
        () => null,
      )
      const code = await Promise.race([running, sleep(afterMs).then(() => null)])
      if (code !== null && code !== 0) throw new Error(`the operation failed: exit code ${code}`)
      await lab.cutPower()
      await lab[Symbol.asyncDispose]()
      lab = await startLab(options.lab)
      await plugged(lab, disk)
      await lab.ok('mount /dev/disk/by-label/varvedata /mnt/data')
      const found = await look(lab, options, expected)
      await lab.ok(
        `${state}; for run in $(varve runs --json | jq -r '.[] | select(.state != "succeeded" and .state != "canceled" and .state != "undone") | .run'); do varve runs "$run" --resume --yes >&2; done`,
      )
      const ended = await look(lab, options, expected)
      if (found === 'result' && ended === 'original') throw new Error('a result went back to the original')
      const left = await lab.ok(
        `${state}; ls -A; losetup -a | grep -F /mnt/data || true; varve attached --json`,
      )
      cuts.push({ afterMs, wasOver: code === 0, found, ended })
      options.say(
        `${cuts.length}: after ${afterMs} ms of ${wholeMs}: ${found}, then ${ended}; ${left.replaceAll(/\s+/gu, ' ')}`,
      )
      if (cuts.length >= options.cuts) return cuts
      await lab.ok(fresh(options))
    }
  } finally {
    await lab[Symbol.asyncDispose]()
  }
}

function fresh({ name }: PowerCuts): string {
  return `rm -rf /mnt/data/work /mnt/data/state; mkdir /mnt/data/work; cp --sparse=always /mnt/data/pristine/${name} /mnt/data/work/; sync`
}

async function plugged(lab: Lab, disk: string): Promise<string> {
  const { device } = await lab.plug(disk, { serial })
  await lab.ok('mkdir -p /mnt/data')
  return device
}

interface FirstRun {
  readonly wholeMs: number
  readonly expected: Facts
}

interface Facts {
  readonly original: string
  readonly result: string
  /** What is in it, in both. */
  readonly inside: string
}

/** How long the operation takes without a cut, and what image and result are. */
async function firstRun(lab: Lab, options: PowerCuts & { readonly disk: string }): Promise<FirstRun> {
  const device = await plugged(lab, options.disk)
  await lab.ok(`set -e; mkfs.ext4 -q -L varvedata ${device}; mount ${device} /mnt/data
    mkdir /mnt/data/pristine; cd /mnt/data/pristine; ${options.prepare}`)
  await lab.ok(fresh(options))
  const original = await lab.ok(`${state}; ${options.mark}`)
  const inside = await lab.ok(`${state}; ${options.facts}`)
  const started = performance.now()
  await lab.ok(`${state}; ${options.operation}`)
  const wholeMs = Math.round(performance.now() - started)
  const result = await lab.ok(`${state}; ${options.mark}`)
  if (result === original) throw new Error('the operation changed nothing')
  if ((await lab.ok(`${state}; ${options.facts}`)) !== inside) throw new Error('the operation lost something')
  await lab.ok(fresh(options))
  return { wholeMs, expected: { original, result, inside } }
}

/** The original is so to the byte; of anything else all is looked at. Varve itself is not asked. */
async function look(lab: Lab, options: PowerCuts, expected: Facts): Promise<Found> {
  const { name, mark, facts } = options
  const { exitCode } = await lab.run(`${state}; cmp -s /mnt/data/pristine/${name} ${name}`)
  if (exitCode === 0) return 'original'
  const inside = await lab.ok(`${state}; ${facts}`)
  if (inside !== expected.inside) throw new Error(`what is in it differs:\n${inside}\n${expected.inside}`)
  const found = await lab.ok(`${state}; ${mark}`)
  if (found === expected.result) return 'result'
  throw new Error(`it is neither the original nor the result: ${found}`)
}
