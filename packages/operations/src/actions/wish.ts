import { Payload } from '@varve/protocol/primitives'
import { z } from 'zod'

/** An operation by its name with its request, which does something about what was found. */
export const Wish = z.lazy(() => z.object({ operation: z.string().max(40), request: Payload }))
