/** Pixels by ratio of the third model. Sources: the lists of `resolution` and `aspect_ratio` of each endpoint (read 2026-11-22). */
const THIRD_RATIOS: Readonly<Record<string, string>> = {
  '1x1': '1024x1024',
  '16x9': '1312x736',
  '3x2': '1248x832',
  '4x3': '1152x864',
  '5x4': '1120x896',
  '2x1': '1408x704',
  '3x1': '1536x512',
  '16x10': '1280x800',
}

/** Upright; each may be turned. */
const THIRD_SIZES =
  '512x1536 576x1408 576x1472 576x1536 640x1344 640x1408 640x1472 640x1536 704x1152 704x1216 704x1280 704x1344 704x1408 704x1472 736x1312 768x1088 768x1216 768x1280 768x1344 800x1280 832x960 832x1024 832x1088 832x1152 832x1216 832x1248 864x1152 896x960 896x1024 896x1088 896x1120 896x1152 960x1024 960x1088 1024x1024'
const FOURTH_SIZES_2K =
  '2048x2048 1440x2880 1664x2496 1792x2240 1440x2560 1600x2560 1728x2304 1296x3168 1152x2944 1248x3328 1280x3072 1024x3072'
const FOURTH_SIZES_1K = '1024x1024 896x1120 864x1152 832x1248 800x1280 720x1280 720x1440'

export const THIRD = withTurned(THIRD_SIZES)
export const FOURTH = withTurned(`${FOURTH_SIZES_2K} ${FOURTH_SIZES_1K} 512x1536`)
export const FOURTH_REVISED = withTurned(`${FOURTH_SIZES_2K} ${FOURTH_SIZES_1K}`)

export const RATIOS = withTurned(Object.keys(THIRD_RATIOS).join(' '))

function withTurned(sizes: string): readonly string[] {
  return [...new Set(sizes.split(' ').flatMap((size) => [size, turned(size)]))]
}

function turned(size: string): string {
  return size.split('x').toReversed().join('x')
}

/** Of the third model. */
export function sizeOfRatio(ratio: string): string {
  return THIRD_RATIOS[ratio] ?? turned(THIRD_RATIOS[turned(ratio)] ?? '1024x1024')
}
