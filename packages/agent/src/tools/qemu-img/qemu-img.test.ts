import { describe, expect, test } from 'vitest'
import { convertCommand, repairCheck, snapshotCommand } from './commands.ts'
import { checkOutput, convertProgress } from './output.ts'

const said = (stdout: string, exitCode = 0) =>
  checkOutput({
    exitCode,
    stdout: new TextEncoder().encode(stdout),
    stderr: new Uint8Array(0),
    label: 'utf-8',
  })

describe('qemu-img check', () => {
  test('is given its format and an absolute path behind --', () => {
    expect(repairCheck({ path: '/lib/-a b.qcow2', format: 'qcow2', what: 'leaks' })).toMatchObject({
      tool: 'qemu-img',
      args: ['check', '-f', 'qcow2', '--output=json', '-r', 'leaks', '--', '/lib/-a b.qcow2'],
      expected: [0, 2, 3],
    })
  })

  test('what is 0 is left out of its answer', () => {
    // QEMU 7.2, qemu-img check -r leaks --output=json of an image with three leaked clusters.
    const text = `{
    "image-end-offset": 1769472,
    "total-clusters": 256,
    "check-errors": 0,
    "leaks-fixed": 3,
    "allocated-clusters": 21,
    "filename": "/lib/leaky.qcow2",
    "format": "qcow2"
}
`
    expect(said(text)).toEqual({ corruptions: 0, leaks: 0, corruptionsFixed: 0, leaksFixed: 3 })
  })

  test.each([
    ['nothing', ''],
    ['no JSON', 'No errors were found on the image.\n'],
    ['another document', '[]'],
    ['words for numbers', '{"leaks": "three"}'],
    ['errors that kept it from checking all', '{"check-errors": 2}'],
  ])('an answer that is %s is a failure of the tool', (_what, text) => {
    expect(() => said(text)).toThrow(expect.objectContaining({ code: 'tool-failed' }))
  })
})

describe('qemu-img convert', () => {
  const source = { path: '/lib/-a b.vhd', format: 'vhd' } as const

  test.each([
    ['vhdx', 'fixed', ['-O', 'vhdx', '-o', 'subformat=fixed']],
    ['vhd', 'dynamic', ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on']],
    ['vdi', 'fixed', ['-O', 'vdi', '-o', 'static=on']],
    ['vmdk', 'twoGbMaxExtentSparse', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse']],
    ['qcow2', null, ['-O', 'qcow2']],
    ['raw', null, ['-O', 'raw']],
  ] as const)('is told both formats and the kind of a %s %s, and guesses nothing', (format, kind, words) => {
    const { args } = convertCommand({ source, target: { path: '/lib/b', format, kind } })
    expect(args).toEqual(['convert', '-p', '-f', 'vpc', ...words, '--', '/lib/-a b.vhd', '/lib/b'])
  })

  test.each([
    ['    (12.50/100%)', 0.125],
    ['(100.00/100%)', 1],
    ['qemu-img: warning (3/4)', null],
  ])('%s says how far it is', (text, fraction) => {
    expect(convertProgress({ stream: 'stdout', text })?.fraction ?? null).toBe(fraction)
  })
})

describe('qemu-img snapshot', () => {
  test.each([
    ['create', '-c'],
    ['apply', '-a'],
    ['delete', '-d'],
  ] as const)('%s is given the file as a qcow2, its commas doubled, and the name as it is', (deed, flag) => {
    const { args, silence } = snapshotCommand(deed, { path: '/lib/a,b json:{}.qcow2', name: "-x'y\n" })
    const file = 'driver=qcow2,file.driver=file,file.filename=/lib/a,,b json:{}.qcow2'
    expect(args).toEqual(['snapshot', '--image-opts', flag, "-x'y\n", file])
    expect(silence).toMatchObject({ files: ['/lib/a,b json:{}.qcow2'], io: true })
  })
})
