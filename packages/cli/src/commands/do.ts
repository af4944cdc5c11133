import { performAction } from '@varve/agent/actions/perform'
import { DiskError } from '@varve/core/problems/disk-error'
import { makeFresh } from '@varve/operations/plans/fresh'
import { memberOf, resolveInput } from '@varve/operations/plans/wired'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { secretFrom } from '../secret-input.ts'
import { openThisHost } from '../operations/this-host.ts'

export interface DoOptions {
  readonly action: string
  /** JSON. */
  readonly input: string
  /** Each `step=json`: the id of a step and what it printed. */
  readonly outcome?: readonly string[]
}

/** `varve do ACTION INPUT`: one action of a plan, as runbooks call it; prints its outcome as one line of JSON. */
export async function doAction(options: DoOptions, context: RunContext): Outcome {
  const given = options.outcome ?? []
  const outcomes = new Map<string, unknown>()
  for (const text of given) {
    const cut = text.indexOf('=')
    if (cut < 1) throw new UsageError(`${JSON.stringify(text)} is not STEP=JSON.`)
    const step = text.slice(0, cut)
    outcomes.set(step, parse(text.slice(cut + 1), `the outcome of ${step}`))
  }
  const input = resolveInput(parse(options.input, 'the input'), {
    memberOf: (step, field) => {
      if (outcomes.has(step)) return memberOf(outcomes.get(step), step, field)
      throw new DiskError('invalid-request', {
        file: options.action,
        reason: `it needs what step ${step} gave: --outcome ${step}=JSON`,
      })
    },
    fresh: makeFresh,
  })
  const kind = secretKindOf(options.action, input)
  const secret = kind === null ? undefined : await secretFrom(process.stdin, kind)
  const { ports, adapters } = openThisHost(context, secret)
  const outcome = await performAction(
    adapters,
    { action: options.action, input },
    { ports, signal: context.signal, isResumed: true, onProgress: () => {} },
  )
  context.print(JSON.stringify(outcome))
  return exitCodes.ok
}

/** Keys and passphrases stand in no input. */
function secretKindOf(action: string, input: unknown): 'key' | 'passphrase' | null {
  if (action === 'open-luks') return 'key'
  const isEncrypted =
    typeof input === 'object' && input !== null && 'isEncrypted' in input && input.isEncrypted === true
  return action === 'attach-disk-image' && isEncrypted ? 'passphrase' : null
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${what} is not JSON.`)
  }
}
