import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stagedPath } from '@varve/engine/files/staged-name'
import { pieceSize } from '@varve/protocol/file-streams'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { openTestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const id = '0123456789ab'
const walkTime = 300_000
const accepted = ['raw-unrecognised']

/** Two pieces, the second of which is not whole. */
const bytes = Buffer.alloc(pieceSize + 4096, 'data')

const sha256 = (of: Uint8Array) => createHash('sha256').update(of).digest()
const digest = createHash('sha256')
  .update(sha256(bytes.subarray(0, pieceSize)))
  .update(sha256(bytes.subarray(pieceSize)))
  .digest('hex')

async function arrived(
  folder: string,
): Promise<{ target: string; id: string; size: number; digest: string }> {
  const target = join(folder, 'new.img')
  await writeFile(stagedPath(target, id), bytes)
  return { target, id, size: bytes.length, digest }
}

const images = async (folder: string) => (await readdir(folder)).filter((name) => name.includes('new.img'))

describe('upload', () => {
  test('what arrived gets its name, and is undone', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const request = await arrived(place.path)
    const plan = await host.plan('upload', request)
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    const done = await host.runs.start({ plan, request, accepted }, { stop })
    expect(done).toMatchObject({ phase: 'succeeded' })
    expect(await images(place.path)).toEqual(['new.img'])
    expect((await readFile(request.target)).equals(bytes)).toBe(true)
    expect(await host.runs.undo(done.id, { stop })).toMatchObject({ phase: 'undone', undoFailures: [] })
    expect(await images(place.path)).toEqual([])
  })

  test(
    'killed anywhere, what arrived is taken or removed',
    async () => {
      const walked = await walkKills({
        operation: 'upload',
        prepare: arrived,
        accepted,
        // It lies there under one of its names, and never half under the visible one; the run's lock beside it.
        async atAnyTime(folder) {
          const all = await images(folder)
          const [name, ...others] = all.filter((one) => one !== '.new.img.varve.lock')
          expect(others).toEqual([])
          expect((await readFile(join(folder, name ?? ''))).equals(bytes)).toBe(true)
        },
        async whenDone(folder) {
          expect(await images(folder)).toEqual(['new.img'])
        },
        // Canceled before its first step, what arrived waits on under its hidden name.
        async whenUndone(folder, { steps }) {
          const isBegun = steps.some(({ attempts }) => attempts.length > 0)
          expect(await images(folder)).toEqual(isBegun ? [] : [`.new.img.${id}.part`])
        },
      })
      expect(walked.resumed).toBeGreaterThan(3)
      expect(walked.undone).toBeGreaterThan(3)
    },
    walkTime,
  )
})
