import { mapperProblems } from '../attach/problems.ts'
import type { Problem } from '@varve/core/problems/problem'
import type { ResizeFacts } from '../resize/facts.ts'
import { missingTools } from '../resize/problems.ts'
import { volumeOf, type Reached } from './layers.ts'

/** Why this host does not get to what lies in a volume. */
export function reachProblems(facts: ResizeFacts, inside: Reached): Problem[] {
  if (inside.kind === 'plain') return []
  const { ways, image } = facts
  const isLogical = volumeOf(inside) !== null
  return [
    ...mapperProblems({ ways, image: image.path }, [
      ...(isLogical ? (['dmsetup'] as const) : []),
      ...(inside.kind === 'luks' ? (['cryptsetup'] as const) : []),
    ]),
    ...missingTools(facts, isLogical ? ['lvm'] : []),
  ]
}
