import { FormatName, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { writingToolRules } from '../convert/writing-tools.ts'
import { examiningTools } from '../read/examining-tools.ts'
import { defineAction } from './action.ts'
import { CheckReport, toldOfCheck } from './check-report.ts'
import { baseName } from './path-words.ts'

/** Asks a tool what is wrong with an image; only reads, and tells as a finding where the tool cannot read it. */
export const examineByTool = defineAction({
  name: 'examine-by-tool',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      tool: z.enum(examiningTools),
      image: z.object({
        /** Absolute. */
        path: Path,
        format: FormatName,
      }),
    }),
  ),
  outcome: z.lazy(() => z.object({ tool: z.enum(examiningTools), report: CheckReport })),
  words: ({ tool, image }) => ({
    title: `Ask ${writingToolRules[tool].label}`,
    does: `Has ${writingToolRules[tool].label} check ${baseName(image.path)}, and changes nothing.`,
  }),
  told: ({ report }) => toldOfCheck(report),
  undo: () => [],
})
