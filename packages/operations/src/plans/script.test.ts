import { expect, test } from 'vitest'
import { attachVhd } from '../actions/attach-vhd.ts'
import { inOrder, quick, step } from './plan.ts'
import { planScript } from './script.ts'
import { nativeAction, unprintable } from './shown.ts'

const hostile = `a\n\u001b[2J"b' $(x) \u202Egnp\u200B\uFEFF`
const input = { attachment: 'a1b2c3', image: `/${hostile}.vhdx`, by: 'storage', isReadOnly: true } as const

test.each(['posix', 'powershell'] as const)(
  'a runbook for %s shows what it holds, whatever names are in it',
  (shell) => {
    const [attach] = inOrder([step(attachVhd, { id: 'attach', host: hostile, input, estimate: quick })])
    if (!attach) throw new Error('there is no step')
    const shown = nativeAction('attach-vhd', input, 'Mount-VHD')
    expect(JSON.parse(shown.argv[3] ?? '')).toEqual(input)
    const text = planScript({ summary: hostile, operation: 'attach' }, [{ step: attach, shown }], shell)
    expect(text.replaceAll('\n', '').search(unprintable)).toBe(-1)
    expect(text.split('\n').filter((line) => line.startsWith('varve do'))).toHaveLength(1)
  },
)
