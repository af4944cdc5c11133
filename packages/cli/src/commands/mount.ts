import { existsSync } from 'node:fs'
import { mountFilesystem } from '@varve/operations/actions/mount-filesystem'
import { outcomeOf } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { pathOf } from '../input.ts'
import { operate } from '../operations/operate.ts'
import { printable } from '../output/text.ts'
import { attachRequest, type AttachOptions } from './attach.ts'

/** `varve mount IMAGE[:PARTITION] FOLDER`. */
export async function mount(
  { image, folder }: { readonly image: string; readonly folder: string },
  options: AttachOptions,
  context: RunContext,
): Outcome {
  const { name, partition } = partitionOf(image)
  const request = { ...attachRequest(name, options), partition, folder: pathOf(folder) }
  const mounted = (state: Parameters<typeof outcomeOfMount>[0]) => ({
    image: request.image.path,
    partition,
    ...outcomeOfMount(state),
    throwAway: state.created.plan.warnings.some(({ id }) => id === 'journal-replayed-aside'),
  })
  return await operate(
    {
      operation: 'mount',
      request,
      isAsked: false,
      told: (state) => [
        `${printable(outcomeOfMount(state).device)} is mounted at ${printable(outcomeOfMount(state).folder)}`,
      ],
      record: mounted,
    },
    options,
    context,
  )
}

function outcomeOfMount({ steps }: Parameters<NonNullable<Parameters<typeof operate>[0]['record']>>[0]) {
  const step = steps.find((one) => one.step.id === 'mount')
  return mountFilesystem.outcome.parse(step ? outcomeOf(step) : null)
}

/** A file of the whole name is what is meant; else a number behind the last colon is a partition's. */
function partitionOf(argument: string): { readonly name: string; readonly partition: number | null } {
  const found = /^(.+):(\d{1,4})$/su.exec(argument)
  if (!found || existsSync(argument)) return { name: argument, partition: null }
  return { name: found[1] ?? '', partition: Number(found[2]) }
}
