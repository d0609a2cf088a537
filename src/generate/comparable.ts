/** Case, width, punctuation and white space set aside, for telling whether two texts say the same in other dress. */
export const comparable = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim()
