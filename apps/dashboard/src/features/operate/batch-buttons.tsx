import { Button } from '@mantine/core'
import { faces } from './face-table.ts'

interface BatchButtonsProps {
  readonly onChoose: (operation: string) => void
}

/** What can be done with many images at once. */
export function BatchButtons({ onChoose }: BatchButtonsProps) {
  return faces
    .filter(({ isForMany }) => isForMany)
    .map(({ operation, verb, effect }) => (
      <Button
        key={operation}
        size="xs"
        {...(effect === 'removes' ? { color: 'bad' } : {})}
        onClick={() => onChoose(operation)}
      >
        {verb}…
      </Button>
    ))
}
