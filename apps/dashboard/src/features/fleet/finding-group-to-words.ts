import { formatBytes, groupThousands } from '@varve/core/units/format-bytes'
import type { FindingGroup } from '@varve/protocol/images'
import { titleWords } from '@varve/core/problems/problem-words'

/** Findings whose text about one image says nothing about many: what all of them have in common. */
const inCommon: Readonly<Record<string, (images: string, bytes: number) => string>> = {
  'discards-stopped': (images, bytes) =>
    `${images} disks hold ${formatBytes(bytes)} that their guests no longer use`,
  'raw-without-holes': (images, bytes) =>
    `${images} raw images have no holes${bytes > 0 ? `; ${formatBytes(bytes)} could be freed` : ''}`,
  'parent-missing': (images) => `${images} images miss their parent and cannot be read`,
  'parent-mismatch': (images) => `${images} images have a parent that is not the one they were made from`,
  truncated: (images) => `${images} images are cut short`,
  'content-changed': (images) => `${images} disks are not what their manifests say`,
  corrupt: (images) => `${images} images are damaged`,
  'unsupported-format': (images) => `${images} images have a format that is not read`,
  encrypted: (images) => `${images} images are encrypted`,
  'filesystem-dirty': (images) => `${images} guests were not shut down cleanly`,
}

/** The title of a group: the finding itself when one image has it, else what the images have in common. */
export function findingGroupToWords({ problem, images, bytes }: FindingGroup): string {
  const title = images > 1 ? inCommon[problem.id] : undefined
  return title ? title(groupThousands(images), bytes ?? 0) : titleWords(problem)
}
