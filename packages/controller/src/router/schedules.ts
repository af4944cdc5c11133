import {
  LibraryPlace,
  SchedulePage,
  ScheduleQuery,
  ScheduleView,
  SetSchedule,
} from '@varve/protocol/schedules'
import { procedure, router } from './trpc.ts'

export const schedulesRouter = router({
  list: procedure
    .input(ScheduleQuery)
    .output(SchedulePage)
    .query(({ ctx, input }) => ctx.services.schedules.list(input)),
  set: procedure
    .input(SetSchedule)
    .output(ScheduleView)
    .mutation(({ ctx, input }) => ctx.services.schedules.set(input)),
  remove: procedure.input(LibraryPlace).mutation(({ ctx, input }) => ctx.services.schedules.remove(input)),
})
