import { join } from 'node:path'
import { nativeCode } from '@varve/bundle/native-code'
import { rolldown } from 'rolldown'

const runner = join(import.meta.dirname, 'small-vitest.ts')

/**
 * Makes a module that plans tests, with all that it imports, into one file that Node runs where vitest does not.
 * `koffi`: the file of its native code, as the bundle names it.
 */
export async function bundleTests(entry: string, to: string, koffi: string): Promise<void> {
  const start = '\0start'
  const bundle = await rolldown({
    input: start,
    platform: 'node',
    resolve: { alias: { vitest: runner } },
    logLevel: 'warn',
    plugins: [
      {
        name: 'start',
        resolveId: (source) => (source === start ? start : null),
        load: (id) =>
          id === start
            ? `import ${JSON.stringify(entry)}\nimport { runPlanned } from ${JSON.stringify(runner)}\nvoid runPlanned()\n`
            : null,
      },
      nativeCode({ hashing: null, koffi }),
    ],
  })
  await bundle.write({ file: to, format: 'cjs', codeSplitting: false })
  await bundle.close()
}
