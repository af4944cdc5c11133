import { mappedPrefix } from '@varve/core/volumes/mapped-names'
import { DiskError } from '@varve/core/problems/disk-error'
import { mappingsOf, type Mapping } from '@varve/engine/attached/mappings'
import type { KernelContext } from './kernel-action.ts'

interface Named {
  readonly attachment: string
  readonly mapped: string
}

/** The mapping as the kernel has it; null: it has none of that name. */
export function mappingNow({ attachment, mapped }: Named, { registry }: KernelContext): Mapping | null {
  return mappingsOf(attachment, registry.roots).find(({ device }) => device === mapped) ?? null
}

/** Done where it is gone and there is no tool. A mapping of another attachment is never touched. */
export function unlessMapped(tool: string) {
  return async (input: Named, context: KernelContext): Promise<{ mapped: string } | null> => {
    const { attachment, mapped } = input
    if (!mapped.startsWith(mappedPrefix(attachment)))
      throw new DiskError('invalid-request', { file: mapped, reason: 'it is not of that attachment' })
    if ((await context.ports.tools.find(tool)) !== null) return null
    return await whenUnmapped(input, context)
  }
}

export async function whenUnmapped(input: Named, context: KernelContext): Promise<{ mapped: string } | null> {
  return Promise.resolve(mappingNow(input, context) === null ? { mapped: input.mapped } : null)
}

/** Somebody keeps it open. */
export function stillMapped({ mapped }: Named): DiskError {
  return new DiskError('in-use', {
    file: mapped,
    by: 'a process that has it open, a mount, or a device over it',
    how: 'locks',
  })
}
