import { listAttached } from '@varve/operations/actions/list-attached'
import { PlacesQuery, PlacesView } from '@varve/protocol/places'
import { procedure, router } from './trpc.ts'

export const placesRouter = router({
  list: procedure
    .input(PlacesQuery)
    .output(PlacesView)
    .query(({ ctx, input, signal }) => ctx.services.places.list(input.host, signal)),
  attached: procedure
    .input(PlacesQuery)
    .output(listAttached.outcome)
    .query(({ ctx, input, signal }) => ctx.services.places.attached(input.host, signal)),
})
