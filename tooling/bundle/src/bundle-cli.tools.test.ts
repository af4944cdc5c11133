import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { bundleCli } from './bundle-cli.ts'

const cli = resolve(import.meta.dirname, '../../../packages/cli')

/** Runs the command from the program file given, as the launcher does. */
async function runFrom(program: string, args: readonly string[]): Promise<string> {
  const call = `import(${JSON.stringify(program)}).then(async ({ runProgram }) => { process.exitCode = await runProgram(['node', 'varve', ...process.argv.slice(1)], '0') })`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    call,
    '--',
    ...args,
  ])
  return stdout
}

test('the bundle converts with its worker threads as the sources do', async () => {
  const { folder, inputs } = await bundleCli()
  const paths = inputs.map(([path]) => path)
  expect(paths).toContain('packages/cli/src/program.ts')
  expect(paths).toContain('packages/engine/src/run/worker-tasks.ts')
  expect(paths.filter((path) => path.endsWith('.node'))).toHaveLength(2)
  const record: unknown = JSON.parse(await readFile(join(cli, 'dist/bundle.json'), 'utf8'))
  expect(record).toMatchObject({ folder })
  await using place = await tempPlace()
  const disk = place.file('disk.raw')
  await writeFile(disk, Buffer.alloc(9 * 2 ** 20, 'varve'))
  await truncate(disk, 64 * 2 ** 20)
  const told = []
  for (const [name, program] of [
    ['bundle', join(cli, 'dist', folder, 'program.mjs')],
    ['source', join(cli, 'src/program.ts')],
  ] as const) {
    const target = place.file(`${name}.qcow2`)
    const {
      path: _,
      seconds: __,
      ...rest
    } = JSON.parse(await runFrom(program, ['convert', disk, target, '--json'])) as Record<string, unknown>
    told.push(rest)
  }
  expect(told[0]).toMatchObject({ verified: true, format: 'qcow2' })
  expect(told[0]).toEqual(told[1])
})
