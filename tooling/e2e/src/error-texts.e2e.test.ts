import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fleet, root } from './fleet.ts'

/** What people type at a fleet, and what they read. */
const situations: readonly {
  readonly situation: string
  readonly args: readonly string[]
  readonly exitCode: number
  readonly says: string
  readonly remedy: string
}[] = [
  {
    situation: 'a host that never joined',
    args: ['migrate', 'north:a.raw', 'nowhere:a.raw'],
    exitCode: 4,
    says: 'L1 "nowhere": there is no host of that name in this fleet',
    remedy: '"varve hosts" lists the hosts of the fleet.',
  },
  {
    situation: 'a source host that never joined',
    args: ['migrate', 'nowhere:a.raw', 'south:a.raw'],
    exitCode: 4,
    says: 'L1 "nowhere:a.raw": there is no image of that name in this fleet',
    remedy: '"varve images" lists the images of the fleet, each as HOST:NAME.',
  },
  {
    situation: 'a library that the host does not have',
    args: ['migrate', 'north:a.raw', 'south:a.raw', '--library', 'tapes'],
    exitCode: 4,
    says: 'L1 "south:tapes": there is no library of that name in this fleet',
    remedy: '"varve hosts" lists the hosts with their libraries.',
  },
  {
    situation: 'a migration that there never was',
    args: ['migrations', '99'],
    exitCode: 4,
    says: 'L1 "99": there is no migration of that name in this fleet',
    remedy: '"varve migrations" lists them with their numbers.',
  },
  {
    situation: 'the same to be canceled',
    args: ['migrations', '99', '--cancel'],
    exitCode: 4,
    says: 'L1 "99": there is no migration of that name in this fleet',
    remedy: '"varve migrations" lists them with their numbers.',
  },
  {
    situation: 'a format that is not written',
    args: ['migrate', 'north:a.raw', 'south:a.foo', '-O', 'foo'],
    exitCode: 3,
    says: 'L2 "south:a.foo": Varve does not write foo',
    remedy:
      'Choose one of the formats that it writes: qcow2, ova, parallels, pvm, raw, utm, vdi, vhd, vhdx, vmdk.',
  },
]

let place: TempPlace
let fleet: Fleet

beforeAll(async () => {
  place = await tempPlace()
  fleet = await Fleet.start(place.file('fleet'))
  await writeFile(join(fleet.library('north'), 'a.raw'), Buffer.alloc(1_048_576))
  await fleet.image('north', 'a.raw')
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

const varve = async (...args: string[]) =>
  await execa(
    process.execPath,
    [join(root, 'packages/cli/bin/varve.mjs'), ...args, '--controller', fleet.url],
    {
      reject: false,
      stdin: 'ignore',
    },
  )

test.each(situations)('$situation', async ({ args, exitCode, says, remedy }) => {
  const said = await varve(...args)
  expect(said.stderr).toBe(`varve: ${says}\n       ${remedy}`)
  expect(said.exitCode).toBe(exitCode)
})

test.each(['../a.raw', 'a/b.raw', '.hidden.raw', 'a\\b.raw'])(
  'a target named %j is a wrong use, said in a sentence',
  async (name) => {
    const said = await varve('migrate', 'north:a.raw', `south:${name}`)
    expect(said.exitCode).toBe(2)
    expect(said.stderr).toBe(
      `varve: The target cannot be named ${JSON.stringify(name)}: a plain file name: no folders, no control characters, no dot in front.`,
    )
  },
)

test('what the API does not take is said by field and reason, never as a list of issues', async () => {
  const call = fleet.api.migrations.plan.query({
    image: 'x',
    targetHost: 'South!',
    targetLibrary: 'images',
    name: 'a.raw',
    format: 'raw',
  })
  await expect(call).rejects.toMatchObject({
    data: {
      code: 'BAD_REQUEST',
      problem: {
        code: 'invalid-request',
        message: expect.stringContaining('"targetHost": it is not taken: the name of a host') as string,
      },
    },
  })
})

test('canceling what is over says how it ended, and changes nothing', async () => {
  const image = await fleet.image('north', 'a.raw')
  const { id, number } = await fleet.start(image, { name: 'over.raw', format: 'raw' })
  expect((await fleet.ended(id)).state).toBe('succeeded')
  const said = await varve('migrations', String(number), '--cancel')
  expect(said.stderr).toContain(`"migration ${number}": it is over already: it succeeded`)
  expect(said.exitCode).toBe(8)
  expect(await fleet.files('south')).toContain('over.raw')
})
