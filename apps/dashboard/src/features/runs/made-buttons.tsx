import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { MadeImage } from '../../data/made-image.ts'

/** To the image that was made: its bytes, and its page. */
export function MadeButtons({ made: { id, name } }: { readonly made: MadeImage }) {
  return (
    <>
      <Button
        renderRoot={(props) => (
          <Link to="/images/$id" params={{ id }} search={{ do: 'download' }} {...props} />
        )}
      >
        Download…
      </Button>
      <Button variant="filled" renderRoot={(props) => <Link to="/images/$id" params={{ id }} {...props} />}>
        Show {name}
      </Button>
    </>
  )
}
